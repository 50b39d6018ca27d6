// `pmmc sim`.
#include "cli.hpp"
#include "commit.hpp"
#include "node/json_text.hpp"
#include "progress.hpp"
#include "sim/seed_series.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <thread>

namespace pmmc::cli {

namespace {

namespace po = boost::program_options;
using clock = std::chrono::steady_clock;

constexpr std::size_t story_messages = 40;

std::vector<std::size_t> parse_list(const std::string& text) {
  std::vector<std::size_t> numbers;
  if (text == "none")
    return numbers;
  std::istringstream in{text};
  for (std::string word; std::getline(in, word, ',');) {
    std::size_t used = 0;
    try {
      numbers.push_back(std::stoul(word, &used));
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != word.size())
      throw command_error{bad_usage,
                          "--keep takes numbers with commas between, not \"" + text + "\""};
  }
  return numbers;
}

sim::reduction reduction_of(const po::variables_map& given) {
  sim::reduction less;
  const auto& engine = given["engine"].as<std::string>();
  const auto known = to_engine_kind(engine);
  if (!known)
    throw command_error{bad_usage, "--engine " + engine + ": it is one of pmmc, raft and simple"};
  less.engine = *known;
  const auto number = [&](const char* name) -> std::optional<std::uint64_t> {
    if (given.count(name) == 0)
      return std::nullopt;
    return given[name].as<std::uint64_t>();
  };
  less.nodes = number("nodes");
  if (less.nodes && (*less.nodes == 0 || *less.nodes > 9))
    throw command_error{bad_usage, "--nodes takes 1 to 9"};
  less.steps = number("steps");
  less.clients = number("clients");
  less.operations = number("operations");
  less.calm_network = given["calm-network"].as<bool>();
  if (given.count("keep") > 0)
    less.keep = parse_list(given["keep"].as<std::string>());
  if (given.count("without") > 0)
    for (const auto& name : given["without"].as<std::vector<std::string>>()) {
      const auto kind = sim::parse_fault_kind(name);
      if (!kind)
        throw command_error{bad_usage, "--without " + name +
                                           ": there are no such faults; the "
                                           "summary of a series (--runs) names them"};
      less.without.push_back(*kind);
    }
  return less;
}

/// Each fault once, and only those that the run has. (In a series each run has other ones.)
void refuse_unknown_faults(std::uint64_t seed, const sim::reduction& less) {
  if (!less.keep)
    return;
  auto all = less;
  all.keep.reset();
  const auto faults = sim::choose_scenario(seed, all).faults.size();
  auto kept = *less.keep;
  std::sort(kept.begin(), kept.end());
  if (std::adjacent_find(kept.begin(), kept.end()) != kept.end())
    throw command_error{bad_usage, "--keep names a fault twice"};
  if (!kept.empty() && kept.back() >= faults)
    throw command_error{bad_usage, "--keep " + std::to_string(kept.back()) + ": run " +
                                       std::to_string(seed) + " has " + std::to_string(faults) +
                                       " faults, from 0 on"};
}

void report(const sim::result& failure, const sim::reduction& less, double shrink_seconds) {
  const auto seed = std::to_string(failure.seed);
  std::printf("\nFAILED: seed %s, commit %s: %s\n  again: pmmc sim --seed %s%s\n", seed.c_str(),
              PMMC_COMMIT, failure.broken.c_str(), seed.c_str(), sim::to_string(less).c_str());
  std::fflush(stdout);
  if (shrink_seconds <= 0)
    return;
  const auto again =
      sim::isolated_run{sim::choose_scenario(failure.seed, less), less.steps.value_or(0), false}
          .finish();
  if (sim::name_of(again.broken) != sim::name_of(failure.broken)) {
    std::printf("  it did not come again: %s\n",
                again.broken.empty() ? "nothing was broken" : again.broken.c_str());
    return;
  }
  const auto smallest = sim::shrink(failure.seed, less, failure.broken, shrink_seconds);
  std::printf("  shrunk to: pmmc sim --seed %s%s\n\n%s", seed.c_str(),
              sim::to_string(smallest).c_str(),
              sim::story(failure.seed, smallest, story_messages).c_str());
  std::fflush(stdout);
}

double hours(const sim::summary& s) {
  return static_cast<double>(s.simulated) / sim::second / 3600;
}

using json = nlohmann::ordered_json;

void add_facts(json& j, const sim::summary& facts) {
  j["simulated_hours"] = hours(facts);
  j["events"] = std::to_string(facts.events);
  j["messages"] = std::to_string(facts.messages);
  j["slots"] = std::to_string(facts.slots);
  j["operations"] = std::to_string(facts.operations);
  for (std::size_t i = 0; i < sim::facts; ++i)
    j["happened"][std::string{sim::to_string(static_cast<sim::fact>(i))}] =
        std::to_string(facts.happened[i]);
  for (std::size_t i = 0; i < sim::facts; ++i)
    if (facts.in_runs[i] > 0)
      j["in_runs"][std::string{sim::to_string(static_cast<sim::fact>(i))}] =
          std::to_string(facts.in_runs[i]);
  for (std::size_t i = 0; i < sim::fault_kinds; ++i)
    j["faults"][std::string{sim::to_string(static_cast<sim::fault_kind>(i))}] =
        std::to_string(facts.faults[i]);
}

void print_json(const sim::series_result& all, std::uint64_t first, double seconds) {
  json j{{"commit", PMMC_COMMIT},
         {"engine", std::string{to_string(all.facts.engine)}},
         {"first_seed", std::to_string(first)},
         {"runs", std::to_string(all.runs)},
         {"seconds", seconds}};
  add_facts(j, all.facts);
  j["failures"] = json::array();
  for (const auto& f : all.failures)
    j["failures"].push_back({{"seed", std::to_string(f.seed)}, {"broken", f.broken}});
  std::printf("%s\n", json_text(j, 2).c_str());
}

void print_json(const sim::result& r) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(r.trace_hash));
  json j{{"commit", PMMC_COMMIT},
         {"engine", std::string{to_string(r.facts.engine)}},
         {"seed", std::to_string(r.seed)},
         {"trace_hash", hash}};
  add_facts(j, r.facts);
  j["broken"] = r.broken;
  std::printf("%s\n", json_text(j, 2).c_str());
}

std::string cluster_text(const sim::scenario& s) {
  if (s.engine != engine_kind::pmmc)
    return "engine " + std::string{to_string(s.engine)} + ", " + std::to_string(s.servers) +
           " servers";
  return std::string{s.colocated ? "colocated" : "separate"} + ", " + std::to_string(s.acceptors) +
         " acceptors, " + std::to_string(s.leaders) + " leaders, " + std::to_string(s.replicas) +
         " replicas, WINDOW " + std::to_string(s.window);
}

int run_one(std::uint64_t seed, const sim::reduction& less, const po::variables_map& given) {
  const auto s = sim::choose_scenario(seed, less);
  sim::watch w{.tell = {}, .messages = true, .most_steps = less.steps.value_or(0)};
  if (given["replay"].as<bool>()) {
    w.tell = [](sim::sim_time at, const std::string& text) {
      std::printf("%10.6f  %s\n", static_cast<double>(at) / sim::second, text.c_str());
    };
    const auto r = sim::run(s, w); // in this process, so that a debugger sees it
    std::printf("trace hash %016llx\n%s\n", static_cast<unsigned long long>(r.trace_hash),
                r.broken.empty() ? "nothing is broken" : r.broken.c_str());
    return r.broken.empty() ? done : internal_error;
  }
  const auto r = sim::isolated_run{s, w.most_steps, false}.finish();
  if (given["json"].as<bool>()) {
    print_json(r);
    return r.broken.empty() ? done : internal_error;
  }
  std::printf("seed %llu: %s, %zu faults\n"
              "%llu events in %.1f simulated s, trace hash %016llx\n%s",
              static_cast<unsigned long long>(seed), cluster_text(s).c_str(), s.faults.size(),
              static_cast<unsigned long long>(r.facts.events),
              static_cast<double>(r.facts.simulated) / sim::second,
              static_cast<unsigned long long>(r.trace_hash), sim::describe(r.facts).c_str());
  if (r.broken.empty()) {
    std::puts("nothing is broken");
    return done;
  }
  report(r, less, given["shrink-seconds"].as<double>());
  return internal_error;
}

int run_many(const sim::seed_series& series, const po::variables_map& given) {
  const auto begin = clock::now();
  progress_meter meter{"runs", series.runs};
  const auto all = sim::run_series(
      series, [&](const sim::series_result& so_far) { meter.show_at(so_far.runs, so_far.runs); });
  meter.finish();
  const std::chrono::duration<double> taken = clock::now() - begin;
  if (given["json"].as<bool>()) {
    print_json(all, series.first_seed, taken.count());
  } else {
    std::printf("%llu runs from seed %llu on in %.1f s (%.1f a second), %.1f simulated hours, "
                "%llu events (%.0f a second)\n%s",
                static_cast<unsigned long long>(all.runs),
                static_cast<unsigned long long>(series.first_seed), taken.count(),
                static_cast<double>(all.runs) / taken.count(), hours(all.facts),
                static_cast<unsigned long long>(all.facts.events),
                static_cast<double>(all.facts.events) / taken.count(),
                sim::describe(all.facts).c_str());
    if (!all.failures.empty()) {
      std::printf("%zu runs failed:\n", all.failures.size());
      for (const auto& f : all.failures)
        std::printf("  seed %llu: %s\n", static_cast<unsigned long long>(f.seed), f.broken.c_str());
      report(all.failures.front(), series.less, given["shrink-seconds"].as<double>());
    }
  }
  return all.failures.empty() ? done : internal_error;
}

} // namespace

po::options_description sim_options() {
  po::options_description options{"Options of sim"};
  const auto number = [] { return po::value<std::uint64_t>(); };
  auto add = options.add_options();
  add("seed", number(), "run this seed; with --runs: begin with it (else with a random one)");
  add("runs", number(), "run so many seeds, one after the other");
  add("jobs", number()->default_value(std::max(1U, std::thread::hardware_concurrency())),
      "runs at the same time");
  add("steps", number(), "events after which faults end, at the latest");
  add("engine", po::value<std::string>()->default_value("pmmc"), "pmmc, raft or simple");
  add("nodes", number(), "processes, each with an acceptor, a leader and a replica; or servers");
  add("replay", po::bool_switch(), "print everything that happens in the run of --seed");
  add("keep", po::value<std::string>(), "only these faults: numbers, with commas, or none");
  add("without", po::value<std::vector<std::string>>()->composing(), "no faults of this kind");
  add("clients", number(), "clients of each kind, at the most");
  add("operations", number(), "operations of each client, at the most");
  add("calm-network", po::bool_switch(), "no loss or repetition but by faults");
  add("shrink-seconds", po::value<double>()->default_value(30),
      "time to make a failure smaller; 0: don't");
  return options;
}

int simulate(const arguments& a) {
  a.expect_words(0, 0);
  const auto& given = a.options;
  const bool has_seed = given.count("seed") > 0;
  const auto less = reduction_of(given);
  if (given.count("runs") == 0) {
    if (!has_seed)
      throw command_error{bad_usage, "which run? --seed N, or --runs N for many; see --help"};
    if (given["json"].as<bool>() && given["replay"].as<bool>())
      throw command_error{bad_usage, "--replay prints no JSON: leave out one of them"};
    refuse_unknown_faults(given["seed"].as<std::uint64_t>(), less);
    return run_one(given["seed"].as<std::uint64_t>(), less, given);
  }
  if (given["replay"].as<bool>())
    throw command_error{bad_usage, "--replay is for one run; see --help"};
  sim::seed_series series;
  series.runs = given["runs"].as<std::uint64_t>();
  const auto jobs = given["jobs"].as<std::uint64_t>();
  if (series.runs == 0 || jobs < 1 || jobs > 64)
    throw command_error{bad_usage, "--runs takes 1 or more, --jobs 1 to 64"};
  series.jobs = static_cast<unsigned>(jobs);
  series.less = less;
  std::random_device entropy;
  series.first_seed = has_seed ? given["seed"].as<std::uint64_t>() : std::uint64_t{entropy()} << 8;
  return run_many(series, given);
}

} // namespace pmmc::cli
