// What all processes of a cluster must agree on, from the day it is founded: the one list of it.
#pragma once

#include "base/codec.hpp"
#include "membership/configuration.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc {

/// Compared wherever two meet: processes that shake hands, a program and the data directory that it
/// opens (FORMAT), the data directories of one process, a replica and the log (request_kind::found)
/// or a snapshot. Who differs is refused and decides nothing.
struct cluster_facts {
  configuration first;       ///< the first members, with their addresses; their disks do not count
  std::uint64_t window = 0;  ///< WINDOW, in slots
  std::string engine = "";   ///< the protocol that decides slots: a word of engine_kind
  std::string protocol = ""; ///< what processes say to each other: protocol_name()
  std::string machine = "";  ///< state_machine::name()

  friend bool operator==(const cluster_facts&, const cluster_facts&) = default;
};

/// What to do where a directory, or a process, is of another engine than the one that was named.
inline constexpr std::string_view engine_stays =
    "What one engine has written no other can read, so a cluster and its data directories keep the "
    "engine with which they were formatted. Use the config file that names that one (`engine` in "
    "[cluster]); a cluster of another engine needs a name and data directories of its own (`name` "
    "and `data`)";

/// One line of the list. Facts are equal if their texts are.
struct cluster_fact {
  std::string_view name;
  std::string (*text)(const cluster_facts&);
  std::string_view advice;           ///< to whoever is refused for it
  std::string_view advice_to_either; ///< where either of two processes may be the wrong one
};

/// A new fact is a new line here, and everything that compares knows it.
extern const std::array<cluster_fact, 5> all_cluster_facts;

/// The first fact that differs, both values, and what to do: "its window is 16, and here it is 128:
/// …". Empty if all are the same. `theirs` is spoken of as "its", `ours` as `here`.
std::string why_facts_differ(const cluster_facts& theirs, const cluster_facts& ours,
                             std::string_view here = "here");
/// The same between two processes, of which nobody knows which one is wrong.
std::string why_processes_differ(const cluster_facts& theirs, const cluster_facts& ours,
                                 std::string_view here = "here");

void put_facts(std::string& out, const cluster_facts& facts);
/// Nothing if the bytes are no facts.
std::optional<cluster_facts> read_facts(byte_reader& in);

} // namespace pmmc
