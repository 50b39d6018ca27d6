#include "consensus/simple/learner.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::simple {

namespace {

constexpr std::size_t value_overhead_bytes = 16; ///< on the wire, about

} // namespace

bool learner::learn(slot_num slot, const command& value) {
  if (const auto* known = find(slot); known != nullptr)
    PMMC_INVARIANT(*known == value, "R1: one value per slot everywhere");
  end_ = std::max(end_, slot + 1);
  if (slot < slot_out_ || !has_room_for(slot) || !values_.try_emplace(slot, value).second)
    return false;
  advance();
  return true;
}

void learner::advance() {
  for (auto next = values_.find(slot_out_); next != values_.end() && next->first == slot_out_;
       ++next)
    out_.push_back({slot_out_++, next->second});
}

void learner::install(slot_num slot) {
  if (slot <= slot_out_)
    return;
  slot_out_ = slot;
  first_ = slot;
  values_.erase(values_.begin(), values_.lower_bound(slot));
  out_.clear(); // all of it is below
  advance();
}

void learner::forget_below(slot_num slot) {
  PMMC_INVARIANT(slot <= slot_out_, "G2: nothing is forgotten that was not learnt");
  first_ = std::max(first_, slot);
  values_.erase(values_.begin(), values_.lower_bound(first_));
}

std::vector<chosen> learner::take() { return std::exchange(out_, {}); }

const command* learner::find(slot_num slot) const {
  const auto value = values_.find(slot);
  return value == values_.end() ? nullptr : &value->second;
}

std::vector<command> learner::page(slot_num from, std::size_t most_bytes) const {
  std::vector<command> found;
  std::size_t bytes = 0;
  for (auto it = values_.lower_bound(from); it != values_.end() && it->first < slot_out_; ++it) {
    bytes += it->second.size() + value_overhead_bytes;
    if (!found.empty() && bytes > most_bytes)
      break;
    found.push_back(it->second);
  }
  return found;
}

} // namespace pmmc::simple
