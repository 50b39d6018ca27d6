#include "scenarios/checker.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace pmmc::test {

void checker::demand(bool held, const char* invariant) {
  if (!held)
    FAIL(std::string{invariant});
}

void checker::accepted(const role_id& acceptor, const accept_record& r) {
  const auto& config = config_of(r.value.slot);
  demand(config.version == r.version,
         "F2: a vote in a configuration that does not govern the slot");
  demand(config.has_acceptor(acceptor), "L4: a vote of an acceptor that is no member");
  voted_in_.emplace(r.value.slot, r.version);
  auto& voters = votes_[{r.value.slot, r.value.ballot}];
  voters.insert(acceptor);
  if (voters.size() < config.quorum())
    return;
  const auto [it, first] = chosen_.emplace(r.value.slot, r.value.value);
  demand(it->second == r.value.value, "A5: a second command has been chosen for a slot");
  if (first)
    chosen_at_[r.value.slot] = r.value.ballot;
}

void checker::sent(const role_id& from, const message& m) {
  if (const auto* ask = std::get_if<p2a>(&m)) {
    demand(config_of(ask->value.slot).version == ask->version,
           "F2: a vote is asked for in a configuration that does not govern the slot");
    const auto [it, first] =
        asked_.emplace(std::pair{ask->value.slot, ask->value.ballot}, ask->value.value);
    demand(it->second == ask->value.value, "C1: two commands at one ballot and slot");
    const auto at = chosen_at_.find(ask->value.slot);
    demand(at == chosen_at_.end() || ask->value.ballot < at->second ||
               chosen_.at(ask->value.slot) == ask->value.value,
           "C2: a proposal ignores what was chosen");
  } else if (const auto* told = std::get_if<decision>(&m)) {
    decided(told->slot, told->value);
  } else if (const auto* proposed = std::get_if<propose>(&m)) {
    demand(proposed->replica == from, "a replica speaks for itself");
  }
}

void checker::decided(slot_num slot, const command& value) {
  const auto it = chosen_.find(slot);
  demand(it != chosen_.end(), "R1: decided, but no majority has accepted it durably");
  demand(it->second == value, "R1: another command was chosen for the slot");
}

void checker::ran(const role_id& leader, const ballot_num& ballot, std::uint64_t life) {
  const auto it = last_ballot_.find(leader);
  demand(it == last_ballot_.end() || ballot > it->second.first ||
             (ballot == it->second.first && life == it->second.second),
         "L3: a ballot is used again");
  last_ballot_[leader] = {ballot, life};
}

const configuration& checker::config_of(slot_num slot) const {
  const configuration* found = nullptr;
  for (const auto& [version, config] : configurations_)
    if (config.first_slot <= slot)
      found = &config;
  demand(found != nullptr, "F1: every slot has a configuration");
  return *found;
}

void checker::learn(const config_history& known) {
  for (const auto& [first_slot, config] : known.all()) {
    const auto [it, first] = configurations_.emplace(config.version, config);
    demand(it->second == config, "F1: one version, two configurations");
    if (!first)
      continue;
    demand(config.version == latest().version && std::prev(it)->second.first_slot < first_slot,
           "F1: configurations follow each other");
    for (auto voted = voted_in_.lower_bound(first_slot); voted != voted_in_.end(); ++voted)
      demand(voted->second == config.version, "F2: a slot has votes of two configurations");
  }
}

void checker::looked_at(const role_id& id, const replica& r) {
  auto& before = slot_out_.emplace(id, 1).first->second;
  demand(r.slot_out() >= before, "R4: slot_out has decreased");
  learn(r.state().configurations());
  watermark(r.watermark());
  watermark_computed(id, before, r);
  if (r.slot_out() == before)
    return;
  for (auto it = r.decisions().lower_bound(before); it != r.decisions().end(); ++it)
    decided(it->first, it->second);
  before = r.slot_out();
  const auto fingerprint = r.state().fingerprint();
  const auto [known, first] = fingerprints_.emplace(r.slot_out(), fingerprint);
  demand(known->second == fingerprint, "S1: states differ at the same slot_out");
}

/// G1, where it is computed: f + 1 replicas of the configuration in force and of each one pending,
/// of those that it knew before this input, and knows after it.
void checker::watermark_computed(const role_id& id, slot_num slot_out_before, const replica& r) {
  auto& before = watermark_.emplace(id, 1).first->second;
  if (r.watermark() <= before)
    return;
  before = r.watermark();
  const auto last = config_of(slot_out_before + window_ - 1).version;
  auto it = configurations_.find(config_of(r.slot_out()).version);
  for (; it != configurations_.end() && it->first <= last; ++it)
    demand(is_durable(it->second, before), "G1: a replica computes too high a watermark");
}

void checker::forget(const role_id& replica) {
  slot_out_.erase(replica);
  watermark_.erase(replica);
}

void checker::durable(const role_id& id, slot_num slot) {
  auto& held = durable_[id];
  demand(slot >= held, "a durable snapshot is replaced by an older one");
  held = slot;
}

bool checker::is_durable(const configuration& config, slot_num slot) const {
  std::size_t holders = 0;
  for (const auto& [id, held] : durable_)
    holders += held >= slot && config.has_replica(id);
  return holders >= config.durable_replicas();
}

void checker::watermark(slot_num slot) const {
  if (slot <= 1)
    return;
  const auto last_below = config_of(slot + window_ - 1).version; // decided below `slot`
  for (auto it = configurations_.find(last_below); it != configurations_.end(); ++it)
    if (is_durable(it->second, slot))
      return;
  demand(false, "G1: the watermark is above what is durable");
}

} // namespace pmmc::test
