// CAF's broker behind a door. CAF 0.17.6 believes whatever a connection says: a few bytes would end
// the process, or take its memory, or all of its descriptors. What it is not given is decided in
// src/door; here are the connections themselves, with their limits.
#pragma once

#include "door/basp.hpp"
#include "door/half_open.hpp"
#include "door/unread_output.hpp"
#include "node/log.hpp"

#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pmmc {

/// So long may a connection go without a hello that was answered.
inline constexpr std::chrono::seconds half_open_timeout{10};

/// Of a longer message, so much is read at a time: memory is taken for what has come, not for what
/// was announced, and who sends slowly is heard all the same.
inline constexpr std::size_t chunk_bytes = 64 << 10;

/// In all: longer messages of clients and strangers that have not come as a whole. Past it, the one
/// that has sent most of its own is cut off.
inline constexpr std::size_t max_client_input_bytes = 256 << 20;

/// In all: what is in memory because clients have not read it. Past it, the client with most of it
/// is cut off.
inline constexpr std::size_t max_client_output_bytes = 256 << 20;

/// After so much of large buffers, and of what those have left that were closed, was freed, memory
/// goes back to the system.
inline constexpr std::size_t kept_freed_bytes = 64 << 20;

/// What waits to be sent to one member. Past it, its connection is made anew, and what was lost is
/// said again, as far as it still matters: a slow link costs no more memory.
inline constexpr std::size_t max_member_output_bytes = 256 << 20;

/// A buffer that a message has made longer than this is freed.
inline constexpr std::size_t kept_buffer_bytes = 4 << 20;

/// So much room for output a connection keeps that has little to say.
inline constexpr std::size_t kept_idle_bytes = 64 << 10;

/// So many actors of its own may a process name at a time, in its messages or as their senders.
inline constexpr std::size_t max_named_by_client = 128;
inline constexpr std::size_t max_named_by_member = 1'024;

/// A member that has said nothing for so long gives way to another connection with its name.
inline constexpr std::chrono::milliseconds member_silence{600};

/// One side of a connection, as far as CAF does not know it.
struct guarded_connection {
  explicit guarded_connection(door::basp_gate g) : gate(std::move(g)) {}

  door::basp_gate gate;
  door::basp_header header;
  std::uint64_t number = 0;                    ///< accepted: which one it was
  std::chrono::steady_clock::time_point since; ///< accepted: when
  std::vector<char> message;                   ///< a longer one, as far as it has come
  std::size_t counted = 0;                     ///< of it, unless a member sends it
  bool in_pieces = false;                      ///< its message comes so
  bool is_spare = false;      ///< another one has its name; CAF does not know of this one
  door::unread_output output; ///< of a stranger or a client
  std::size_t named = 0;      ///< its actors that we have proxies for, at most
};

/// CAF's broker, which hears and says nothing that the gate has not let through.
class guarded_broker : public caf::io::basp_broker {
public:
  using connection_handle = caf::io::connection_handle;

  using caf::io::basp_broker::basp_broker;

  caf::behavior make_behavior() override;

  /// CAF would start an actor for each node that it hears of, for spawning actors over there.
  void learned_new_node_directly(const caf::node_id&, bool) override {}
  void learned_new_node_indirectly(const caf::node_id&) override {}

  caf::strong_actor_ptr make_proxy(caf::node_id node, caf::actor_id actor) override;
  void flush(connection_handle handle) override;

private:
  using connections = std::unordered_map<connection_handle, guarded_connection>;

  guarded_connection& know(connection_handle handle, bool accepted);
  template <class Message>
  void hear_as_caf(const Message& m);
  void accept(const caf::io::new_connection_msg& m);
  void take_data(caf::io::new_data_msg& m);
  std::string take_name(guarded_connection& c, connection_handle handle);
  bool is_heard_member(connection_handle handle);
  static std::size_t max_named_by(const guarded_connection& c);
  std::string name_of(caf::node_id node);
  static std::string judge(guarded_connection& c, const caf::io::new_data_msg& m, bool payload);
  void read_next(guarded_connection& c, connection_handle handle, std::size_t payload_bytes);
  bool collect(guarded_connection& c, caf::io::new_data_msg& m, std::size_t wanted);
  void release(std::vector<char>& buffer);
  void note_freed(std::size_t bytes);
  void make_smaller(std::vector<char>& buffer);
  template <class Change>
  void count_output(connection_handle handle, Change change);
  void make_room();
  template <class Size>
  void refuse_largest(Size size, const char* why);
  void admit(const caf::node_id& node, bool is_member);
  void dismiss(const caf::node_id& node);
  void look_around_once();
  void drop_silent_ones();
  void give_memory_back();
  caf::io::network::multiplexer* backend_of() { return &system().middleman().backend(); }
  void gone(const caf::io::connection_closed_msg& m);
  void forget(connections::iterator known);
  void refuse(connection_handle handle, const std::string& why);
  void drop(connection_handle handle, caf::sec why);

  caf::behavior caf_;
  std::string own_node_;
  connections connections_;
  std::unordered_map<std::string, connection_handle> holders_;   ///< of names
  guarded_connection* heard_ = nullptr;                          ///< its message is being read
  std::vector<std::pair<caf::node_id, caf::actor_id>> not_made_; ///< proxies
  std::uint64_t accepted_ = 0;
  std::unordered_map<std::uint64_t, connection_handle> by_number_; ///< those that were accepted
  door::half_open_places half_open_;
  std::unordered_set<std::uint64_t> clients_; ///< by number
  std::size_t collected_bytes_ = 0;           ///< of all guarded_connection::counted
  std::size_t unread_bytes_ = 0;              ///< of all guarded_connection::output
  std::size_t just_freed_bytes_ = 0;          ///< since the last look
  std::size_t freed_bytes_ = 0;               ///< before, not given back yet
  bool makes_room_ = false;
  struct sighting {
    caf::actor_clock::time_point last = {}; ///< of those that were dialled, none before they speak
    unsigned silent_looks = 0;
  };
  std::unordered_map<connection_handle, sighting> seen_;
  rare_warning refusals_;
};

} // namespace pmmc
