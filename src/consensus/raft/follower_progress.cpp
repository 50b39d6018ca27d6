#include "consensus/raft/follower_progress.hpp"

#include <algorithm>

namespace pmmc::raft {

bool follower_progress::is_due(slot_num last, slot_num commit, const settings& limits) const {
  if (must_send_)
    return true;
  if (is_probing_)
    return !has_probed_;
  return told_commit_ < commit || (next_ <= last && room(limits) > 0);
}

std::size_t follower_progress::room(const settings& limits) const {
  if (in_flight_.size() >= limits.in_flight || in_flight_bytes_ >= limits.in_flight_bytes)
    return 0;
  return std::min(limits.append_bytes, limits.in_flight_bytes - in_flight_bytes_);
}

void follower_progress::must_send() { must_send_ = true; }

void follower_progress::sent(std::size_t count, std::size_t bytes, slot_num commit) {
  must_send_ = false;
  has_probed_ = is_probing_;
  told_commit_ = commit;
  if (is_probing_ || count == 0)
    return; // what was asked stands at next_ until it is answered
  next_ += count;
  in_flight_.push_back({next_ - 1, bytes});
  in_flight_bytes_ += bytes;
}

void follower_progress::sent_offer(slot_num base) {
  retry_at(next_);
  must_send_ = false;
  has_probed_ = true;
  offered_ = base;
}

void follower_progress::heard(std::uint64_t tick, std::uint64_t round) {
  heard_tick_ = tick;
  round_ = std::max(round_, round);
}

void follower_progress::matched(slot_num last) {
  match_ = std::max(match_, last);
  next_ = std::max(next_, match_ + 1);
  while (!in_flight_.empty() && in_flight_.front().last <= match_) {
    in_flight_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
  if (match_ >= offered_) {
    offered_ = 0;
    is_probing_ = false;
  }
}

bool follower_progress::is_news(slot_num previous) const {
  return is_probing_ ? previous + 1 == next_ : previous > match_;
}

void follower_progress::retry_at(slot_num next) {
  next_ = std::max(next, match_ + 1);
  is_probing_ = true;
  has_probed_ = false;
  told_commit_ = 0;
  in_flight_.clear();
  in_flight_bytes_ = 0;
}

/// Before it has answered, where the logs agree is as unknown as it was: the whole log is not sent
/// for that.
void follower_progress::lost() { retry_at(is_probing_ ? next_ : match_ + 1); }

} // namespace pmmc::raft
