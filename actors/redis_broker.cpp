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

/// CAF keeps two buffers of the longest that was written to a connection. What is in them counts as
/// taken: docs/CLIENTS.md, "Limits", has the sum.
constexpr std::size_t write_bytes = 32 << 10;
constexpr std::chrono::seconds look_every{1};

/// CAF has no public way to the buffer that it reads into, but for what has just been read.
struct open_broker : caf::io::abstract_broker {
  using scribes =
      std::unordered_map<caf::io::connection_handle, caf::intrusive_ptr<caf::io::scribe>>;

  static std::vector<char>& read_buffer(abstract_broker& b, caf::io::connection_handle handle) {
    constexpr scribes& (abstract_broker::*all)(caf::io::connection_handle) = &open_broker::get_map;
    return (b.*all)(handle).at(handle)->rd_buf();
  }
};

} // namespace

redis_broker::redis_broker(caf::io::broker* self, redis_broker_options options)
    : self_(self), options_(std::move(options)) {
  auto& most = options_.limits.max_connections;
  most = std::min(most, own_file_budget().redis);
  self_->add_doorman(std::move(options_.door));
}

caf::behavior redis_broker::make_behavior() {
  self_->delayed_send(self_, look_every, tick_atom::value);
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
      [this](tick_atom) { look(); },
      [this](const redis_room_wanted&) { room_wanted_ = true; },
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
  auto& s = sockets_.try_emplace(m.handle, options_.limits, totals_).first->second;
  s.handle = m.handle;
  s.id = ++last_id_;
  self_->ack_writes(m.handle, true);
  self_->configure_read(m.handle, caf::io::receive_policy::at_most(s.reads.bytes()));
  if (sockets_.size() > options_.limits.max_connections) { // the port never hears of it
    s.bytes.refuse("ERR max number of clients reached");
    return write_more(s);
  }
  by_id_[s.id] = m.handle;
  tell({redis_event::kind::opened, s.id,
        self_->remote_addr(m.handle) + ":" + std::to_string(self_->remote_port(m.handle))});
}

void redis_broker::take_data(caf::io::new_data_msg& m) {
  const auto it = sockets_.find(m.handle);
  if (it == sockets_.end() || it->second.bytes.is_closing() || it->second.shut)
    return; // whose end is only waited for is read, so that it is seen
  auto& s = it->second;
  auto requests = s.bytes.feed({m.buf.data(), m.buf.size()});
  adapt_reading(s, m);
  if (!requests.empty()) {
    auto& last = events_.events;
    if (!last.empty() && last.back().connection == s.id &&
        last.back().what == redis_event::kind::requests)
      std::move(requests.begin(), requests.end(), std::back_inserter(last.back().requests));
    else
      tell({redis_event::kind::requests, s.id, {}, std::move(requests)});
  }
  if (s.bytes.is_full() && !std::exchange(s.halted, true))
    self_->halt(s.handle);
}

/// A connection that fills its buffer gets a larger one; one that does not gives that back.
void redis_broker::adapt_reading(socket& s, caf::io::new_data_msg& m) {
  if (!s.reads.received(m.buf.size()))
    return;
  if (s.reads.bytes() < m.buf.capacity())
    std::vector<char>{}.swap(m.buf);
  self_->configure_read(s.handle, caf::io::receive_policy::at_most(s.reads.bytes()));
}

/// Of those that send nothing more. CAF reads into what it finds, at the next read.
void redis_broker::give_back_buffers() {
  for (auto& [handle, s] : sockets_) {
    if (!s.reads.look() || !self_->valid(handle))
      continue;
    std::vector<char>(s.reads.bytes()).swap(open_broker::read_buffer(*self_, handle));
    self_->configure_read(handle, caf::io::receive_policy::at_most(s.reads.bytes()));
  }
}

void redis_broker::reply(redis::front_outputs::reply& r) {
  const auto known = by_id_.find(r.to);
  if (known == by_id_.end())
    return;
  auto& s = sockets_.at(known->second);
  if (s.shut)
    return;
  s.bytes.reply(std::move(r.bytes), r.settled_cost, r.close);
  if (s.halted && !s.bytes.is_full()) {
    s.halted = false;
    self_->trigger(s.handle);
  }
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
  while (totals_.output > options_.limits.max_output_bytes && shut_for_room()) {
  }
}

/// Most replies fit into the socket's buffer. Then CAF's way, two changes of what epoll watches and
/// a message that it is done, would cost more than the reply itself.
void redis_broker::write_at_once(socket& s) {
  while (s.bytes.has_output()) {
    std::array<iovec, 64> pieces{};
    msghdr message{};
    message.msg_iov = pieces.data();
    for (const auto piece : s.bytes.pieces(pieces.size()))
      pieces[message.msg_iovlen++] = {const_cast<char*>(piece.data()), piece.size()};
    const auto sent =
        ::sendmsg(static_cast<int>(s.handle.id()), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
      return; // full: CAF waits for it; or broken: CAF hears of it, too
    s.bytes.sent(static_cast<std::size_t>(sent));
  }
}

/// Writes what is there, gives CAF what does not go out at once, or sees to what is due when all
/// has been written. Not while CAF is writing.
void redis_broker::write_more(socket& s) {
  write_at_once(s);
  auto& buffer = self_->wr_buf(s.handle);
  while (s.bytes.has_output() && buffer.size() < write_bytes) {
    const auto piece = s.bytes.pieces(1).front().substr(0, write_bytes - buffer.size());
    buffer.insert(buffer.end(), piece.begin(), piece.end());
    s.bytes.sent(piece.size());
  }
  s.writing = !buffer.empty();
  if (s.writing)
    return self_->flush(s.handle);
  if (s.bytes.take_drained())
    tell({redis_event::kind::drained, s.id});
  if (s.bytes.closes_when_written())
    shut(s);
}

void redis_broker::written(const caf::io::data_transferred_msg& m) {
  const auto it = sockets_.find(m.handle);
  if (it != sockets_.end() && m.remaining == 0 && !it->second.shut)
    write_more(it->second);
}

/// CAF's own close() waits for the client to close, too, and some never do. The system call makes
/// CAF see the end, and then it says connection_closed.
void redis_broker::shut(socket& s) {
  s.shut = true;
  if (std::exchange(s.halted, false))
    self_->trigger(s.handle);
  ::shutdown(static_cast<int>(s.handle.id()), SHUT_RDWR);
}

/// More is unread than there may be. Goes: one that takes nothing, and of those the one that has
/// most of it. False if nobody has anything unread.
bool redis_broker::shut_for_room() {
  const auto weight = [](const socket& s) {
    const auto unread = s.shut ? 0 : s.bytes.output_bytes();
    return std::pair{unread > 0 ? s.bytes.stalled() : 0, unread};
  };
  const auto worst =
      std::max_element(sockets_.begin(), sockets_.end(), [&](const auto& a, const auto& b) {
        return weight(a.second) < weight(b.second);
      });
  if (worst == sockets_.end() || weight(worst->second).second == 0)
    return false;
  shut_unread(worst->second);
  return true;
}

void redis_broker::shut_unread(socket& s) {
  spdlog::warn("the Redis port closes connection {}: others wait, and it has not read {} bytes of "
               "its replies",
               s.id, s.bytes.output_bytes());
  s.bytes.drop_output();
  shut(s);
}

void redis_broker::look() {
  self_->delayed_send(self_, look_every, tick_atom::value);
  give_back_buffers();
  const bool wanted = std::exchange(room_wanted_, false);
  const bool looks = wanted || totals_.output >= options_.limits.max_output_bytes / 4;
  const bool first = !std::exchange(looked_, looks);
  if (!looks)
    return;
  for (auto& [handle, s] : sockets_) {
    s.bytes.look(first);
    if (wanted && !s.shut && s.bytes.is_undrained() &&
        s.bytes.stalled() >= options_.limits.max_stalled)
      shut_unread(s);
  }
}

void redis_broker::gone(const caf::io::connection_closed_msg& m) {
  const auto it = sockets_.find(m.handle);
  if (it == sockets_.end())
    return;
  const auto id = it->second.id;
  if (by_id_.erase(id) > 0)
    tell({redis_event::kind::closed, id});
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
