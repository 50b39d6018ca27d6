#include "consensus/pmmc/kept_decisions.hpp"

#include "base/invariant.hpp"

namespace pmmc {

namespace {

constexpr std::size_t decision_overhead_bytes = 16; ///< on the wire, about

} // namespace

bool kept_decisions::add(slot_num slot, const command& value) {
  const auto [known, is_new] = by_slot_.try_emplace(slot, value);
  PMMC_INVARIANT(known->second == value, "R1: one decision per slot everywhere");
  if (is_new)
    bytes_ += value.size();
  return is_new;
}

const command* kept_decisions::find(slot_num slot) const {
  const auto it = by_slot_.find(slot);
  return it == by_slot_.end() ? nullptr : &it->second;
}

std::vector<command> kept_decisions::page(slot_num from, slot_num end,
                                          std::size_t most_bytes) const {
  std::vector<command> found;
  std::size_t bytes = 0;
  auto it = by_slot_.find(from);
  for (auto slot = from;
       it != by_slot_.end() && it->first == slot && slot < end && bytes < most_bytes;
       ++it, ++slot) {
    bytes += it->second.size() + decision_overhead_bytes;
    found.push_back(it->second);
  }
  return found;
}

void kept_decisions::forget_first() {
  bytes_ -= by_slot_.begin()->second.size();
  by_slot_.erase(by_slot_.begin());
}

void kept_decisions::forget_below(slot_num slot) {
  while (!empty() && first_slot() < slot)
    forget_first();
}

} // namespace pmmc
