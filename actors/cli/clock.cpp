// `pmmc clock`: the log time beside the replicas' clocks, and setting it.
#include "base/codec.hpp"
#include "cli.hpp"
#include "key_value.hpp"
#include "kv/keyspace.hpp"
#include "kv/reply.hpp"
#include "kv/transaction.hpp"
#include "node/blocking_client.hpp"
#include "node/clock_text.hpp"
#include "node/json_text.hpp"
#include "node/probe.hpp"
#include "table.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

namespace pmmc::cli {

namespace {

using json = nlohmann::ordered_json;

/// The numbers of the reply to one call.
std::vector<std::int64_t> call_clock(const arguments& a, const config::cluster_file& cluster,
                                     kv::call call) {
  kv::transaction t;
  t.calls.push_back(std::move(call));
  blocking_client to_cluster{cluster, a.timeout, still_trying(a)};
  const auto op = kv::encode(t);
  const auto outcome =
      kv::is_read(t.calls[0].what) ? to_cluster.call_query(op) : to_cluster.call(op);
  if (outcome.kind != outcome_kind::done) {
    const auto d = describe_failure(outcome);
    throw command_error{d.code, d.error};
  }
  const std::string_view body = outcome.body;
  byte_reader in{body.substr(std::min<std::size_t>(1, body.size()))};
  if (body.starts_with(static_cast<char>(kv::transaction_status::done)) && in.varint() == 1) {
    std::vector<std::int64_t> numbers;
    while (const auto reply = kv::next_reply(in)) {
      if (reply->kind == kv::reply_kind::error)
        throw command_error{bad_usage, std::string{reply->bytes}};
      if (reply->kind == kv::reply_kind::integer)
        numbers.push_back(reply->integer);
    }
    if (!numbers.empty())
      return numbers;
  }
  throw command_error{internal_error, not_the_stores_answer};
}

/// What the replicas' clocks say; the middle one of those processes that know.
std::optional<std::int64_t> agreed_ms(const probed_cluster& probed) {
  std::vector<std::int64_t> told;
  for (const auto& [address, process] : probed.processes)
    if (process.why.empty() && process.status.clock.agreed)
      told.push_back(process.status.clock.agreed_ms);
  if (told.empty())
    return std::nullopt;
  std::sort(told.begin(), told.end());
  return told[told.size() / 2];
}

probed_cluster probe_clocks(const arguments& a, const config::cluster_file& cluster) {
  return probe(cluster, false, std::min(a.timeout, std::chrono::milliseconds{2'000}));
}

std::int64_t time_to_set(const arguments& a, const config::cluster_file& cluster) {
  const auto word = a.options["set"].as<std::string>();
  if (word == "now" || word == "NOW") {
    if (const auto now = agreed_ms(probe_clocks(a, cluster)))
      return *now;
    throw command_error{not_executed, "no process knows what a majority of the replicas' clocks "
                                      "say: see `pmmc status`, or give the time in ms since 1970"};
  }
  const auto ms = text::parse_uint64(word);
  if (!ms || *ms > kv::last_log_time)
    throw command_error{bad_usage, std::string{"usage: pmmc "} + a.usage +
                                       ": \"now\", which is what most of the replicas' clocks say, "
                                       "or a time in ms since 1970, not \"" +
                                       word + "\""};
  return static_cast<std::int64_t>(*ms);
}

const clock_status& clock_at(const probed_cluster& probed, const probed_role& role) {
  static const clock_status unknown;
  const auto process = probed.processes.find(role.role.address);
  return process == probed.processes.end() ? unknown : process->second.status.clock;
}

std::vector<probed_role> replicas_of(const probed_cluster& probed) {
  auto roles = probed.roles();
  std::erase_if(roles, [](const auto& r) { return !serves_clients(r.role.kind); });
  return roles;
}

void print_json(const probed_cluster& probed, std::int64_t log_time) {
  json j{{"log_time_ms", std::to_string(log_time)}};
  if (const auto agreed = agreed_ms(probed))
    j["clocks_ms"] = std::to_string(*agreed);
  j["replicas"] = json::array();
  for (const auto& r : replicas_of(probed)) {
    json one{{"id", r.role.id.str()}, {"address", r.role.address}, {"up", r.up}, {"why", r.why}};
    if (const auto& clock = clock_at(probed, r); r.up && clock.agreed)
      one["clock_skew_ms"] = std::to_string(clock.skew_ms);
    j["replicas"].push_back(std::move(one));
  }
  std::printf("%s\n", json_text(j, 2).c_str());
}

void print(const probed_cluster& probed, std::int64_t log_time) {
  const auto agreed = agreed_ms(probed);
  if (log_time == 0)
    std::printf("log time  none yet: the first operation of a Redis client starts it\n");
  else
    std::printf("log time  %s  %lld ms since 1970%s\n", utc_text(log_time).c_str(),
                static_cast<long long>(log_time),
                agreed ? (", " + skew_text(log_time - *agreed, " of") + " the clocks").c_str()
                       : "");
  if (agreed)
    std::printf("clocks    %s  %lld, what a majority of the replicas' clocks say\n\n",
                utc_text(*agreed).c_str(), static_cast<long long>(*agreed));
  else
    std::printf("clocks    no process knows what a majority of the replicas' clocks say\n\n");
  table t{{"ID", "ADDRESS", "CLOCK"}};
  for (const auto& r : replicas_of(probed)) {
    const auto& clock = clock_at(probed, r);
    auto text = !r.up ? "down: " + r.why : clock.agreed ? skew_text(clock.skew_ms) : "not compared";
    if (r.up && !clock_trouble(clock).empty())
      text += ": refused";
    t.add({r.role.id.str(), r.role.address, text});
  }
  t.print(stdout);
}

int set(const arguments& a, const config::cluster_file& cluster) {
  const auto times = call_clock(a, cluster, {kv::verb::set_clock, 0, time_to_set(a, cluster), {}});
  if (times.size() != 2)
    throw command_error{internal_error, not_the_stores_answer};
  if (a.json)
    std::printf("%s\n", json_text(json{{"before_ms", std::to_string(times[0])},
                                       {"after_ms", std::to_string(times[1])}},
                                  2)
                            .c_str());
  else
    std::printf("the log time was %s, and is %s\n", utc_text(times[0]).c_str(),
                utc_text(times[1]).c_str());
  return done;
}

} // namespace

int clock(const arguments& a) {
  a.expect_words(0, 0);
  const auto cluster = a.load_cluster();
  if (a.options.count("set") > 0)
    return set(a, cluster);
  const auto log_time = call_clock(a, cluster, {kv::verb::clock, 0, 0, {}}).at(0);
  const auto probed = probe_clocks(a, cluster);
  if (a.json)
    print_json(probed, log_time);
  else
    print(probed, log_time);
  return done;
}

} // namespace pmmc::cli
