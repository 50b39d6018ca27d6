#include "consensus/pmmc/slot_recovery.hpp"

#include <utility>

namespace pmmc {

void slot_recovery::want(slot_num slot, const command& value) {
  if (wanted_.size() < most_wanted_)
    wanted_.emplace(slot, value);
}

void slot_recovery::forget_if(const std::function<bool(slot_num)>& is_settled) {
  std::erase_if(wanted_, [&](const auto& entry) { return is_settled(entry.first); });
}

std::optional<slot_num> slot_recovery::next() const {
  if (from_ || wanted_.empty())
    return std::nullopt;
  return wanted_.begin()->first;
}

std::map<slot_num, command> slot_recovery::finish(slot_num to) {
  std::map<slot_num, command> found;
  const auto first = wanted_.lower_bound(from_.value());
  const auto last = wanted_.lower_bound(to);
  found.insert(first, last);
  wanted_.erase(first, last);
  from_.reset();
  return found;
}

std::optional<slot_num> slot_recovery::forget_below(slot_num slot) {
  wanted_.erase(wanted_.begin(), wanted_.lower_bound(slot));
  if (!from_ || *from_ >= slot)
    return std::nullopt;
  return std::exchange(from_, std::nullopt);
}

void slot_recovery::clear() {
  from_.reset();
  wanted_.clear();
}

} // namespace pmmc
