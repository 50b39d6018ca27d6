#include "redis_broker.hpp"

#include "file_limit.hpp"
#include "shell.hpp"

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace pmmc {

namespace {

/// An idle connection costs this much of buffers; one that sends a lot gets more, while it does.
constexpr std::size_t small_read_bytes = 2 << 10;
constexpr std::size_t large_read_bytes = 64 << 10;
/// CAF keeps two buffers of the longest that was written to a connection.
constexpr std::size_t write_bytes = 32 << 10;
} // namespace

redis_broker::redis_broker(caf::io::broker* self, redis_broker_options options)
    : self_(self), options_(std::move(options)) {
  auto& most = options_.limits.max_connections;
  most = std::min(most, own_file_budget().redis);
  self_->add_doorman(std::move(options_.door));
}

caf::behavior redis_broker::make_behavior() {
  return {
      [this](caf::io::new_data_msg& m) { take_data(m); },
      [this](const caf::io::data_transferred_msg& m) { written(m); },
      [this](redis_replies& m) {
        for (auto& r : m.replies)
          reply(r);
        write_replies();
      },
      [this](flush_atom) {
        flush_due_ = false;
        self_->send(options_.port, std::exchange(events_, {}));
      },
      [this](const caf::io::new_connection_msg& m) { accept(m); },
      [this](const caf::io::connection_closed_msg& m) { gone(m); },
      [this](const caf::io::acceptor_closed_msg&) {
        fatal("the Redis port", "the operating system closed the listening socket");
      },
  };
}

/// The events of all connections that have something to read go together.
redis_event& redis_broker::tell(redis_event e) {
  if (!std::exchange(flush_due_, true))
    self_->send(self_, flush_atom::value);
  return events_.events.emplace_back(std::move(e));
}

void redis_broker::accept(const caf::io::new_connection_msg& m) {
  auto& s = sockets_[m.handle];
  s = socket{};
  s.handle = m.handle;
  s.id = ++last_id_;
  self_->ack_writes(m.handle, true);
  self_->configure_read(m.handle, caf::io::receive_policy::at_most(small_read_bytes));
  if (sockets_.size() > options_.limits.max_connections)
    return refuse(s, "-ERR max number of clients reached\r\n");
  by_id_[s.id] = m.handle;
  tell({redis_event::kind::opened, s.id,
        self_->remote_addr(m.handle) + ":" + std::to_string(self_->remote_port(m.handle))});
}

void redis_broker::take_data(caf::io::new_data_msg& m) {
  const auto it = sockets_.find(m.handle);
  if (it == sockets_.end() || it->second.closing)
    return;
  auto& s = it->second;
  std::vector<redis::request> requests;
  s.parser.feed({m.buf.data(), m.buf.size()}, requests);
  for (const auto& r : requests)
    s.unanswered += r.cost();
  s.closing = s.parser.is_broken();
  adapt_reading(s, m);
  account(s);
  if (!requests.empty()) {
    auto& last = events_.events;
    if (!last.empty() && last.back().connection == s.id &&
        last.back().what == redis_event::kind::requests)
      std::move(requests.begin(), requests.end(), std::back_inserter(last.back().requests));
    else
      tell({redis_event::kind::requests, s.id, {}, std::move(requests)});
  }
  if (input_bytes_ > options_.limits.max_input_bytes && s.held > options_.limits.fair_bytes)
    return refuse(s, "-BUSY pmmc holds too many unfinished or unanswered requests; this one was "
                     "not executed\r\n");
  if (s.unanswered > options_.limits.max_unanswered_bytes && !s.halted) {
    s.halted = true;
    self_->halt(s.handle);
  }
}

/// A connection that fills its buffer gets a larger one; one that does not gives that back.
void redis_broker::adapt_reading(socket& s, caf::io::new_data_msg& m) {
  const auto size = s.reads_much ? large_read_bytes : small_read_bytes;
  const bool much = m.buf.size() == size || (s.reads_much && m.buf.size() > small_read_bytes);
  if (much == s.reads_much)
    return;
  s.reads_much = much;
  if (!much)
    std::vector<char>{}.swap(m.buf);
  self_->configure_read(
      s.handle, caf::io::receive_policy::at_most(much ? large_read_bytes : small_read_bytes));
}

/// What the connection holds of the total.
void redis_broker::account(socket& s) {
  const auto now = s.parser.held_bytes() + s.unanswered;
  input_bytes_ += now - s.held;
  s.held = now;
}

void redis_broker::reply(redis::front_outputs::reply& r) {
  const auto known = by_id_.find(r.to);
  if (known == by_id_.end())
    return;
  auto& s = sockets_.at(known->second);
  if (s.shut)
    return;
  s.unanswered -= std::min(s.unanswered, r.settled_cost);
  account(s);
  if (s.halted && !s.closing && s.unanswered < options_.limits.max_unanswered_bytes / 2) {
    s.halted = false;
    self_->trigger(s.handle);
  }
  s.close_when_written |= r.close;
  s.since_drained += r.bytes.size();
  s.output_bytes += r.bytes.size();
  output_bytes_ += r.bytes.size();
  if (!r.bytes.empty())
    s.output.push_back(std::move(r.bytes));
  if (!s.writing && !std::exchange(s.write_due, true))
    writes_due_.push_back(s.id);
}

/// Replies of one connection that came together go out together.
void redis_broker::write_replies() {
  for (const auto id : std::exchange(writes_due_, {}))
    if (const auto known = by_id_.find(id); known != by_id_.end()) {
      auto& s = sockets_.at(known->second);
      s.write_due = false;
      if (!s.shut)
        write_more(s);
    }
  while (output_bytes_ > options_.limits.max_output_bytes)
    shut_largest_output();
}

/// Most replies fit into the socket's buffer. Then CAF's way, two changes of what epoll watches and
/// a message that it is done, would cost more than the reply itself.
void redis_broker::write_at_once(socket& s) {
  while (!s.output.empty()) {
    std::array<iovec, 64> pieces{};
    msghdr message{};
    message.msg_iov = pieces.data();
    for (auto& text : s.output) {
      const auto skip = message.msg_iovlen == 0 ? s.output_sent : 0;
      pieces[message.msg_iovlen++] = {text.data() + skip, text.size() - skip};
      if (message.msg_iovlen == pieces.size())
        break;
    }
    const auto sent =
        ::sendmsg(static_cast<int>(s.handle.id()), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
      return; // full: CAF waits for it; or broken: CAF hears of it, too
    note_sent(s, static_cast<std::size_t>(sent));
  }
}

void redis_broker::note_sent(socket& s, std::size_t bytes) {
  s.output_bytes -= bytes;
  output_bytes_ -= bytes;
  s.output_sent += bytes;
  while (!s.output.empty() && s.output_sent >= s.output.front().size()) {
    s.output_sent -= s.output.front().size();
    s.output.pop_front();
  }
}

/// Writes what is there, gives CAF what does not go out at once, or sees to what is due when all
/// has been written. Not while CAF is writing.
void redis_broker::write_more(socket& s) {
  write_at_once(s);
  auto& buffer = self_->wr_buf(s.handle);
  while (!s.output.empty() && buffer.size() < write_bytes) {
    auto& first = s.output.front();
    const auto size = std::min(write_bytes - buffer.size(), first.size() - s.output_sent);
    const auto* begin = first.data() + s.output_sent;
    buffer.insert(buffer.end(), begin, begin + size);
    note_sent(s, size);
  }
  s.writing = !buffer.empty();
  if (s.writing)
    return self_->flush(s.handle);
  if (s.since_drained > options_.limits.note_drained_bytes) {
    s.since_drained = 0;
    tell({redis_event::kind::drained, s.id});
  }
  if (s.close_when_written)
    shut(s);
}

void redis_broker::written(const caf::io::data_transferred_msg& m) {
  const auto it = sockets_.find(m.handle);
  if (it != sockets_.end() && m.remaining == 0 && !it->second.shut)
    write_more(it->second);
}

/// For what is decided here, without the port: it hears that the connection is closed.
void redis_broker::refuse(socket& s, const char* why) {
  self_->write(s.handle, std::string_view{why}.size(), why);
  self_->flush(s.handle);
  s.closing = true;
  s.writing = true;
  s.close_when_written = true;
}

/// CAF's own close() waits for the client to close, too, and some never do. The system call makes
/// CAF see the end, and then it says connection_closed.
void redis_broker::shut(socket& s) {
  s.shut = true;
  if (std::exchange(s.halted, false))
    self_->trigger(s.handle);
  ::shutdown(static_cast<int>(s.handle.id()), SHUT_RDWR);
}

void redis_broker::shut_largest_output() {
  const auto largest =
      std::max_element(sockets_.begin(), sockets_.end(), [](const auto& a, const auto& b) {
        return a.second.output_bytes < b.second.output_bytes;
      });
  auto& s = largest->second;
  spdlog::warn("the Redis port closes connection {}: it has not read {} bytes of its replies", s.id,
               s.output_bytes);
  output_bytes_ -= std::exchange(s.output_bytes, 0);
  s.output.clear();
  shut(s);
}

void redis_broker::gone(const caf::io::connection_closed_msg& m) {
  const auto it = sockets_.find(m.handle);
  if (it == sockets_.end())
    return;
  const auto& s = it->second;
  input_bytes_ -= s.held;
  output_bytes_ -= s.output_bytes;
  if (by_id_.erase(s.id) > 0)
    tell({redis_event::kind::closed, s.id});
  sockets_.erase(it);
}

caf::behavior redis_broker_actor(caf::io::broker* self,
                                 std::shared_ptr<redis_broker_options> options) {
  set_shell_handlers(self, "the Redis port");
  auto broker = std::make_shared<redis_broker>(self, std::move(*options));
  self->attach_functor([broker]() mutable { broker.reset(); });
  return broker->make_behavior();
}

} // namespace pmmc
