// What a process is in a cluster: one of the paper's roles, a server of another engine (Raft, or
// simple), or a client of theirs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pmmc {

/// The numbers are those on disks and on the wire.
enum class role_kind : std::uint8_t {
  acceptor = 1,
  leader = 2,
  replica = 3,
  client = 4,
  server = 5, ///< all in one: it promises as acceptors do, and performs as replicas do
};

/// Of the members of a configuration: of all of these, or of all of those.
inline constexpr std::array pmmc_kinds = {role_kind::acceptor, role_kind::leader,
                                          role_kind::replica};
inline constexpr std::array server_kinds = {role_kind::server};
inline constexpr std::array all_member_kinds = {role_kind::acceptor, role_kind::leader,
                                                role_kind::replica, role_kind::server};

/// Whether such a member promises: who comes back without its disk, or with an old copy of it, is
/// not the same any more.
constexpr bool keeps_promises(role_kind kind) {
  return kind == role_kind::acceptor || kind == role_kind::leader || kind == role_kind::server;
}
/// Whether such a member holds the state, and answers clients.
constexpr bool serves_clients(role_kind kind) {
  return kind == role_kind::replica || kind == role_kind::server;
}

/// "acceptor", "leader", "replica", "client" or "server".
std::string_view to_string(role_kind kind);

/// Of a member, by its word or number; nothing for any other one, a client's included.
std::optional<role_kind> to_member_kind(std::string_view word);
std::optional<role_kind> to_member_kind(std::uint64_t number);

} // namespace pmmc
