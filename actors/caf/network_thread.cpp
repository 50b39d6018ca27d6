#include "caf/network_thread.hpp"

#include "caf/bounded_connect.hpp"
#include "caf/careful_doorman.hpp"

#include <algorithm>
#include <caf/detail/set_thread_name.hpp>
#include <caf/io/network/scribe_impl.hpp>
#include <sys/socket.h>
#include <utility>

namespace pmmc {

namespace {

/// Jobs that make jobs take turns with the sockets: so many rounds, then these are looked at again.
constexpr int rounds_in_a_turn = 16;

/// Of what the socket does not take at once, so much is given to CAF at a time: it has two buffers
/// for that, which nobody sees, and keeps them as large as they ever were.
constexpr std::size_t bytes_for_caf = 64 << 10;

/// Collects what is flushed in a turn and gives it to the socket itself, most of the time all of
/// it. What does not fit leaves in CAF's way, which changes twice what epoll watches; it is freed
/// when CAF has the last of it. Until then all of it counts as remaining for whoever wants acks.
/// What is halted is not read: CAF would go on reading up to 50 times in the same turn, and would
/// take a trigger in the turn of the halt for none.
class prompt_scribe : public caf::io::network::scribe_impl {
public:
  prompt_scribe(network_loop& loop, caf::io::network::native_socket socket)
      : scribe_impl(loop, socket), loop_(loop) {
    scribe_impl::ack_writes(true);
  }

  std::vector<char>& wr_buf() override { return output_; }

  void flush() override {
    if (!std::exchange(write_due_, true))
      loop_.write_at_end_of_turn(this);
  }

  void ack_writes(bool enable) override { acks_ = enable; }

  void graceful_shutdown() override {
    acks_ = false; // the broker closes it in the midst of a message, and may not be given another
    write();
    scribe_impl::graceful_shutdown();
  }

  void remove_from_loop() override {
    halted_ = true;
    scribe_impl::remove_from_loop();
  }

  void add_to_loop() override {
    halted_ = false;
    scribe_impl::add_to_loop();
    loop_.add(caf::io::network::operation::read, stream_.fd(), &stream_); // takes a halt back
  }

  bool consume(caf::execution_unit* context, const void* bytes, std::size_t size) override {
    return scribe_impl::consume(context, bytes, size) && !halted_;
  }

  void write() {
    write_due_ = false;
    if (caf_has_ > 0 || output_.empty())
      return;
    const auto taken = send();
    scribe_impl::flush();
    if (acks_)
      scribe_impl::data_transferred(&loop_, taken, remaining());
  }

  /// CAF has written some of what it was given. `left`: what is left of that.
  void data_transferred(caf::execution_unit* context, std::size_t taken,
                        std::size_t left) override {
    caf_has_ = left;
    if (left == 0)
      taken += send();
    if (acks_)
      scribe_impl::data_transferred(context, taken, remaining());
    if (caf_has_ == 0 && !output_.empty()) // the broker has more, and CAF asks for it now
      give_to_caf();
  }

private:
  std::size_t remaining() const { return std::max(caf_has_, going_.size()) + output_.size(); }

  /// As much as the socket takes, and some of the rest to CAF. Returns how much it took.
  std::size_t send() {
    std::size_t taken = 0;
    while (going_.size() + output_.size() > 0) {
      const auto& next = going_.empty() ? output_ : going_;
      const auto size = next.size() - gone_;
      const auto sent =
          ::send(stream_.fd(), next.data() + gone_, size, MSG_DONTWAIT | MSG_NOSIGNAL);
      const auto now = static_cast<std::size_t>(std::max<ssize_t>(sent, 0)); // CAF meets the error
      taken += now;
      gone_ += now;
      if (now < size) {
        give_to_caf();
        break;
      }
      done_with_next();
    }
    return taken;
  }

  void give_to_caf() {
    if (going_.empty())
      going_.swap(output_);
    caf_has_ = std::min(bytes_for_caf, going_.size() - gone_);
    const auto next = going_.begin() + static_cast<std::ptrdiff_t>(gone_);
    stream_.wr_buf().assign(next, next + static_cast<std::ptrdiff_t>(caf_has_));
    gone_ += caf_has_;
    if (gone_ == going_.size())
      done_with_next();
  }

  /// A buffer that did not go out at once is freed.
  void done_with_next() {
    gone_ = 0;
    if (going_.empty())
      output_.clear();
    else
      std::vector<char>{}.swap(going_);
  }

  network_loop& loop_;
  std::vector<char> output_; ///< what is written to it
  std::vector<char> going_;  ///< what the socket did not take at once
  std::size_t gone_ = 0;     ///< of it, to the socket or to CAF
  std::size_t caf_has_ = 0;  ///< of it; when that has left, CAF asks for more
  bool write_due_ = false;
  bool acks_ = false;
  bool halted_ = false;
};

} // namespace

// --- The loop -----------------------------------------------------------------------------------

struct network_loop::turn : caf::io::network::multiplexer::runnable {
  explicit turn(network_loop& l) : loop(l) {}

  resume_result resume(caf::execution_unit*, std::size_t) override {
    loop.run_turn();
    return done;
  }

  network_loop& loop;
};

void network_loop::run_actors() { runs_actors_ = true; }

void network_loop::exec_later(caf::resumable* job) {
  const auto kind = job->subtype();
  if (!runs_actors_ && kind != caf::resumable::io_actor && kind != caf::resumable::function_object)
    return system().scheduler().enqueue(job);
  {
    const std::lock_guard lock{mutex_};
    if (!ended_) {
      jobs_.push_back(job);
      return request_turn();
    }
  }
  caf::scheduler::abstract_coordinator::cleanup_and_release(job);
}

/// With mutex_ held. At most one turn is under way, so the pipe behind it never fills up.
void network_loop::request_turn() {
  if (!std::exchange(turn_requested_, true))
    default_multiplexer::exec_later(new turn{*this});
}

void network_loop::run_turn() {
  std::vector<caf::resumable*> jobs;
  for (int round = 0; round < rounds_in_a_turn; ++round) {
    {
      const std::lock_guard lock{mutex_};
      jobs.swap(jobs_);
    }
    if (jobs.empty())
      break;
    for (auto* job : jobs)
      run(job);
    jobs.clear();
  }
  for (const auto& connection : std::exchange(to_write_, {}))
    static_cast<prompt_scribe&>(*connection).write();
  const std::lock_guard lock{mutex_};
  turn_requested_ = false;
  if (!jobs_.empty() || !to_write_.empty())
    request_turn();
}

void network_loop::run(caf::resumable* job) {
  switch (job->resume(this, system().scheduler().max_throughput())) {
  case caf::resumable::resume_later: {
    const std::lock_guard lock{mutex_};
    jobs_.push_back(job);
    break;
  }
  case caf::resumable::shutdown_execution_unit:
    break;
  case caf::resumable::awaiting_message:
  case caf::resumable::done:
    caf::intrusive_ptr_release(job);
  }
}

caf::io::scribe_ptr network_loop::new_scribe(caf::io::network::native_socket socket) {
  caf::io::network::keepalive(socket, true);
  return caf::make_counted<prompt_scribe>(*this, socket);
}

caf::expected<caf::io::scribe_ptr> network_loop::new_tcp_scribe(const std::string& host,
                                                                std::uint16_t port) {
  auto socket = connect_within(connect_timeout, host.substr(0, host.find(dial_mark)), port);
  if (!socket)
    return std::move(socket.error());
  return new_scribe(*socket);
}

caf::io::doorman_ptr network_loop::new_doorman(caf::io::network::native_socket socket) {
  return caf::make_counted<careful_doorman>(*this, socket);
}

void network_loop::listen_later(caf::io::doorman_ptr door) { resting_.push_back(std::move(door)); }

void network_loop::listen_again() {
  for (const auto& door : std::exchange(resting_, {}))
    if (door->parent() != nullptr) // or it was closed meanwhile
      door->add_to_loop();
}

void network_loop::write_at_end_of_turn(caf::io::scribe_ptr connection) {
  to_write_.push_back(std::move(connection));
  const std::lock_guard lock{mutex_};
  request_turn();
}

void network_loop::discard_jobs() {
  std::vector<caf::resumable*> jobs;
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    jobs.swap(jobs_);
  }
  for (auto* job : jobs)
    caf::scheduler::abstract_coordinator::cleanup_and_release(job);
  to_write_.clear();
  resting_.clear();
}

// --- The scheduler ------------------------------------------------------------------------------

caf::actor_system::module* network_scheduler::make(caf::actor_system& system,
                                                   caf::detail::type_list<>) {
  return new network_scheduler(system); // the actor system owns it
}

void network_scheduler::enqueue(caf::resumable* job) {
  system().middleman().backend().exec_later(job);
}

void network_scheduler::start() {
  clock_thread_ = std::thread{[this] {
    caf::detail::set_thread_name("caf.clock");
    system().thread_started();
    clock_.run_dispatch_loop();
    system().thread_terminates();
  }};
  abstract_coordinator::start();
}

void network_scheduler::stop() {
  stop_actors();
  clock_.cancel_dispatch_loop();
  clock_thread_.join();
}

} // namespace pmmc
