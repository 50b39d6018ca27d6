#include "http/metrics_text.hpp"
#include "reports.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>
#include <sstream>

using namespace pmmc;
using namespace pmmc::test;

namespace {

const build_labels build{"1.2", "abc", "pmmc/1"};

std::vector<std::string> lines_of(const process_report& p,
                                  const std::optional<process_usage>& usage = process_usage{}) {
  std::istringstream text{metrics_text(p, usage, build)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);)
    lines.push_back(line);
  return lines;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

bool mentions(const std::vector<std::string>& lines, const std::string& what) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const auto& line) { return line.find(what) != std::string::npos; });
}

} // namespace

TEST_CASE("metrics: every family has one HELP, one TYPE, and its samples together") {
  auto p = whole_process();
  p.roles.push_back(report_of("r2", role_kind::replica));
  std::set<std::string> seen;
  std::string family;
  for (const auto& line : lines_of(p)) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK_MESSAGE(seen.insert(family).second, line);
    } else if (line.starts_with("# TYPE ")) {
      CHECK(line.starts_with("# TYPE " + family + " "));
    } else {
      CHECK_MESSAGE(line.starts_with(family), line);
    }
  }
  CHECK(seen.size() > 40);
}

TEST_CASE("metrics: clocks, while they can be compared") {
  auto p = whole_process();
  CHECK(!mentions(lines_of(p), "pmmc_clock_skew_seconds"));
  p.clock.agreed = true;
  p.clock.agreed_ms = 1'700'000'000'000;
  p.clock.skew_ms = -1'500;
  CHECK(has(lines_of(p), "pmmc_clock_skew_seconds -1.5"));
  CHECK(!mentions(lines_of(p), "pmmc_log_time_ahead_seconds"));
  p.clock.log_time_ms = 1'700'000'002'000;
  CHECK(has(lines_of(p), "pmmc_log_time_ahead_seconds 2"));
}

TEST_CASE("metrics: values and labels") {
  auto p = whole_process();
  p.roles[0].metrics.status.state = acceptor_vitals{.ballot = {7, "l2"}};
  p.roles[1].metrics.status.state = leader_vitals{.active = true};
  std::get<leader_metrics>(p.roles[1].metrics.counted).core.preemptions = 3;
  p.roles[2].metrics.status.state =
      replica_vitals{.slot_in = 1'000'000'007, .slot_out = 1'000'000'000};
  replica_of(p).now.pending_configurations = 1;
  configuration known;
  known.version = 4;
  p.known = membership{known};
  p.peers = {{"h:1", true, ""}, {"h:2", false, "gone"}};
  const auto lines = lines_of(p);
  CHECK(has(lines, R"(pmmc_build_info{version="1.2",commit="abc",protocol="pmmc/1"} 1)"));
  CHECK(has(lines, R"(pmmc_ballot_seqnum{role="acceptor",id="a1",ballot_leader="l2"} 7)"));
  CHECK(has(lines, R"(pmmc_leader_active{role="leader",id="l1"} 1)"));
  CHECK(has(lines, R"(pmmc_preemptions_total{role="leader",id="l1"} 3)"));
  CHECK(has(lines, R"(pmmc_slot_in{role="replica",id="r1"} 1000000007)"));
  CHECK(has(lines, R"(pmmc_window_used_slots{role="replica",id="r1"} 7)"));
  CHECK(has(lines, R"(pmmc_peer_up{peer="h:2"} 0)"));
  CHECK(has(lines, "pmmc_peers_up 1"));
  CHECK(has(lines, "pmmc_configuration_version 4"));
  CHECK(has(lines, R"(pmmc_pending_configurations{role="replica",id="r1"} 1)"));
}

TEST_CASE("metrics: buckets are cumulative, and the last one holds all") {
  auto p = whole_process();
  auto& seconds = std::get<acceptor_metrics>(p.roles[0].metrics.counted).sync_seconds;
  for (const double s : {0.00001, 0.0003, 0.0003, 7.0})
    seconds.observe(s);
  const auto lines = lines_of(p);
  const std::string name = R"(pmmc_sync_duration_seconds_bucket{role="acceptor",id="a1",le=)";
  CHECK(has(lines, name + R"("5e-05"} 1)"));
  CHECK(has(lines, name + R"("0.00025"} 1)"));
  CHECK(has(lines, name + R"("0.0005"} 3)"));
  CHECK(has(lines, name + R"("1"} 3)"));
  CHECK(has(lines, name + R"("+Inf"} 4)"));
  CHECK(has(lines, R"(pmmc_sync_duration_seconds_count{role="acceptor",id="a1"} 4)"));
}

TEST_CASE("metrics: request durations by operation and outcome, those that there were") {
  auto p = whole_process();
  operation_times times{"put", {}};
  times.seconds[static_cast<std::size_t>(reply_status::busy)].emplace(request_second_bounds);
  times.seconds[static_cast<std::size_t>(reply_status::busy)]->observe(0.5);
  replica_of(p).times.push_back(times);
  const auto lines = lines_of(p);
  CHECK(has(lines, R"(pmmc_request_duration_seconds_sum{role="replica",id="r1",operation="put",)"
                   R"(outcome="busy"} 0.5)"));
  CHECK_FALSE(mentions(lines, R"(outcome="ok")"));
}

TEST_CASE("metrics: a role that does not answer is down and says nothing else") {
  auto p = whole_process();
  p.roles[2].answered = false;
  p.node_answered = false;
  const auto lines = lines_of(p, std::nullopt);
  CHECK(has(lines, R"(pmmc_role_up{role="replica",id="r1"} 0)"));
  CHECK(has(lines, "pmmc_healthy 0"));
  CHECK_FALSE(mentions(lines, "pmmc_slot_in"));
  CHECK_FALSE(mentions(lines, "pmmc_peers_up"));
  CHECK_FALSE(mentions(lines, "process_"));
}

TEST_CASE("metrics: what the system says of this process") {
  const auto u = own_usage();
  REQUIRE(u);
  CHECK(u->resident_bytes > 1 << 20);
  CHECK(u->resident_bytes < u->virtual_bytes);
  CHECK(u->threads >= 1);
  CHECK(u->open_fds >= 3);
  CHECK(u->max_fds >= u->open_fds);
  CHECK(u->start_time_seconds > 1.6e9);
}

TEST_CASE("metrics: a server has what a replica has, and what its engine counts") {
  auto p = server_process();
  p.roles[0].metrics.status.state =
      server_vitals{.term = 7, .is_leader = true, .slot_in = 12, .slot_out = 10, .watermark = 3};
  server_of(p).service.core.slots_performed = 9;
  server_of(p).records = 8;
  server_of(p).log = {.elections = 2,
                      .offices = 1,
                      .votes = 5,
                      .numbers = 0,
                      .log_slots = 4,
                      .log_bytes = 100,
                      .in_flight = 0};
  server_of(p).sync_seconds.observe(0.0003);
  const auto lines = lines_of(p);
  const std::string labels = R"({role="server",id="s1"} )";
  CHECK(has(lines, R"(pmmc_engine_info{engine="raft"} 1)"));
  CHECK(has(lines, "pmmc_server_term" + labels + "7"));
  CHECK(has(lines, "pmmc_server_leads" + labels + "1"));
  CHECK(has(lines, "pmmc_server_elections_total" + labels + "2"));
  CHECK(has(lines, "pmmc_server_offices_total" + labels + "1"));
  CHECK(has(lines, "pmmc_server_votes_total" + labels + "5"));
  CHECK(has(lines, "pmmc_server_records_total" + labels + "8"));
  CHECK(has(lines, "pmmc_server_log_slots" + labels + "4"));
  CHECK(has(lines, "pmmc_server_log_bytes" + labels + "100"));
  CHECK(has(lines, "pmmc_sync_duration_seconds_count" + labels + "1"));
  CHECK(has(lines, "pmmc_decisions_total" + labels + "9"));
  CHECK(has(lines, "pmmc_slot_out" + labels + "10"));
  CHECK(has(lines, "pmmc_watermark_slot" + labels + "3"));
  CHECK(!mentions(lines, "pmmc_ballot_seqnum"));
}
