// Changing the set of processes by a command in the log (paper, section 4.4;
// docs/RECONFIGURATION.md).
#pragma once

#include "membership/configuration.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc {

/// What an operator wants changed, as it stands in the log. It names the version that it replaces
/// and does nothing if that is no longer the latest one: decided twice, or beside that of another
/// operator, it does no harm.
struct reconfiguration {
  struct addition {
    role_kind kind = role_kind::acceptor;
    member who;
    friend bool operator==(const addition&, const addition&) = default;
  };
  struct removal {
    role_kind kind = role_kind::acceptor;
    role_id id;
    friend bool operator==(const removal&, const removal&) = default;
  };

  config_version replaces = 0;
  std::vector<removal> remove; ///< done first, so that a member may change its address
  std::vector<addition> add;

  friend bool operator==(const reconfiguration&, const reconfiguration&) = default;
};

/// Limits that are part of the replicated state's rules.
inline constexpr std::size_t max_members_of_a_kind = 64;
/// Of either sort, in one command: all members that a configuration can have. Each addition is
/// compared with those before it, at every replica, so a longer list is not even read.
inline constexpr std::size_t max_changes = pmmc_kinds.size() * max_members_of_a_kind;
inline constexpr std::size_t max_address_bytes = 255;
/// Configurations decided, but not in force yet.
inline constexpr std::size_t max_pending_configurations = 8;

/// Why members of this kind do not belong to a cluster of such a configuration; "" if they do. An
/// engine has members of its own kinds, and stays as long as the cluster.
std::string why_of_other_engine(role_kind kind, const configuration& c);

enum class reconfiguration_status : std::uint8_t {
  accepted = 0,
  conflict = 1, ///< another version is the latest one
  refused = 2,  ///< the text says why
};

struct reconfiguration_outcome {
  reconfiguration_status status = reconfiguration_status::refused;
  config_version version = 0; ///< accepted: the new one; conflict: the latest one
  slot_num first_slot = 0;    ///< accepted: from here on it governs
  std::string text;           ///< English, for people, unless accepted
};

/// Who decides from a slot on, where the engine itself changes its servers: what its log says.
struct voting_servers {
  config_version version = 0;
  std::vector<member> servers;
};

/// Where the engine changes its servers itself: what becomes of `r`, decided in a slot that has
/// made `made` of `before`, or, if that is nullptr, nothing. Accepted if it is what was made.
reconfiguration_outcome outcome_of_change(const reconfiguration& r, const config_history& before,
                                          const configuration* made);

/// Of an engine whose servers never change: why, and what to do.
inline constexpr std::string_view fixed_servers_text =
    "engine simple has a fixed set of servers: to change it, found another cluster, and take the "
    "data over (`pmmc export`, `pmmc import`)";

std::string encode(const reconfiguration& r);
/// None, too, if more members are named than a configuration can have.
std::optional<reconfiguration> decode_reconfiguration(std::string_view bytes);
std::string encode(const reconfiguration_outcome& o);
std::optional<reconfiguration_outcome> decode_reconfiguration_outcome(std::string_view bytes);

/// The configuration that `r` makes of `before`, with the next version and no first slot yet; or
/// nothing, with `why_not` set. The same rules for the command line and for the log.
std::optional<configuration> apply(const reconfiguration& r, const config_history& before,
                                   std::string& why_not);

/// Performs `r`, decided in `slot`: adds a configuration that governs the slots from
/// `slot + window` on. A pure function of the decisions up to `slot` (F1).
reconfiguration_outcome reconfigure(const reconfiguration& r, slot_num slot, std::uint64_t window,
                                    config_history& configurations);

} // namespace pmmc
