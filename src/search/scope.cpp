#include "search/scope.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pmmc::search {

namespace {

/// Sets one bound. The highest values are what the types of this folder can tell apart.
bool set_bound(scope& s, std::string_view key, unsigned value) {
  const auto number = [&](unsigned& bound, unsigned least, unsigned most) {
    bound = value;
    return value >= least && value <= most;
  };
  const auto flag = [&](bool& bound) {
    bound = value != 0;
    return value <= 1;
  };
  if (key == "acceptors")
    return number(s.acceptors, 1, 3);
  if (key == "leaders")
    return number(s.leaders, 1, 3);
  if (key == "ballots")
    return number(s.ballots, 1, 9);
  if (key == "slots")
    return number(s.slots, 1, 9);
  if (key == "restarts")
    return number(s.restarts, 0, 9);
  if (key == "both_values")
    return flag(s.both_values);
  if (key == "late_reports")
    return flag(s.late_reports);
  if (key == "pages")
    return flag(s.pages);
  if (key == "collect")
    return flag(s.collect);
  if (key == "perform")
    return flag(s.perform);
  if (key == "reconfigure")
    return number(s.reconfigure, 0, 2);
  if (key == "replicas")
    return number(s.replicas, 0, 2);
  if (key == "reads")
    return number(s.reads, 0, 3);
  if (key == "forget")
    return flag(s.forget);
  if (key == "merge_silent")
    return flag(s.merge_silent);
  return key == "symmetry" && flag(s.symmetry);
}

bool set_bounds(scope& s, std::string_view text, std::string& error) {
  while (!text.empty()) {
    const auto item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const auto equals = std::min(item.find('='), item.size() - 1);
    unsigned value = 0;
    const auto* const end = item.data() + item.size();
    const auto [rest, problem] = std::from_chars(item.data() + equals + 1, end, value);
    if (problem != std::errc{} || rest != end || !set_bound(s, item.substr(0, equals), value)) {
      error = "\"" + std::string{item} +
              "\" bounds nothing; write e.g. slots=2, out of acceptors, leaders (1 to 3), ballots, "
              "slots (1 to 9), restarts (0 to 9), reconfigure, replicas (0 to 2), reads (0 to 3), "
              "both_values, late_reports, pages, collect, perform, forget, merge_silent, symmetry "
              "(0 or 1)";
      return false;
    }
  }
  return true;
}

/// A scope that has a name: what bounds it, where that is not as `scope` says.
struct named_bounds {
  std::string_view name;
  std::string_view what;
  std::string_view bounds;
};

constexpr std::array<named_bounds, 13> small_ones_first{{
    {"one-leader", "one leader, two ballots, one slot", "leaders=1"},
    {"duel", "two leaders, a ballot each, one slot", "ballots=1"},
    {"boundary", "one leader, a ballot, a reconfiguration in slot 1 for slot 2",
     "leaders=1,ballots=1,slots=2,reconfigure=1"},
    {"pages", "one leader, two ballots, two slots, answers in pages",
     "leaders=1,slots=2,pages=1,forget=1"},
    {"slots", "two leaders, a ballot each, two slots", "ballots=1,slots=2,late_reports=0,forget=1"},
    {"collect", "two leaders, a ballot each, one slot that is collected", "ballots=1,collect=1"},
    {"recover", "two leaders, a ballot each, one slot that one replica has performed and one not",
     "ballots=1,perform=1"},
    {"pending", "one leader, two acceptors, two reconfigurations that are pending at the same time",
     "acceptors=2,leaders=1,ballots=1,slots=3,reconfigure=2,late_reports=0,forget=1"},
    {"reads", "one leader, a replica that is read, a reconfiguration that replaces all acceptors",
     "acceptors=1,leaders=1,ballots=1,slots=2,reconfigure=1,replicas=1,reads=1"},
    {"rivals", "two leaders, two ballots each, one slot", "late_reports=0,forget=1"},
    {"crashes", "two leaders, two ballots and a crash each, one slot",
     "restarts=1,late_reports=0,forget=1"},
    {"reconfigure", "two leaders, a ballot each, a reconfiguration in slot 1 for slot 2",
     "ballots=1,slots=2,reconfigure=1,late_reports=0,forget=1"},
    {"large", "as crashes, with late reports and both commands proposed to both leaders",
     "restarts=1,both_values=1,forget=1"},
}};

std::vector<scope> make_scopes() {
  std::vector<scope> all;
  for (const auto& named : small_ones_first) {
    scope s{.name = std::string{named.name}, .what = std::string{named.what}};
    std::string error;
    PMMC_INVARIANT(set_bounds(s, named.bounds, error), error.c_str());
    all.push_back(std::move(s));
  }
  return all;
}

std::string all_names() {
  std::string names;
  for (const auto& s : named_scopes())
    names += (names.empty() ? "" : ", ") + s.name;
  return names;
}

} // namespace

const std::vector<scope>& named_scopes() {
  static const auto all = make_scopes();
  return all;
}

std::optional<scope> parse_scope(std::string_view text, std::string& error) {
  const auto name = text.substr(0, text.find(','));
  text.remove_prefix(std::min(text.size(), name.size() + 1));
  for (auto s : named_scopes()) {
    if (s.name != name)
      continue;
    if (!set_bounds(s, text, error))
      return std::nullopt;
    return s;
  }
  error = "there is no scope \"" + std::string{name} + "\"; there are " + all_names();
  return std::nullopt;
}

std::string bounds_of(const scope& s) {
  std::string text;
  const auto tell = [&](const char* key, unsigned value) {
    text += (text.empty() ? "" : ",") + std::string{key} + "=" + std::to_string(value);
  };
  tell("acceptors", s.acceptors);
  tell("leaders", s.leaders);
  tell("ballots", s.ballots);
  tell("slots", s.slots);
  tell("restarts", s.restarts);
  tell("both_values", s.both_values);
  tell("late_reports", s.late_reports);
  tell("pages", s.pages);
  tell("collect", s.collect);
  tell("perform", s.perform);
  tell("reconfigure", s.reconfigure);
  tell("replicas", s.replicas);
  tell("reads", s.reads);
  tell("forget", s.forget);
  tell("merge_silent", s.merge_silent);
  tell("symmetry", s.symmetry);
  return text;
}

namespace {

/// "a2", and where it lives.
member numbered(char kind, unsigned number) {
  const auto id = kind + std::to_string(number);
  return {id, id + ":1"};
}

} // namespace

std::vector<configuration> configurations_of(const scope& s) {
  configuration config;
  for (unsigned i = 1; i <= s.acceptors; ++i)
    config.acceptors.push_back(numbered('a', i));
  for (unsigned i = 1; i <= s.leaders; ++i)
    config.leaders.push_back(numbered('l', i));
  for (unsigned i = 1; i <= std::max(1U, s.replicas); ++i)
    config.replicas.push_back(numbered('r', i));
  std::vector<configuration> all{config};
  for (unsigned change = 1; change <= s.reconfigure; ++change) {
    config.version = change + 1;
    config.first_slot = change + window_of(s);
    config.acceptors.front() = numbered('a', s.acceptors + change);
    all.push_back(config);
  }
  return all;
}

/// Without changes as large as the scope, so that no slot waits for another.
std::uint64_t window_of(const scope& s) { return s.reconfigure == 0 ? s.slots : s.reconfigure; }

unsigned acceptors_of(const scope& s) { return s.acceptors + s.reconfigure; }

} // namespace pmmc::search
