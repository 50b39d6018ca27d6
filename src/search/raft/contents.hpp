// What the search does to Raft's core beside its inputs, and what it reads there: canonical bytes,
// so that two servers that behave alike from now on have equal bytes, and no others. Time is left
// out: when a server runs for office or sends a heartbeat is an event that the search chooses.
#pragma once

#include "consensus/raft/consensus.hpp"
#include "search/raft/names.hpp"

namespace pmmc::raft {

/// The classes' friend. The structured bindings in contents.cpp name every member, so that one that
/// is added does not compile until somebody has decided there whether it tells states apart.
struct role_contents {
  /// With votes that nobody refuses because it hears a leader.
  static void run_for_office(consensus& core) { core.run_for_office(false, true); }
  static bool may_run_for_office(const consensus& core) { return core.is_needed_in_office(); }
  /// As if an election timeout had passed without an answer.
  static void miss_answers(consensus& core);
  static void send_heartbeats(consensus& core) { core.send_heartbeats(); }
  static std::uint64_t round_of(const consensus& core) { return core.round_; }

  static void put(search::byte_writer& out, const consensus& core);

private:
  static void put(search::byte_writer& out, const follower_progress& part);
  static void put(search::byte_writer& out, const server_change& part);
  static void put(search::byte_writer& out, const read_index_rounds& part);
};

} // namespace pmmc::raft
