// The protocols that can decide slots. A cluster has one, from the day it is founded.
#pragma once

#include "base/role_kind.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pmmc {

enum class engine_kind : std::uint8_t {
  pmmc,   ///< Paxos Made Moderately Complex
  raft,   ///< Raft
  simple, ///< Paxos Made Simple, an instance for each slot
};

inline constexpr std::array all_engines = {engine_kind::pmmc, engine_kind::raft,
                                           engine_kind::simple};
/// Where nothing is said.
inline constexpr engine_kind default_engine = engine_kind::pmmc;

/// "pmmc", "raft" or "simple": as config files, directories and cluster_facts have it.
std::string_view to_string(engine_kind engine);
std::optional<engine_kind> to_engine_kind(std::string_view word);

/// The kinds of which a cluster of this engine has members, and of all other kinds none.
std::span<const role_kind> member_kinds_of(engine_kind engine);
bool has_members_of(engine_kind engine, role_kind kind);
/// Whether members can come and go (pmmc reconfig); else they stay those that founded it.
constexpr bool changes_members(engine_kind engine) { return engine != engine_kind::simple; }
/// For people: "acceptors, leaders and replicas", or "servers".
std::string member_kinds_text(engine_kind engine);

} // namespace pmmc
