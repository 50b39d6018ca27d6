#include "search/raft/scope.hpp"

#include "search/bounds.hpp"

#include <array>
#include <utility>

namespace pmmc::raft::search {

using pmmc::search::bound;
using pmmc::search::named_bounds;
using pmmc::search::scope_list;

namespace {

constexpr std::array<bound<scope>, 15> all_bounds{{
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

std::string contradiction_in(const scope& s) {
  return s.change == 5 && s.servers > 2 ? "change=5 is for servers=2 or less" : "";
}

const scope_list<scope>& scopes() {
  static const scope_list<scope> all{all_bounds, small_ones_first, "terms=3", contradiction_in};
  return all;
}

/// "s2", and where it lives.
member server(unsigned number) {
  const auto id = "s" + std::to_string(number);
  return {id, id + ":1"};
}

} // namespace

const std::vector<scope>& named_scopes() { return scopes().all(); }

std::optional<scope> parse_scope(std::string_view text, std::string& error) {
  return scopes().parse(text, error);
}

std::string bounds_of(const scope& s) { return scopes().bounds_of(s); }

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
