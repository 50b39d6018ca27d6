#include "search/simple/universe.hpp"

namespace pmmc::simple::search {

namespace {

/// Those that propose keep their names: whose a number is follows from it, and their order, too.
std::vector<pmmc::search::renaming> renamings_of(const scope& s) {
  std::vector<server_bits> sets;
  for (unsigned i = 0; i < s.proposers; ++i)
    sets.push_back(server_bits{1} << i);
  return pmmc::search::renamings_that_keep(sets, s.servers, s.symmetry);
}

} // namespace

universe::universe(const scope& s) : server_universe(s, renamings_of(s)) {}

input universe::input_of(const step_key& key) const {
  switch (key.kind) {
  case input_kind::message:
    return &message(key.argument).message;
  case input_kind::crash:
    return crash{};
  case input_kind::propose_command:
    return propose_command{};
  case input_kind::try_next_number:
    return try_next_number{key.argument};
  case input_kind::fill_slots:
    return fill_slots{};
  case input_kind::tell_progress:
    return tell_progress{};
  case input_kind::save_snapshot:
    return save_snapshot{};
  case input_kind::take_snapshot:
    return take_snapshot{key.argument};
  case input_kind::begin_read:
    return begin_read{key.argument};
  }
  return crash{};
}

} // namespace pmmc::simple::search
