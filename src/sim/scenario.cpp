#include "sim/scenario.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace pmmc::sim {

namespace {

constexpr std::array<std::string_view, fault_kinds> names = {"crash",
                                                             "crash_before_persist",
                                                             "crash_before_send",
                                                             "crash_while_sending",
                                                             "power_cut",
                                                             "pause",
                                                             "broken_connection",
                                                             "isolate",
                                                             "split",
                                                             "one_way",
                                                             "ring",
                                                             "bridge",
                                                             "flapping",
                                                             "loss",
                                                             "duplication",
                                                             "delay",
                                                             "slow_disk",
                                                             "failed_sync",
                                                             "bit_flip",
                                                             "rotten_snapshot",
                                                             "lost_directory",
                                                             "clock_drift",
                                                             "clock_jump",
                                                             "reconfigure",
                                                             "formatted_again",
                                                             "old_copy",
                                                             "other_cluster",
                                                             "other_window",
                                                             "swapped_addresses",
                                                             "removed_started",
                                                             "old_config",
                                                             "other_engine",
                                                             "wrong_config",
                                                             "copied_elsewhere"};

/// With fewer, replicas would do nothing but refuse.
constexpr std::size_t least_pending = 4;

bool one_in(random_source& random, std::uint64_t n) { return random.below(n) == 0; }

/// Small numbers are likely, large ones possible.
std::uint64_t skewed(random_source& random, std::uint64_t least, std::uint64_t most) {
  const auto first = random.below(most - least + 1);
  const auto second = random.below(most - least + 1);
  return least + std::min(first, second);
}

void choose_cluster(scenario& s, random_source& random) {
  s.colocated = one_in(random, 2);
  const auto size = random.below(10);
  s.acceptors = size == 0 ? 1 : size == 1 ? 2 : size == 2 ? 4 : size <= 4 ? 5 : 3;
  if (s.colocated) {
    s.leaders = s.replicas = s.acceptors;
  } else {
    s.leaders = 1 + random.below(3);
    s.replicas = 1 + random.below(4);
  }
  s.window = one_in(random, 8) ? 1 + random.below(3) : 4 + random.below(40);
  s.acceptor_page_bytes = one_in(random, 2) ? 60 : 100'000;
  s.snapshot_piece_bytes = one_in(random, 2) ? 300 : 20'000;
  auto& r = s.replica;
  r.snapshot_log_bytes = 1'000 + random.below(20'000);
  r.kept_decisions_bytes = random.below(6'000);
  r.eager_slots = 1 + random.below(6);
  r.batch_requests = 1 + random.below(6);
  r.page_bytes = one_in(random, 2) ? 100 : 100'000;
  // With dice of its own, as it came later.
  r.filling_slots = 1 + random_source{s.seed * 0xD6E8FEB86659FD93ULL + 31}.below(20);
  if (one_in(random, 10))
    r.max_pending_requests = least_pending + random.below(12);
  s.leader.kept_decisions_bytes = random.below(6'000);
  if (one_in(random, 4))
    s.leader.timeout.least_ticks = 5;
}

/// Instead of the roles. With dice of their own. What a replica has, a server has, too.
void choose_servers(scenario& s) {
  random_source random{s.seed * 0xA24BAED4963EE407ULL + 23};
  s.colocated = false;
  s.acceptors = s.leaders = s.replicas = 0;
  const auto size = random.below(10);
  s.servers = size == 0 ? 1 : size == 1 ? 2 : size == 2 ? 4 : size <= 5 ? 5 : 3;
  auto& service = s.server.service;
  service.batch_requests = s.replica.batch_requests;
  service.eager_slots = s.replica.eager_slots;
  s.server.snapshot_log_bytes = s.replica.snapshot_log_bytes;
  s.raft.kept_bytes = random.below(6'000);
  auto& pace = s.raft.server.pace;
  pace.append_bytes = one_in(random, 2) ? 1 + random.below(2'000) : std::size_t{1} << 20;
  pace.in_flight_bytes = pace.append_bytes * (1 + random.below(4));
  pace.in_flight = 1 + random.below(8);
  s.simple.page_bytes = one_in(random, 2) ? 100 : 100'000;
  s.simple.window = one_in(random, 4) ? 2 + random.below(6) : 1'024;
  s.simple.proposing.pipeline_slots = 1 + random.below(6);
  s.simple.proposing.fill_slots = 1 + random.below(8);
}

void choose_surroundings(scenario& s, random_source& random) {
  s.delay_least = 50 + skewed(random, 0, 5'000);
  s.delay_spread = 10 + skewed(random, 0, 20'000);
  s.in_order = !one_in(random, 3);
  if (one_in(random, 3))
    s.loss_permille = static_cast<unsigned>(skewed(random, 1, 100));
  if (one_in(random, 3))
    s.duplicate_permille = static_cast<unsigned>(skewed(random, 1, 100));
  s.breaks_are_told = !one_in(random, 3);
  s.sync_least = 50 + skewed(random, 0, 3'000);
  s.sync_spread = 1 + skewed(random, 0, 20'000);
  s.report_spread = one_in(random, 2) ? 0 : random.below(30 * millisecond);
  s.save_spread = 1 + random.below(300 * millisecond);
}

void choose_work(scenario& s, random_source& random) {
  s.clients = random.below(4);
  s.raw_clients = random.below(3);
  if (s.clients + s.raw_clients == 0)
    s.clients = 1;
  s.keys = 1 + random.below(4);
  s.in_flight = 1 + random.below(5);
  s.value_bytes = 1 + skewed(random, 0, 200);
  s.client_pause = 20 * millisecond + skewed(random, 0, 600 * millisecond);
  s.timeout_ticks = one_in(random, 3) ? static_cast<unsigned>(20 + random.below(300)) : 3'000;
}

sim_time duration_of(fault_kind kind, random_source& random) {
  switch (kind) {
  case fault_kind::pause:
    return 50 * millisecond + skewed(random, 0, 20 * second);
  case fault_kind::crash:
  case fault_kind::crash_before_persist:
  case fault_kind::crash_before_send:
  case fault_kind::crash_while_sending:
  case fault_kind::power_cut:
    return one_in(random, 3) ? skewed(random, 0, 20 * second) : random.below(1 * second);
  default:
    return 100 * millisecond + skewed(random, 0, 15 * second);
  }
}

/// Each kind is on in half of the seeds, and those that are on have rates of their own: runs with
/// few kinds reach states that runs with all of them do not.
void choose_faults(scenario& s, random_source& random) {
  std::vector<std::pair<fault_kind, sim_time>> kinds;
  constexpr auto last = static_cast<std::size_t>(fault_kind::reconfigure);
  for (std::size_t i = 0; i <= last; ++i) {
    const bool on = one_in(random, 2);
    const auto every = 2 * second + skewed(random, 0, 60 * second);
    if (on && (i < last || s.acceptors + s.leaders + s.replicas < 14)) // servers are never so many
      kinds.emplace_back(static_cast<fault_kind>(i), every);
  }
  for (const auto& [kind, every] : kinds)
    for (sim_time at = random.below(every); at < s.fault_phase; at += 1 + random.below(2 * every)) {
      fault f{at, duration_of(kind, random), kind, random.next()};
      s.faults.push_back(f);
    }
}

/// With dice of their own: the faults of a seed are the same whatever mistakes there are.
void choose_mistakes(scenario& s, random_source random) {
  s.disks_are_named = one_in(random, 2);
  constexpr auto first = static_cast<std::size_t>(fault_kind::formatted_again);
  const auto always = first + s.seed % (fault_kinds - first); // so each seed has some
  for (auto i = first; i < fault_kinds; ++i) {
    const bool is_off = one_in(random, 2) && i != always;
    if (!has_fault(s.engine, static_cast<fault_kind>(i)) || is_off)
      continue;
    const auto every = 5 * second + skewed(random, 0, 90 * second);
    for (sim_time at = random.below(every); at < s.fault_phase; at += 1 + random.below(2 * every))
      s.faults.push_back({at, 500 * millisecond + skewed(random, 0, 15 * second),
                          static_cast<fault_kind>(i), random.next()});
  }
}

/// Some runs are about Redis and nothing else. FLUSHALL is for these: other clients do not expect
/// that their keys vanish.
void choose_redis(scenario& s) {
  random_source random{s.seed * 0xD1342543DE82EF95ULL + 7};
  const bool is_all = one_in(random, 6);
  s.redis_clients = is_all ? 2 + random.below(3) : 1 + random.below(2);
  s.redis_keys = 2 + random.below(6);
  s.redis_in_flight = 1 + random.below(12);
  s.redis_timeout_ticks = one_in(random, 3) ? static_cast<unsigned>(30 + random.below(300)) : 500;
  s.redis_has_little_room = one_in(random, 2);
  s.redis_flushes = is_all;
  s.wrong_clocks = one_in(random, 2) ? state_holders(s) / 2 : 0;
  s.redis_operations = is_all ? s.operations : s.operations / 2;
  if (is_all)
    s.clients = s.raw_clients = 0;
}

/// With dice of their own.
void choose_connections(scenario& s) {
  random_source random{s.seed * 0xB5C0FBCFEC4D3B2FULL + 19};
  s.breaks_lose_messages = one_in(random, 2);
  if (one_in(random, 2))
    s.group_bytes = 1 + random.below(500);
}

/// How many sessions there may be, of the protocol and named ones. Operators need some, too.
void limit_sessions(scenario& s, random_source& random, std::uint64_t times) {
  s.sessions.sessions = s.clients + s.raw_clients + state_holders(s) + 3 + random.below(4 * times);
  s.store.sessions = s.redis_clients + random.below(4 * times);
}

/// How far a session may be ahead, and what is kept for it. The models do not know how many bytes
/// operators are answered, so that a session has room for that.
void limit_answers(scenario& s, random_source& random, std::uint64_t times) {
  s.sessions.window = 2 + random.below(8 * times);
  s.sessions.bytes = 1'000 + random.below(2'000 * times);
  s.store.kept_answers = 1 + random.below(3 * times);
  s.store.kept_answer_bytes = 50 + random.below(1'000 * times);
}

/// Of an operation; and of a reply where there are Redis's clients only: there nobody watches keys
/// or asks for any key. The models know these replies, but not how many bytes they have.
void limit_sizes(scenario& s, random_source& random, std::uint64_t times) {
  s.replica.max_op_bytes = 700 + random.below(800 * times);
  if (s.clients + s.raw_clients == 0) {
    s.value_bytes = 250 + random.below(250);
    s.replica.max_op_bytes += 2 * s.value_bytes; // a port executes each command of an EXEC
    s.store.whole_reply_bytes = 700 + random.below(700 * times); // room to refuse each call
  }
}

/// How many requests and reads wait at a replica; one more is answered that it is busy.
void limit_waiting(scenario& s, random_source& random) {
  auto& r = s.replica;
  const auto requests = least_pending + skewed(random, 0, 100);
  r.max_pending_requests = std::min<std::size_t>(r.max_pending_requests, requests);
  r.max_queries = 4 + skewed(random, 0, 100);
}

/// Each seed has small limits: one kind is so small that it is reached, in a third of the runs all
/// are, and the others may be up to some times as large. With dice of their own.
void choose_limits(scenario& s) {
  random_source narrow{s.seed * 0x9FB21C651E98DF25ULL + 17};
  random_source wide{s.seed * 0xC2B2AE3D27D4EB4FULL + 29};
  constexpr std::array kinds{limit_sessions, limit_answers, limit_sizes};
  constexpr std::uint64_t some = 20;
  const bool are_all = one_in(narrow, 3);
  const auto one = are_all ? 0 : narrow.below(kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (are_all || one == i)
      kinds[i](s, narrow, 1);
    else
      kinds[i](s, wide, some);
  limit_waiting(s, wide);
}

void leave_out(scenario& s, const reduction& less) {
  if (less.nodes && s.engine != engine_kind::pmmc) {
    s.servers = std::max<std::size_t>(1, *less.nodes);
  } else if (less.nodes) {
    s.colocated = true;
    s.acceptors = s.leaders = s.replicas = std::max<std::size_t>(1, *less.nodes);
  }
  if (less.keep) {
    std::vector<fault> kept;
    for (const auto i : *less.keep)
      if (i < s.faults.size())
        kept.push_back(s.faults[i]);
    s.faults = std::move(kept);
  }
  std::erase_if(s.faults, [&](const fault& f) {
    return std::find(less.without.begin(), less.without.end(), f.kind) != less.without.end();
  });
  if (less.clients) {
    s.clients = std::min(s.clients, *less.clients);
    s.raw_clients = std::min(s.raw_clients, *less.clients);
    s.redis_clients = std::min(s.redis_clients, *less.clients);
  }
  if (less.operations)
    s.operations = std::min(s.operations, *less.operations);
  if (less.operations)
    s.redis_operations = std::min(s.redis_operations, *less.operations);
  if (less.calm_network) {
    s.loss_permille = s.duplicate_permille = 0;
    s.in_order = true;
  }
}

} // namespace

std::string_view to_string(fault_kind kind) { return names[static_cast<std::size_t>(kind)]; }

std::optional<fault_kind> parse_fault_kind(std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end())
    return std::nullopt;
  return static_cast<fault_kind>(at - names.begin());
}

scenario choose_scenario(std::uint64_t seed, const reduction& less) {
  scenario s;
  s.seed = seed;
  s.engine = less.engine;
  random_source random{seed * 0x9E3779B97F4A7C15ULL + 1};
  choose_cluster(s, random);
  if (s.engine != engine_kind::pmmc)
    choose_servers(s);
  choose_surroundings(s, random);
  choose_work(s, random);
  s.fault_phase = 20 * second + skewed(random, 0, 280 * second);
  s.operations =
      20 + static_cast<std::size_t>(s.fault_phase / (s.client_pause + 100 * millisecond));
  s.operations = std::min<std::size_t>(s.operations, 400);
  choose_faults(s, random);
  choose_mistakes(s, random_source{seed * 0xD1B54A32D192ED03ULL + 3});
  std::stable_sort(s.faults.begin(), s.faults.end(),
                   [](const fault& a, const fault& b) { return a.at < b.at; });
  s.sessions_end = one_in(random, 3);
  choose_redis(s);
  choose_connections(s);
  choose_limits(s);
  auto& service = s.server.service;
  service.max_op_bytes = s.replica.max_op_bytes;
  service.max_pending_requests = s.replica.max_pending_requests;
  service.max_queries = s.replica.max_queries;
  leave_out(s, less);
  return s;
}

scenario trial_scenario(std::uint64_t seed, trial_kind trial) {
  scenario s;
  s.seed = seed;
  s.trial = trial;
  s.clients = s.raw_clients = s.redis_clients = 0;
  return s;
}

bool may_repeat_messages(const scenario& s) {
  return s.duplicate_permille > 0 ||
         std::any_of(s.faults.begin(), s.faults.end(),
                     [](const fault& f) { return f.kind == fault_kind::duplication; });
}

} // namespace pmmc::sim
