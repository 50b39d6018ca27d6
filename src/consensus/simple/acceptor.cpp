#include "consensus/simple/acceptor.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::simple {

namespace {

void apply_to(acceptor_state& state, const promise_record& r) {
  auto& promised = state.votes[r.slot].promised; // 0 is the least number
  PMMC_INVARIANT(r.number >= promised, "A1: a promise only grows");
  promised = r.number;
}

void apply_to(acceptor_state& state, const accept_record& r) {
  apply_to(state, promise_record{r.slot, r.what.number}); // A2, too
  auto& highest = state.votes.at(r.slot).highest;
  PMMC_INVARIANT(!highest || highest->number != r.what.number || highest->value == r.what.value,
                 "A4: one value per slot and number");
  highest = r.what;
}

void apply_to(acceptor_state& state, const collect_record& r) {
  state.min = std::max(state.min, r.below);
  state.votes.erase(state.votes.begin(), state.votes.lower_bound(state.min));
}

} // namespace

void acceptor_state::apply(const record& r) {
  std::visit([this](const auto& x) { apply_to(*this, x); }, r);
}

acceptor::acceptor(role_id id, acceptor_state recovered) : id_(id), state_(std::move(recovered)) {
  highest_accepted_ = state_.min - 1;
  for (const auto& [slot, vote] : state_.votes)
    if (vote.highest)
      highest_accepted_ = slot;
}

number_or_none acceptor::promised(slot_num slot) const {
  const auto vote = state_.votes.find(slot);
  return vote == state_.votes.end() ? number_or_none{} : vote->second.promised;
}

slot_num acceptor::end() const {
  return state_.votes.empty() ? state_.min : state_.votes.rbegin()->first + 1;
}

/// "If an acceptor receives a prepare request with number n greater than that of any prepare
/// request to which it has already responded, then it responds" (phase 1 b). The same number again
/// is a retransmission: its answer was lost, and its record is there.
void acceptor::on(const prepare& m) {
  if (refuses_as_collected(m.proposer, m.slot))
    return;
  const auto promised_before = promised(m.slot);
  if (promised_before > m.number) {
    out_.send.push_back({m.proposer, reject{id_, m.slot, m.number, *promised_before}});
    return;
  }
  if (promised_before != m.number)
    persist(promise_record{m.slot, m.number});
  out_.send.push_back(
      {m.proposer, promise{id_, m.slot, m.number, state_.votes.at(m.slot).highest}});
}

/// "It accepts the proposal unless it has already responded to a prepare request having a number
/// greater than n" (P1a, phase 2 b).
void acceptor::on(const accept& m) {
  if (refuses_as_collected(m.proposer, m.slot))
    return;
  const auto promised_before = promised(m.slot);
  if (promised_before > m.what.number) {
    out_.send.push_back({m.proposer, reject{id_, m.slot, m.what.number, *promised_before}});
    return;
  }
  const auto vote = state_.votes.find(m.slot);
  if (vote == state_.votes.end() || vote->second.highest != m.what)
    persist(accept_record{m.slot, m.what});
  out_.send.push_back({m.proposer, accepted{id_, m.slot, m.what.number}});
}

void acceptor::on(const read_probe& m) {
  out_.send.push_back({m.server, read_probe_reply{id_, m.round, highest_accepted_}});
}

/// What was forgotten was chosen. An answer as if nothing had been accepted there would let another
/// value be chosen.
bool acceptor::refuses_as_collected(const role_id& proposer, slot_num slot) {
  if (slot >= state_.min)
    return false;
  out_.send.push_back({proposer, collected{id_, slot, state_.min}});
  return true;
}

void acceptor::collect(slot_num below) {
  if (below <= state_.min)
    return;
  persist(collect_record{below});
  highest_accepted_ = std::max(highest_accepted_, below - 1);
}

void acceptor::persist(record r) {
  if (const auto* vote = std::get_if<accept_record>(&r))
    highest_accepted_ = std::max(highest_accepted_, vote->slot);
  state_.apply(r);
  out_.persist.push_back(std::move(r));
}

acceptor::outputs acceptor::take() { return std::exchange(out_, {}); }

} // namespace pmmc::simple
