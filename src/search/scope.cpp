#include "search/scope.hpp"

#include "search/bounds.hpp"
#include "search/role_names.hpp"

#include <algorithm>
#include <array>

namespace pmmc::search {

namespace {

constexpr std::array<bound<scope>, 16> all_bounds{{
    {"acceptors", 1, 3, &scope::acceptors, nullptr},
    {"leaders", 1, 3, &scope::leaders, nullptr},
    {"ballots", 1, 9, &scope::ballots, nullptr},
    {"slots", 1, 9, &scope::slots, nullptr},
    {"restarts", 0, 9, &scope::restarts, nullptr},
    {"both_values", 0, 1, nullptr, &scope::both_values},
    {"late_reports", 0, 1, nullptr, &scope::late_reports},
    {"pages", 0, 1, nullptr, &scope::pages},
    {"collect", 0, 1, nullptr, &scope::collect},
    {"perform", 0, 1, nullptr, &scope::perform},
    {"reconfigure", 0, 2, &scope::reconfigure, nullptr},
    {"replicas", 0, 2, &scope::replicas, nullptr},
    {"reads", 0, 3, &scope::reads, nullptr},
    {"forget", 0, 1, nullptr, &scope::forget},
    {"merge_silent", 0, 1, nullptr, &scope::merge_silent},
    {"symmetry", 0, 1, nullptr, &scope::symmetry},
}};

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

const scope_list<scope>& scopes() {
  static const scope_list<scope> all{all_bounds, small_ones_first, "slots=2"};
  return all;
}

/// Such a role, and where it lives.
member numbered(role_kind kind, unsigned number) {
  const auto id = id_of(kind, number);
  return {id, id.str() + ":1"};
}

} // namespace

const std::vector<scope>& named_scopes() { return scopes().all(); }

std::optional<scope> parse_scope(std::string_view text, std::string& error) {
  return scopes().parse(text, error);
}

std::string bounds_of(const scope& s) { return scopes().bounds_of(s); }

std::vector<configuration> configurations_of(const scope& s) {
  configuration config;
  for (unsigned i = 0; i < s.acceptors; ++i)
    config.acceptors.push_back(numbered(role_kind::acceptor, i));
  for (unsigned i = 0; i < s.leaders; ++i)
    config.leaders.push_back(numbered(role_kind::leader, i));
  for (unsigned i = 0; i < std::max(1U, s.replicas); ++i)
    config.replicas.push_back(numbered(role_kind::replica, i));
  std::vector<configuration> all{config};
  for (unsigned change = 1; change <= s.reconfigure; ++change) {
    config.version = change + 1;
    config.first_slot = change + window_of(s);
    config.acceptors.front() = numbered(role_kind::acceptor, s.acceptors + change - 1);
    all.push_back(config);
  }
  return all;
}

/// Without changes as large as the scope, so that no slot waits for another.
std::uint64_t window_of(const scope& s) { return s.reconfigure == 0 ? s.slots : s.reconfigure; }

unsigned acceptors_of(const scope& s) { return s.acceptors + s.reconfigure; }

config_history known_up_to(const std::vector<configuration>& configs, config_version latest) {
  config_history history;
  for (const auto& config : configs)
    if (config.version <= latest)
      history.add(config);
  return history;
}

std::map<role_id, role_kind> kinds_of(const std::vector<configuration>& configs) {
  std::map<role_id, role_kind> kinds;
  for (const auto& config : configs)
    for (const auto kind : pmmc_kinds)
      for (const auto& m : config.members(kind))
        kinds.emplace(m.id, kind);
  return kinds;
}

} // namespace pmmc::search
