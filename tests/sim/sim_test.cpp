// The simulator as a test: some hundred seeds, those that once found a defect, and that a seed is
// the same run every time. `pmmc sim --seed N` repeats one of them.
#include "sim/seed_series.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace pmmc;
using namespace pmmc::sim;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

} // namespace

TEST_CASE("seeds: nothing is broken, everything is answered, and interesting things happen") {
  seed_series b;
  b.first_seed = number_from("PMMC_SEED", 1);
  b.runs = number_from("PMMC_RUNS", 200);
  b.jobs = 2;
  const auto all = run_series(b, [](const series_result&) {});
  for (const auto& f : all.failures)
    FAIL_CHECK("pmmc sim --seed " << f.seed << ": " << f.broken);
  MESSAGE(describe(all.facts));
  if (b.runs < 200)
    return;
  for (const auto f : {fact::election,
                       fact::preemption,
                       fact::pmax_override,
                       fact::recovery_scout,
                       fact::hole,
                       fact::noop_decided,
                       fact::request_decided_again,
                       fact::snapshot_installed,
                       fact::log_collected,
                       fact::write_lost,
                       fact::write_kept,
                       fact::refused_to_start,
                       fact::died_at_start,
                       fact::disk_write_lost,
                       fact::disk_write_torn,
                       fact::disk_name_lost,
                       fact::disk_rename_lost,
                       fact::disk_flip_read,
                       fact::disk_full,
                       fact::disk_sync_failed,
                       fact::disk_sync_failed_for_good,
                       fact::snapshot_rejected,
                       fact::reconfiguration,
                       fact::reconfiguration_stale,
                       fact::two_reconfigurations_in_flight,
                       fact::boundary_crossed,
                       fact::role_retired,
                       fact::process_moved,
                       fact::session_ended,
                       fact::refused_as_busy,
                       fact::read_refused_as_busy,
                       fact::refused_as_too_large,
                       fact::put_off,
                       fact::session_evicted,
                       fact::named_session_evicted,
                       fact::named_answer_dropped,
                       fact::reply_refused,
                       fact::redis_unknown,
                       fact::redis_exec,
                       fact::redis_exec_refused,
                       fact::redis_discard,
                       fact::redis_lock_refused,
                       fact::redis_retry,
                       fact::redis_answered_again,
                       fact::redis_key_expired,
                       fact::redis_connection_cut,
                       fact::redis_client_crashed,
                       fact::redis_refused_as_busy,
                       fact::redis_clock_set,
                       fact::redis_wait,
                       fact::redis_port_of_no_member,
                       fact::redis_one_too_many,
                       fact::redis_not_read,
                       fact::redis_holds_too_much,
                       fact::redis_protocol_error,
                       fact::redis_quit,
                       fact::redis_reply_cut,
                       fact::redis_reply_to_nobody,
                       fact::redis_closed_for_bound,
                       fact::redis_closed_for_room,
                       fact::redis_buffer_grown,
                       fact::redis_buffer_given_back,
                       fact::redis_executed_unheard,
                       fact::redis_change_refused,
                       fact::redis_pause,
                       fact::grouped,
                       fact::group_cut,
                       fact::lost_in_flight,
                       fact::meeting,
                       fact::sent_to_nobody,
                       fact::unknown_leader_ignored,
                       fact::guest_not_made_known,
                       fact::silent_not_counted,
                       fact::copy_left,
                       fact::new_disk_refused,
                       fact::old_copy_refused,
                       fact::lost_records_refused,
                       fact::stopped_for_disk,
                       fact::refused_as_other_cluster,
                       fact::refused_for_facts,
                       fact::stopped_as_differing,
                       fact::refused_as_removed,
                       fact::stopped_as_removed,
                       fact::removed_not_started,
                       fact::address_taken,
                       fact::window_overruled,
                       fact::refused_at_start,
                       fact::misformatted_refused,
                       fact::misformatted_stopped,
                       fact::members_written,
                       fact::members_write_interrupted,
                       fact::members_differ,
                       fact::members_damaged,
                       fact::members_removed,
                       fact::identity_forgotten,
                       fact::replica_began_anew,
                       fact::replica_on_old_copy})
    CHECK_MESSAGE(all.facts.of(f) > 0, to_string(f));
  for (std::size_t i = 0; i < fault_kinds; ++i)
    if (has_fault(engine_kind::pmmc, static_cast<fault_kind>(i)))
      CHECK_MESSAGE(all.facts.faults[i] > 0, to_string(static_cast<fault_kind>(i)));
}

TEST_CASE("seeds that found defects") {
  const std::vector<std::uint64_t> seeds{
      2,        // G1: a replica that lagged behind a boundary computed too high a watermark
      61003552, // L1: a client had more left to do after the faults than their end leaves time for
      61004745, // a crash: an operator was asked to reconfigure before it was started
      72080070, // L1: an operator took a refusal of one copy of its request for one of all
      83003962, // L1: a replica asked for slots that it knew the decisions of, and the leader that
                // had forgotten them recovered these instead of the one that was missing
      72160765, // C1: a slot decided and forgotten got another value from late answers
      92004904, // H1: of two increments with the same answer the wrong one was looked for first,
                // and the search for an order gave up
      54, // L2: a request held back behind one that was given up stayed at its replica for ever
      437497203643, // H1: "not executed" was believed of a request that the network repeated
      437497203962, // L2: what a lagging replica handed on was decided again and again, so the log
                    // ran ahead of the snapshots that it fetched
      437497205939, // D2: a checker's own copy of a disk changed by a p2b
      900217,   // D2: a fetched snapshot was published whose pages an earlier, failed sync had lost
      1000139,  // N2: one process that differed, at several addresses, was taken for a majority
      98500627, // L1: a founder that was down from the beginning refused those that took the
                // places of all it knew, as it must, and no operator named them to it
      98202323, // C2, a false alarm: a directory that nobody had met was formatted again
      97200162, // N1, a false alarm: a replica's directory was formatted again together with its
                // acceptor's, so it met that one first, and only the acceptor's came back
      104203272, // D2, a false alarm: a damaged file of members was written again by a process that
                 // died in it, and was compared with what had been there before the damage
      88401665,  // L1: to a newcomer that had met nobody before those it knew were replaced, an
                 // operator named the members of the configuration that waited for it only
      160001150, // L2: a newcomer was not there until those it knew were gone, and refused the
                 // others, as it must; no operator named them to it
  };
  for (const auto seed : seeds)
    CHECK_MESSAGE(isolated_run(choose_scenario(seed), 0, false).finish().broken == "", seed);
}

TEST_CASE("limits: 10,000 sessions, answers of 16 MiB, 4,095 requests ahead, a full session") {
  for (const auto trial :
       {trial_kind::many_sessions, trial_kind::large_answers, trial_kind::far_ahead,
        trial_kind::many_openings, trial_kind::full_session})
    CHECK_MESSAGE(run(trial_scenario(1, trial)).broken == "", static_cast<int>(trial));
}

TEST_CASE("a seed is the same run every time") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto s = choose_scenario(seed);
    const auto once = run(s);
    CHECK(once.trace_hash == run(s).trace_hash);
    CHECK(once.trace_hash != run(choose_scenario(seed + 100)).trace_hash);
    // Told or not, in this process or in another one.
    CHECK(once.trace_hash == isolated_run(s, 0, true).finish().trace_hash);
  }
}

TEST_CASE("a scenario can be reduced, and what is left stays as it was") {
  const auto whole = choose_scenario(7);
  REQUIRE(whole.faults.size() > 3);
  reduction less;
  less.keep = {1, 3};
  less.clients = 1;
  const auto part = choose_scenario(7, less);
  REQUIRE(part.faults.size() == 2);
  CHECK(part.faults[0].at == whole.faults[1].at);
  CHECK(part.faults[1].dice == whole.faults[3].dice);
  CHECK(part.window == whole.window);
  CHECK(to_string(less) == " --keep 1,3 --clients 1");
}
