#include "consensus/raft/log.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft {

log::log(const position& base, std::shared_ptr<const server_set> members)
    : base_(base), base_members_(std::move(members)) {}

position log::last() const {
  if (entries_.empty())
    return base_;
  return {base_.index + entries_.size(), entries_.back().term};
}

const entry& log::at(slot_num index) const {
  PMMC_INVARIANT(has(index), "an entry is read where there is one");
  return entries_[index - first()];
}

std::optional<term_num> log::term_at(slot_num index) const {
  if (index == base_.index)
    return base_.term;
  if (!has(index))
    return std::nullopt;
  return at(index).term;
}

void log::append(entry e) {
  PMMC_INVARIANT(e.term >= last().term, "terms do not decrease along a log");
  size_bytes_ += e.size_bytes();
  if (e.members)
    changes_[last().index + 1] = e.members;
  entries_.push_back(std::move(e));
}

void log::truncate(slot_num from) {
  PMMC_INVARIANT(from >= first(), "what is in a snapshot is not taken back");
  while (last().index >= from) {
    size_bytes_ -= entries_.back().size_bytes();
    entries_.pop_back();
  }
  changes_.erase(changes_.lower_bound(from), changes_.end());
}

void log::compact(slot_num index) {
  const auto term = term_at(index);
  PMMC_INVARIANT(term.has_value(), "a log is compacted up to an entry that it has");
  base_members_ = members_at(index);
  changes_.erase(changes_.begin(), changes_.upper_bound(index));
  for (; base_.index < index; ++base_.index) {
    size_bytes_ -= entries_.front().size_bytes();
    entries_.pop_front();
  }
  base_.term = *term;
}

const std::shared_ptr<const server_set>& log::members() const {
  return changes_.empty() ? base_members_ : changes_.rbegin()->second;
}

const std::shared_ptr<const server_set>& log::members_at(slot_num index) const {
  const auto later = changes_.upper_bound(index);
  return later == changes_.begin() ? base_members_ : std::prev(later)->second;
}

slot_num log::members_index() const {
  return changes_.empty() ? base_.index : changes_.rbegin()->first;
}

slot_num log::first_of_term(slot_num index) const {
  const auto term = term_at(index);
  while (index > first() && term_at(index - 1) == term)
    --index;
  return index;
}

position log::last_within(term_num term, slot_num at_most) const {
  auto index = at_most < last().index ? at_most : last().index;
  while (index > base_.index && *term_at(index) > term)
    --index;
  return index <= base_.index ? base_ : position{index, *term_at(index)};
}

std::vector<entry> log::slice(slot_num from, std::size_t bytes) const {
  std::vector<entry> found;
  for (std::size_t taken = 0; from <= last().index && (found.empty() || taken < bytes); ++from) {
    found.push_back(at(from));
    taken += found.back().size_bytes();
  }
  return found;
}

std::size_t log::bytes_behind(slot_num index) const {
  std::size_t bytes = 0;
  for (index = std::max(index + 1, first()); index <= last().index; ++index)
    bytes += at(index).size_bytes();
  return bytes;
}

bool operator==(const log& a, const log& b) {
  const bool same_base =
      a.base_ == b.base_ &&
      (a.base_members_ == b.base_members_ ||
       (a.base_members_ && b.base_members_ && *a.base_members_ == *b.base_members_));
  return same_base && a.entries_ == b.entries_;
}

} // namespace pmmc::raft
