// One thread for the network and for all actors that have none of their own: CAF's scheduler and
// multiplexer as one event loop. A message that comes in, what the roles make of it, and what they
// send, wake no other thread; and what is written to a connection in one turn leaves in one call.
#pragma once

#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/io/all.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <mutex>
#include <thread>
#include <vector>

namespace pmmc {

/// CAF's multiplexer, which can resume all actors, not only brokers.
class network_loop : public caf::io::network::default_multiplexer {
public:
  using caf::io::network::default_multiplexer::default_multiplexer;

  /// From now on; before its thread starts.
  void run_actors();
  /// Any thread; the job is run in the loop's, unless that has ended.
  void exec_later(caf::resumable* job) override;
  caf::io::scribe_ptr new_scribe(caf::io::network::native_socket socket) override;
  /// Blocks for a bounded time (bounded_connect.hpp).
  caf::expected<caf::io::scribe_ptr> new_tcp_scribe(const std::string& host,
                                                    std::uint16_t port) override;
  caf::io::doorman_ptr new_doorman(caf::io::network::native_socket socket) override;

  /// The connection has something to write at the end of this turn. In the loop's thread.
  void write_at_end_of_turn(caf::io::scribe_ptr connection);
  /// The door cannot accept anybody now. In the loop's thread.
  void listen_later(caf::io::doorman_ptr door);
  /// To be called now and then: those doors try again. In the loop's thread.
  void listen_again();
  /// When the loop's thread has ended: lets go of what it has not run.
  void discard_jobs();

private:
  struct turn;

  void run_turn();
  void run(caf::resumable* job);
  void request_turn();

  bool runs_actors_ = false;
  std::mutex mutex_;
  std::vector<caf::resumable*> jobs_; ///< guarded by mutex_
  bool turn_requested_ = false;       ///< guarded by mutex_
  bool ended_ = false;                ///< guarded by mutex_
  std::vector<caf::io::scribe_ptr> to_write_;
  std::vector<caf::io::doorman_ptr> resting_;
};

/// CAF's scheduler without workers: network_loop does their work.
class network_scheduler : public caf::scheduler::abstract_coordinator {
public:
  using caf::scheduler::abstract_coordinator::abstract_coordinator;

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  void enqueue(caf::resumable* job) override;
  caf::actor_clock& clock() noexcept override { return clock_; }

protected:
  void start() override;
  void stop() override;

private:
  caf::detail::thread_safe_actor_clock clock_;
  std::thread clock_thread_;
};

} // namespace pmmc
