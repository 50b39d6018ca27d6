#include "sim/checkers/raft_disk.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace pmmc::sim {

void raft_disk::write(const raft::record& r) {
  std::visit([this](const auto& body) { put(body); }, r);
  note_length();
}

/// Figure 2: a server votes for one candidate in a term, and for ever.
void raft_disk::put(const raft::term_record& r) {
  demand(r.term >= term_, [&] {
    return "Election Safety: term " + std::to_string(r.term) + " is written after " +
           std::to_string(term_);
  });
  term_ = r.term;
  voted_for_ = r.voted_for;
  if (r.voted_for.empty())
    return;
  const auto [vote, is_first] = votes_.emplace(r.term, r.voted_for);
  const auto& before = vote->second;
  demand(before == r.voted_for, [&] {
    return "Election Safety: a vote for " + r.voted_for.str() + " in term " +
           std::to_string(r.term) + ", after one for " + before.str();
  });
}

void raft_disk::put(const raft::append_record& r) {
  demand(r.index == last().index + 1, [&] {
    return "Log Matching: index " + std::to_string(r.index) + " is written behind " +
           std::to_string(last().index);
  });
  demand(r.what.term <= term_ && r.what.term >= last().term, [&] {
    return "Log Matching: an entry of term " + std::to_string(r.what.term) +
           " is written in term " + std::to_string(term_) + ", behind one of term " +
           std::to_string(last().term);
  });
  entries_.push_back(r.what);
}

void raft_disk::put(const raft::truncate_record& r) {
  demand(r.from > base_.index, [&] {
    return "Leader Completeness: index " + std::to_string(r.from) +
           " is taken back, and is in a snapshot";
  });
  entries_.resize(std::min<std::size_t>(entries_.size(), r.from - base_.index - 1));
}

void raft_disk::put(const raft::base_record& r) {
  const bool stays = r.base.index >= base_.index && term_at(r.base.index) == r.base.term;
  if (stays)
    entries_.erase(entries_.begin(),
                   entries_.begin() + static_cast<std::ptrdiff_t>(r.base.index - base_.index));
  else
    entries_.clear();
  base_ = r.base;
  base_members_ = r.members;
}

void raft_disk::note_length() {
  auto& most = most_in_[term_];
  most = std::max(most, last().index);
}

bool raft_disk::holds(const raft::persistent_state& state) const {
  const auto& log = state.log;
  if (state.term != term_ || state.voted_for != voted_for_ || log.base() != base_ ||
      log.last() != last())
    return false;
  if (log.base_members() == nullptr || *log.base_members() != *base_members_)
    return false;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (!(log.at(base_.index + 1 + i) == entries_[i]))
      return false;
  return true;
}

role_id raft_disk::vote_in(raft::term_num term) const {
  const auto vote = votes_.find(term);
  return vote == votes_.end() ? role_id{} : vote->second;
}

raft::position raft_disk::last() const {
  return entries_.empty() ? base_
                          : raft::position{base_.index + entries_.size(), entries_.back().term};
}

raft::term_num raft_disk::term_at(slot_num index) const {
  if (index == base_.index)
    return base_.term;
  return index > base_.index && index <= last().index ? entries_[index - base_.index - 1].term : 0;
}

slot_num raft_disk::most_in(raft::term_num term) const {
  const auto most = most_in_.find(term);
  return most == most_in_.end() ? 0 : most->second;
}

} // namespace pmmc::sim
