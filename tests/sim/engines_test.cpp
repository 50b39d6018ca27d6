// The simulator with the other engines: some hundred seeds each, and those that once found a
// defect. `pmmc sim --engine raft --seed N` repeats one of them.
#include "sim/seed_series.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace pmmc;
using namespace pmmc::sim;

namespace {

/// `must`: what happens at least once.
void run_seeds(engine_kind engine, std::uint64_t runs, const std::vector<fact>& must) {
  seed_series b;
  b.first_seed = 1;
  b.runs = runs;
  b.jobs = 2;
  b.less.engine = engine;
  const auto all = run_series(b, [](const series_result&) {});
  for (const auto& f : all.failures)
    FAIL_CHECK("pmmc sim --engine " << to_string(engine) << " --seed " << f.seed << ": "
                                    << f.broken);
  MESSAGE(describe(all.facts));
  for (const auto f : must)
    CHECK_MESSAGE(all.facts.of(f) > 0, to_string(f));
  for (std::size_t i = 0; i < fault_kinds; ++i)
    if (has_fault(engine, static_cast<fault_kind>(i)) &&
        (static_cast<fault_kind>(i) != fault_kind::removed_started || changes_members(engine)))
      CHECK_MESSAGE(all.facts.faults[i] > 0, to_string(static_cast<fault_kind>(i)));
}

/// Whatever the engine.
const std::vector<fact> of_any = {fact::session_ended,
                                  fact::read_answered,
                                  fact::refused_as_busy,
                                  fact::read_refused_as_busy,
                                  fact::refused_as_too_large,
                                  fact::put_off,
                                  fact::snapshot_saved,
                                  fact::snapshot_installed,
                                  fact::snapshot_rejected,
                                  fact::snapshot_offered,
                                  fact::log_collected,
                                  fact::restart,
                                  fact::write_lost,
                                  fact::write_kept,
                                  fact::refused_to_start,
                                  fact::died_at_start,
                                  fact::disk_write_lost,
                                  fact::disk_write_torn,
                                  fact::disk_flip_read,
                                  fact::disk_full,
                                  fact::disk_sync_failed,
                                  fact::redis_reply,
                                  fact::redis_exec,
                                  fact::redis_exec_refused,
                                  fact::redis_wait,
                                  fact::grouped,
                                  fact::lost_in_flight,
                                  fact::meeting,
                                  fact::sent_to_nobody,
                                  fact::new_disk_refused,
                                  fact::old_copy_refused,
                                  fact::stopped_for_disk,
                                  fact::refused_as_other_cluster,
                                  fact::refused_for_facts,
                                  fact::window_overruled,
                                  fact::refused_at_start,
                                  fact::misformatted_refused,
                                  fact::misformatted_stopped,
                                  fact::members_written};

std::vector<fact> with(std::vector<fact> all, const std::vector<fact>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

} // namespace

TEST_CASE("raft: nothing is broken, everything is answered, and interesting things happen") {
  run_seeds(
      engine_kind::raft, 200,
      with(of_any, {fact::election, fact::vote_refused, fact::pre_vote, fact::truncated,
                    fact::handoff, fact::request_decided_again, fact::noop_decided,
                    fact::office_handed_on, fact::change_begun, fact::change_finished,
                    fact::change_taken_back, fact::reconfiguration, fact::reconfiguration_stale,
                    fact::role_retired, fact::refused_as_removed, fact::stopped_as_removed}));
}

TEST_CASE("simple: nothing is broken, everything is answered, and interesting things happen") {
  run_seeds(engine_kind::simple, 200,
            with(of_any, {fact::number_refused, fact::slot_filled, fact::value_taken_over,
                          fact::value_asked_for, fact::noop_decided, fact::change_not_made}));
}

TEST_CASE("raft, simple: a seed is the same run every time, and another one for each engine") {
  for (const auto engine : {engine_kind::raft, engine_kind::simple}) {
    const reduction with_engine{.engine = engine};
    const auto s = choose_scenario(3, with_engine);
    const auto once = run(s);
    CHECK(once.trace_hash == run(s).trace_hash);
    CHECK(once.trace_hash == isolated_run(s, 0, true).finish().trace_hash);
    CHECK(once.trace_hash != run(choose_scenario(3)).trace_hash);
  }
}

TEST_CASE("the engine is among the words that repeat a run") {
  reduction less;
  less.engine = engine_kind::simple;
  less.nodes = 3;
  CHECK(to_string(less) == " --engine simple --nodes 3");
  CHECK(choose_scenario(5, less).servers == 3);
  CHECK(choose_scenario(5, less).acceptors == 0);
}
