#include "search/raft/scope.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pmmc::raft::search {

namespace {

/// A bound and what it may be. The highest values are what the types of this folder can tell apart.
struct bound {
  std::string_view key;
  unsigned least = 0;
  unsigned most = 1;
  unsigned scope::*number = nullptr;
  bool scope::*flag = nullptr;
};

constexpr std::array<bound, 15> all_bounds{{
    {"servers", 1, 4, &scope::servers, nullptr},
    {"terms", 1, most_terms, &scope::terms, nullptr},
    {"entries", 0, 9, &scope::entries, nullptr},
    {"crashes", 0, 1, nullptr, &scope::crashes},
    {"slow_disks", 0, 1, nullptr, &scope::slow_disks},
    {"resign", 0, 1, nullptr, &scope::resign},
    {"disconnect", 0, 1, nullptr, &scope::disconnect},
    {"late_answers", 0, 1, nullptr, &scope::late_answers},
    {"compact", 0, 1, nullptr, &scope::compact},
    {"single", 0, 1, nullptr, &scope::single},
    {"heartbeats", 0, 3, &scope::heartbeats, nullptr},
    {"reads", 0, 3, &scope::reads, nullptr},
    {"change", 0, 5, &scope::change, nullptr},
    {"reduce", 0, 1, nullptr, &scope::reduce},
    {"symmetry", 0, 1, nullptr, &scope::symmetry},
}};

bool set_bound(scope& s, std::string_view key, unsigned value) {
  const auto* const b = std::find_if(all_bounds.begin(), all_bounds.end(),
                                     [&](const bound& known) { return known.key == key; });
  if (b == all_bounds.end() || value < b->least || value > b->most)
    return false;
  if (b->flag != nullptr)
    s.*(b->flag) = value != 0;
  else
    s.*(b->number) = value;
  return true;
}

std::string all_keys() {
  std::string text;
  for (const auto& b : all_bounds)
    text += (text.empty() ? "" : ", ") + std::string{b.key} + " (" + std::to_string(b.least) +
            " to " + std::to_string(b.most) + ")";
  return text;
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
      error =
          "\"" + std::string{item} + "\" bounds nothing; write e.g. terms=3, out of " + all_keys();
      return false;
    }
  }
  if (s.change == 5 && s.servers > 2) {
    error = "change=5 is for servers=2 or less";
    return false;
  }
  return true;
}

/// A scope that has a name: what bounds it, where that is not as `scope` says.
struct named_bounds {
  std::string_view name;
  std::string_view what;
  std::string_view bounds;
};

constexpr std::array<named_bounds, 8> small_ones_first{{
    {"raft-pair", "two servers, two terms, a command in each, no crashes", "servers=2,crashes=0"},
    {"raft", "three servers, two terms, a command in each, crashes", ""},
    {"raft-terms", "three servers, four terms, no commands, no crashes (figure 8)",
     "terms=4,entries=0,crashes=0,single=1"},
    {"raft-disks", "three servers, two terms, no commands, slow disks, crashes",
     "entries=0,slow_disks=1"},
    {"raft-snapshots", "three servers, two terms, no commands, snapshots, crashes",
     "entries=0,compact=1"},
    {"raft-reads",
     "three servers, two terms, no commands, a read of each, two rounds of heartbeats",
     "entries=0,crashes=0,heartbeats=2,reads=1"},
    {"raft-change", "three servers, two terms, a newcomer takes the place of the last one",
     "entries=0,crashes=0,change=1"},
    {"raft-large", "three servers, three terms, a command in each, crashes", "terms=3"},
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

/// "s2", and where it lives.
member server(unsigned number) {
  const auto id = "s" + std::to_string(number);
  return {id, id + ":1"};
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
  for (const auto& b : all_bounds)
    text += (text.empty() ? "" : ",") + std::string{b.key} + "=" +
            std::to_string(b.flag != nullptr ? unsigned{s.*(b.flag)} : s.*(b.number));
  return text;
}

std::vector<std::vector<member>> targets_of(const scope& s) {
  std::vector<member> founders;
  for (unsigned i = 1; i <= s.servers; ++i)
    founders.push_back(server(i));
  std::vector<std::vector<member>> all{founders};
  if (s.change == 0)
    return all;
  auto next = founders;
  if (s.change == 1 || s.change == 3 || s.change == 4)
    next.pop_back();
  if (s.change == 5)
    next.clear();
  const unsigned newcomers = s.change == 5 ? s.servers : s.change == 3 ? 0 : 1;
  for (unsigned i = 1; i <= newcomers; ++i)
    next.push_back(server(s.servers + i));
  all.push_back(std::move(next));
  if (s.change == 4)
    all.push_back(founders);
  return all;
}

unsigned servers_of(const scope& s) {
  return s.servers + (s.change == 0 || s.change == 3 ? 0 : s.change == 5 ? s.servers : 1);
}

} // namespace pmmc::raft::search
