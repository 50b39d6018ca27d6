#include "redis/redis_broker.hpp"

#include "caf/hang_up.hpp"
#include "node/file_limit.hpp"
#include "parts/shell.hpp"

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace pmmc {

namespace {

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

/// CAF names a connection by its descriptor.
caf::io::connection_handle handle_of(redis::socket_number n) {
  return caf::io::connection_handle::from_int(n);
}

redis::broker_limits within_descriptors(redis::broker_limits limits) {
  limits.max_connections = std::min(limits.max_connections, own_file_budget().redis);
  return limits;
}

} // namespace

redis_broker::redis_broker(caf::io::broker* self, redis_broker_options options)
    : self_(self), options_{within_descriptors(options.limits), std::move(options.port),
                            std::move(options.door)},
      core_(options_.limits, *this) {
  self_->add_doorman(std::move(options_.door));
}

caf::behavior redis_broker::make_behavior() {
  self_->delayed_send(self_, look_every, tick_atom::value);
  return {
      [this](caf::io::new_data_msg& m) {
        receiving_ = &m;
        core_.received(m.handle.id(), {m.buf.data(), m.buf.size()});
        receiving_ = nullptr;
        tell_later();
      },
      [this](const caf::io::data_transferred_msg& m) {
        if (m.remaining == 0)
          core_.written(m.handle.id());
        tell_later();
      },
      [this](redis_replies& m) {
        core_.reply(std::move(m.replies));
        tell_later();
      },
      [this](flush_atom) {
        flush_due_ = false;
        self_->send(options_.port, redis_events{core_.take_events()});
      },
      [this](tick_atom) { look(); },
      [this](const redis_room_wanted&) { core_.room_wanted(); },
      [this](const caf::io::new_connection_msg& m) { accept(m); },
      [this](const caf::io::connection_closed_msg& m) {
        hang_up(m.handle); // it may have ended its own direction only
        core_.closed(m.handle.id());
        tell_later();
      },
      [this](const caf::io::acceptor_closed_msg&) {
        fatal("the Redis port", "the operating system closed the listening socket");
      },
  };
}

void redis_broker::accept(const caf::io::new_connection_msg& m) {
  self_->ack_writes(m.handle, true);
  core_.opened(m.handle.id(),
               self_->remote_addr(m.handle) + ":" + std::to_string(self_->remote_port(m.handle)));
  tell_later();
}

void redis_broker::look() {
  self_->delayed_send(self_, look_every, tick_atom::value);
  core_.look();
}

/// The events of all connections that have something to read go together.
void redis_broker::tell_later() {
  if (core_.has_events() && !std::exchange(flush_due_, true))
    self_->send(self_, flush_atom::value);
}

// --- Sockets ------------------------------------------------------------------------------------

std::size_t redis_broker::write(redis::socket_number to, std::span<const std::string_view> pieces) {
  std::array<iovec, redis::broker::pieces_at_once> parts{};
  msghdr message{};
  message.msg_iov = parts.data();
  for (const auto piece : pieces)
    parts[message.msg_iovlen++] = {const_cast<char*>(piece.data()), piece.size()};
  const auto sent = ::sendmsg(static_cast<int>(to), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent); // CAF hears of what is broken, too
}

void redis_broker::queue(redis::socket_number to, std::string_view bytes) {
  auto& buffer = self_->wr_buf(handle_of(to));
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

void redis_broker::flush(redis::socket_number to) { self_->flush(handle_of(to)); }

void redis_broker::halt(redis::socket_number from) { self_->halt(handle_of(from)); }

void redis_broker::resume(redis::socket_number from) { self_->trigger(handle_of(from)); }

/// CAF reads into the buffer that it finds, and makes one larger that is too small.
void redis_broker::read_at_most(redis::socket_number from, std::size_t bytes) {
  const auto handle = handle_of(from);
  if (!self_->valid(handle))
    return;
  if (receiving_ != nullptr && receiving_->handle == handle) {
    if (bytes < receiving_->buf.capacity())
      std::vector<char>{}.swap(receiving_->buf);
  } else if (auto& buffer = open_broker::read_buffer(*self_, handle); bytes < buffer.capacity()) {
    std::vector<char>(bytes).swap(buffer);
  }
  self_->configure_read(handle, caf::io::receive_policy::at_most(bytes));
}

/// CAF sees the end, and then it says connection_closed.
void redis_broker::shut(redis::socket_number which, const redis::ending& e) {
  if (e.why != redis::ending::kind::answered)
    spdlog::warn("the Redis port closes connection {}: others wait, and it has not read {} bytes "
                 "of its replies",
                 e.connection, e.unread_bytes);
  hang_up(handle_of(which));
}

caf::behavior redis_broker_actor(caf::io::broker* self,
                                 std::shared_ptr<redis_broker_options> options) {
  set_shell_handlers(self, "the Redis port");
  auto broker = std::make_shared<redis_broker>(self, std::move(*options));
  self->attach_functor([broker]() mutable { broker.reset(); });
  return broker->make_behavior();
}

} // namespace pmmc
