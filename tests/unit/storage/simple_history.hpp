// What the acceptor of a server of engine `simple` may write down, made up from a seed.
#pragma once

#include "base/random.hpp"
#include "consensus/simple/acceptor.hpp"

#include <string>
#include <utility>
#include <vector>

class simple_history {
public:
  explicit simple_history(std::uint64_t seed, std::uint64_t most_command_bytes = 900)
      : chance_(seed), most_command_bytes_(most_command_bytes), collects_(chance_.below(3)) {}

  /// The records of one write of an acceptor in this state, in one slot or in several: never none.
  std::vector<pmmc::simple::record> next(const pmmc::simple::acceptor_state& from) {
    auto state = from;
    std::vector<pmmc::simple::record> made;
    for (auto count = 1 + chance_.below(5); count > 0; --count) {
      made.push_back(one(state));
      state.apply(made.back());
    }
    return made;
  }

private:
  pmmc::simple::record one(const pmmc::simple::acceptor_state& from) {
    using namespace pmmc::simple;
    const auto what = chance_.below(20);
    if (what < collects_) // in some histories never
      return collect_record{from.min + chance_.below(4)};
    const auto slot = from.min + chance_.below(10);
    const auto vote = from.votes.find(slot);
    const auto promised = vote == from.votes.end() ? proposal_number{} : vote->second.promised;
    if (what < 8)
      return promise_record{slot, {promised.value + chance_.below(4)}};
    if (vote == from.votes.end() || !vote->second.highest)
      return accept_record{slot, {{promised.value + chance_.below(3)}, some_value()}};
    if (what == 8 && promised == vote->second.highest->number)
      return accept_record{slot, *vote->second.highest}; // the same again
    // Above the proposal that was accepted, so that it may have another value (A4).
    const auto least = promised.value + (promised == vote->second.highest->number ? 1 : 0);
    return accept_record{slot, {{least + chance_.below(3)}, some_value()}};
  }

  pmmc::command some_value() {
    if (chance_.below(6) == 0)
      return {};
    return pmmc::command{std::string(1 + chance_.below(most_command_bytes_),
                                     static_cast<char>('a' + ++letter_ % 26))};
  }

  pmmc::random_source chance_;
  std::uint64_t most_command_bytes_;
  std::uint64_t collects_; ///< of 20 records
  std::uint64_t letter_ = 0;
};
