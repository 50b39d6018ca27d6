#include "simple/checker.hpp"

#include <algorithm>

namespace pmmc::simple::test {

namespace {

void demand(bool holds, const std::string& what) {
  if (!holds)
    throw broken{what};
}

std::string at(slot_num slot) { return " in slot " + std::to_string(slot); }

} // namespace

void checker::proposed(const command& value) { proposed_.emplace(value.bytes()); }

void checker::durable(std::size_t server, const record& r) {
  if (const auto* collect = std::get_if<collect_record>(&r))
    for (const auto& other : logs_)
      demand(other.snapshot >= collect->below,
             "G1: slots are forgotten that somebody has in no durable snapshot");
  disks_[server].apply(r);
  if (const auto* accept = std::get_if<accept_record>(&r))
    accepted(server, accept->slot, accept->what);
}

void checker::accepted(std::size_t server, slot_num slot, const proposal& what) {
  demand(what.value.is_noop() || proposed_.contains(what.value.bytes()),
         "only what was proposed may be accepted" + at(slot));
  auto& v = votes_[slot].try_emplace(what.number, vote{what.value, {}}).first->second;
  demand(v.value == what.value, "A4: two values have one number" + at(slot));
  if (const auto first = chosen_at_.find(slot); first != chosen_at_.end())
    demand(what.number < first->second || what.value == chosen_.at(slot),
           "P2a: another value is accepted after one was chosen" + at(slot));
  v.acceptors.insert(server);
  if (v.acceptors.size() > servers_ / 2)
    choose(slot, what);
}

void checker::choose(slot_num slot, const proposal& what) {
  const auto [known, is_new] = chosen_.try_emplace(slot, what.value);
  demand(known->second == what.value, "P2: two values are chosen" + at(slot));
  for (const auto& [number, v] : votes_[slot])
    demand(number < what.number || v.value == what.value,
           "P2a: a higher-numbered proposal has another value than the chosen one" + at(slot));
  auto& least = chosen_at_.try_emplace(slot, what.number).first->second;
  least = std::min(least, what.number);
  if (!is_new || what.value.is_noop())
    return;
  demand(slot_of_.emplace(what.value.bytes(), slot).second,
         "ONCE: a command is chosen again" + at(slot));
}

/// D1: nothing that is sent exceeds what is durable. L3: nor does a number.
void checker::sent(std::size_t server, const message& m) const {
  const auto has_promised = [&](slot_num slot, proposal_number number) {
    const auto vote = disks_[server].votes.find(slot);
    return slot < disks_[server].min ||
           (vote != disks_[server].votes.end() && vote->second.promised >= number);
  };
  const auto has_accepted = [&](slot_num slot, proposal_number number) {
    const auto vote = disks_[server].votes.find(slot);
    return slot < disks_[server].min ||
           (vote != disks_[server].votes.end() && vote->second.highest &&
            vote->second.highest->number >= number);
  };
  if (const auto* asked = std::get_if<prepare>(&m))
    demand(has_promised(asked->slot, asked->number),
           "L3: a number is sent that a restart would forget" + at(asked->slot));
  if (const auto* told = std::get_if<promise>(&m)) {
    demand(has_promised(told->slot, told->number), "D1: a promise is not durable" + at(told->slot));
    demand(!told->highest || has_accepted(told->slot, told->highest->number),
           "D1: a promise tells of what is not durable" + at(told->slot));
  }
  if (const auto* told = std::get_if<simple::accepted>(&m))
    demand(has_accepted(told->slot, told->number), "D1: a vote is not durable" + at(told->slot));
}

void checker::learnt(std::size_t server, slot_num slot, const command& value) {
  demand(slot == logs_[server].next++, "R2: the log of a server has a gap" + at(slot));
  const auto known = chosen_.find(slot);
  demand(known != chosen_.end(), "a value is learnt that was not chosen" + at(slot));
  demand(known->second == value, "R1: another value is learnt than was chosen" + at(slot));
}

void checker::snapshot(std::size_t server, slot_num slot, bool in_use) {
  logs_[server].snapshot = std::max(logs_[server].snapshot, slot);
  if (in_use)
    logs_[server].next = slot;
}

} // namespace pmmc::simple::test
