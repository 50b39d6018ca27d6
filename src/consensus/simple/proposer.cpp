#include "consensus/simple/proposer.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::simple {

proposer::proposer(std::shared_ptr<const server_group> servers, slot_num slot, command own,
                   settings options, std::uint64_t seed)
    : servers_(std::move(servers)), slot_(slot), own_(std::move(own)), options_(options),
      backoff_(options.wait, seed) {}

/// Phase 1 (a). "A proposer can make multiple proposals, so long as it follows the algorithm for
/// each one. It can abandon a proposal in the middle of the protocol at any time."
void proposer::begin(const number_or_none& promised) {
  number_ = servers_->next_above(std::max(promised, seen_));
  seen_ = number_;
  phase_ = phase::preparing;
  ticks_ = 0;
  answered_.clear();
  highest_.reset();
  ask();
}

/// L4: the number that is in use, and an acceptor of the cluster that has not answered yet.
bool proposer::counts(phase now, const role_id& acceptor, proposal_number number) {
  return phase_ == now && number == number_ && servers_->contains(acceptor) &&
         answered_.insert(acceptor).second;
}

/// Phase 2 (a), P2c: "v is the value of the highest-numbered proposal among the responses, or is
/// any value if the responses reported no proposals".
void proposer::on(const promise& m) {
  if (!counts(phase::preparing, m.acceptor, m.number))
    return;
  if (m.highest && (!highest_ || m.highest->number > highest_->number))
    highest_ = m.highest;
  if (answered_.size() < servers_->quorum())
    return;
  value_ = highest_ ? highest_->value : own_;
  phase_ = phase::accepting;
  ticks_ = 0;
  answered_.clear();
  ask();
}

/// A value is chosen when a majority has accepted one proposal with it.
void proposer::on(const accepted& m) {
  if (!counts(phase::accepting, m.acceptor, m.number) || answered_.size() < servers_->quorum())
    return;
  outcome_ = value_;
  phase_ = phase::over;
}

/// The acceptor informs the proposer, "who should then abandon its proposal" (section 2.2). Its
/// value may have been accepted all the same, so it stays with this slot.
void proposer::on(const reject& m) {
  seen_ = std::max(seen_, number_or_none{m.promised});
  if (m.asked != number_ || m.promised <= m.asked ||
      (phase_ != phase::preparing && phase_ != phase::accepting))
    return;
  phase_ = phase::waiting;
  wait_ticks_ = backoff_.next_ticks();
}

void proposer::on_tick() {
  if (phase_ == phase::waiting)
    wait_ticks_ -= wait_ticks_ > 0 ? 1 : 0;
  else if (phase_ != phase::over && ++ticks_ % options_.resend_ticks == 0)
    ask();
}

void proposer::ask() {
  for (const auto& acceptor : servers_->members()) {
    if (answered_.contains(acceptor))
      continue;
    if (phase_ == phase::preparing)
      send_.push_back({acceptor, prepare{servers_->self(), slot_, *number_}});
    else
      send_.push_back({acceptor, accept{servers_->self(), slot_, {*number_, value_}}});
  }
}

std::vector<envelope> proposer::take() { return std::exchange(send_, {}); }

} // namespace pmmc::simple
