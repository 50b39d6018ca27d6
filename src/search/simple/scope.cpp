#include "search/simple/scope.hpp"

#include "search/bounds.hpp"

#include <array>

namespace pmmc::simple::search {

using pmmc::search::bound;
using pmmc::search::named_bounds;
using pmmc::search::scope_list;

namespace {

constexpr std::array<bound<scope>, 11> all_bounds{{
    {"servers", 2, 4, &scope::servers, nullptr},
    {"proposers", 1, 4, &scope::proposers, nullptr},
    {"rounds", 1, 9, &scope::rounds, nullptr},
    {"slots", 1, 4, &scope::slots, nullptr},
    {"commands", 0, 4, &scope::commands, nullptr},
    {"crashes", 0, 1, nullptr, &scope::crashes},
    {"late_rejects", 0, 1, nullptr, &scope::late_rejects},
    {"collect", 0, 1, nullptr, &scope::collect},
    {"reads", 0, 3, &scope::reads, nullptr},
    {"reduce", 0, 1, nullptr, &scope::reduce},
    {"symmetry", 0, 1, nullptr, &scope::symmetry},
}};

constexpr std::array<named_bounds, 5> small_ones_first{{
    {"simple-pair", "two servers that propose, two rounds each, a slot, no crashes",
     "servers=2,slots=1,crashes=0"},
    {"simple-duel", "three servers, two of which propose in one slot, two rounds each, crashes",
     "slots=1"},
    {"simple-collect", "two servers, one of which proposes, two slots that are collected, crashes",
     "servers=2,proposers=1,collect=1"},
    {"simple-reads", "three servers, one of which proposes, a round, a slot, a read of each",
     "proposers=1,rounds=1,slots=1,reads=1"},
    {"simple", "three servers, two of which propose, two rounds each, two slots, crashes", ""},
}};

std::string contradiction_in(const scope& s) {
  return s.proposers > s.servers ? "there are more proposers than servers" : "";
}

const scope_list<scope>& scopes() {
  static const scope_list<scope> all{all_bounds, small_ones_first, "rounds=1", contradiction_in};
  return all;
}

} // namespace

const std::vector<scope>& named_scopes() { return scopes().all(); }

std::optional<scope> parse_scope(std::string_view text, std::string& error) {
  return scopes().parse(text, error);
}

std::string bounds_of(const scope& s) { return scopes().bounds_of(s); }

} // namespace pmmc::simple::search
