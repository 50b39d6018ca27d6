#include "search/raft/contents.hpp"

#include "base/invariant.hpp"

namespace pmmc::raft {

void role_contents::miss_answers(consensus& core) {
  core.tick_ = core.options_.quorum_ticks + 1;
  core.check_quorum();
  core.tick_ = 0;
}

void role_contents::put(search::byte_writer& out, const follower_progress& part) {
  const auto& [next, match, is_probing, has_probed, offered, must_send, told_commit, in_flight,
               in_flight_bytes, heard_tick, round] = part;
  PMMC_INVARIANT(!must_send, "the search takes all outputs of a step");
  for (const auto n : {next, match, std::uint64_t{is_probing}, std::uint64_t{has_probed}, offered,
                       told_commit, round})
    out.put(n);
  out.put(in_flight.size());
  for (const auto& [last, bytes] : in_flight)
    out.put(last);
}

/// Who its newcomers are follows from the set of servers.
void role_contents::put(search::byte_writer& out, const server_change& part) {
  const auto& [next, value, newcomers, goal, round_began, slow_rounds, news] = part;
  out.put(*next);
  out.put(goal);
}

void role_contents::put(search::byte_writer& out, const read_index_rounds& part) {
  const auto put_number = [&](std::uint64_t number) { out.put(number); };
  const auto& [waiting, under_way] = part;
  out.put_by_server(waiting, put_number);
  out.put(std::uint64_t{under_way.has_value()});
  if (!under_way)
    return;
  const auto& [number, index, asked] = *under_way;
  out.put(number);
  out.put(index);
  out.put_by_server(asked, put_number);
}

void role_contents::put(search::byte_writer& out, const consensus& core) {
  const auto& [options, random, durable, tick, state, leader, commit, delivered, heard_leader_tick,
               election_tick, failed_elections, votes, followers, durable_term, durable_last,
               disk_tick, round, change, handover, reads, barrier, answered_round, counts, unsent] =
      core;
  PMMC_INVARIANT(unsent.empty() && delivered == commit, "the search takes all outputs of a step");
  PMMC_INVARIANT(tick == 0 && !handover, "the search lets no time pass, and chooses who runs");
  out.put(durable);
  out.put(static_cast<std::uint64_t>(state));
  out.put(leader);
  for (const auto n : {commit, durable_term, durable_last, answered_round})
    out.put(n);
  out.put_ids(votes);
  out.put(std::uint64_t{barrier.has_value()});
  if (barrier) {
    out.put(barrier->number);
    out.put(barrier->asked);
  }
  if (state != consensus::state::leader)
    return;
  out.put(round);
  out.put_by_server(followers, [&](const follower_progress& p) { put(out, p); });
  out.put(std::uint64_t{change.has_value()});
  if (change)
    put(out, *change);
  put(out, reads);
}

} // namespace pmmc::raft
