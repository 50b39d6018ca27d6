// CAF's middleman behind a door. CAF 0.17.6 believes whatever a connection says: a few bytes would
// end the process, or take its memory, or all of its descriptors. What it is not given is decided
// in src/door; here are the connections themselves, with their limits.
#pragma once

#include "network_thread.hpp"

#include <caf/io/all.hpp>
#include <chrono>
#include <cstddef>

namespace pmmc {

/// So long may a connection go without a hello that was answered.
inline constexpr std::chrono::seconds half_open_timeout{10};

/// Of a longer message, so much is read at a time: memory is taken for what has come, not for what
/// was announced, and who sends slowly is heard all the same.
inline constexpr std::size_t chunk_bytes = 64 << 10;

/// In all: longer messages of clients and strangers that have not come as a whole. Past it, the one
/// that has sent most of its own is cut off.
inline constexpr std::size_t max_client_input_bytes = 256 << 20;

/// In all: what clients have not read. Past it, the client with most of it is cut off.
inline constexpr std::size_t max_client_output_bytes = 256 << 20;

/// What waits to be sent to one member. Past it, its connection is made anew, and what was lost is
/// said again, as far as it still matters: a slow link costs no more memory.
inline constexpr std::size_t max_member_output_bytes = 256 << 20;

/// A buffer that a message has made longer than this is given back.
inline constexpr std::size_t kept_buffer_bytes = 4 << 20;

/// So many actors of its own may a process name at a time, in its messages or as their senders.
inline constexpr std::size_t max_named_by_client = 128;
inline constexpr std::size_t max_named_by_member = 1'024;

/// A member that has said nothing for so long gives way to another connection with its name.
inline constexpr std::chrono::milliseconds member_silence{600};

/// Load it in the place of caf::io::middleman.
class guarded_middleman : public caf::io::middleman {
public:
  explicit guarded_middleman(caf::actor_system& system);

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  void start() override;
  void stop() override;
  caf::io::network::multiplexer& backend() override { return backend_; }

  /// The node's hello was answered with a welcome. Any thread.
  void admit(const caf::node_id& node, bool is_member);
  /// The node's connection is to be closed. Any thread.
  void dismiss(const caf::node_id& node);

private:
  template <class... Args>
  void tell_broker(Args&&... args);

  network_loop backend_;
  caf::weak_actor_ptr broker_;
};

/// guarded_middleman's, if the system has one and the node is another.
void admit(caf::actor_system& system, const caf::node_id& node, bool is_member);
void dismiss(caf::actor_system& system, const caf::node_id& node);

} // namespace pmmc
