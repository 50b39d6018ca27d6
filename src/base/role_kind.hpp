// What a process is in a cluster: one of the paper's roles, or a client of theirs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pmmc {

/// The numbers are those on disks and on the wire.
enum class role_kind : std::uint8_t { acceptor = 1, leader = 2, replica = 3, client = 4 };

/// Those that a configuration has members of.
inline constexpr std::array all_member_kinds = {role_kind::acceptor, role_kind::leader,
                                                role_kind::replica};

/// "acceptor", "leader", "replica" or "client".
std::string_view to_string(role_kind kind);

/// Of a member, by its word or number; nothing for any other one, a client's included.
std::optional<role_kind> to_member_kind(std::string_view word);
std::optional<role_kind> to_member_kind(std::uint64_t number);

} // namespace pmmc
