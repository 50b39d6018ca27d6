#include "consensus/pmmc/slot_proposals.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

std::set<role_id> proposal_route::leaders_for(slot_num slot) const {
  std::set<role_id> leaders;
  for (const auto* config : {&configurations.for_slot(slot), &latest})
    for (const auto& leader : config->leaders)
      leaders.insert(leader.id);
  if (leaders.contains(active_leader))
    return {active_leader};
  return leaders;
}

void slot_proposals::propose(slot_num slot, proposal p, const proposal_route& route,
                             std::uint64_t tick, std::vector<envelope>& send) {
  auto& placed = by_slot_[slot] = entry{std::move(p), 0, 0};
  send_one(slot, placed, route, tick, send);
}

void slot_proposals::send_one(slot_num slot, entry& e, const proposal_route& route,
                              std::uint64_t tick, std::vector<envelope>& send) {
  e.wait_ticks = std::min(10 * options_.resend_ticks,
                          e.wait_ticks == 0 ? options_.resend_ticks : 2 * e.wait_ticks);
  e.next_send_tick = tick + e.wait_ticks;
  const auto version = route.configurations.for_slot(slot).version;
  for (const auto& leader : route.leaders_for(slot))
    send.push_back({leader, pmmc::propose{options_.id, version, slot, e.what.value}});
}

void slot_proposals::resend(const proposal_route& route, const kept_decisions& decided,
                            std::uint64_t tick, std::vector<envelope>& send) {
  for (auto& [slot, e] : by_slot_)
    if (tick >= e.next_send_tick && !decided.contains(slot))
      send_one(slot, e, route, tick, send);
}

void slot_proposals::leader_changed(std::uint64_t tick) {
  for (auto& [slot, e] : by_slot_) {
    e.wait_ticks = 0;
    e.next_send_tick = tick;
  }
}

bool slot_proposals::may_open(std::uint64_t tick) const {
  return by_slot_.size() < options_.eager_slots ||
         (by_slot_.size() < options_.pipeline_slots && tick > opened_tick_);
}

std::optional<slot_proposals::proposal> slot_proposals::settle(slot_num slot) {
  auto found = by_slot_.extract(slot);
  if (found.empty())
    return std::nullopt;
  return std::move(found.mapped().what);
}

std::set<request_key> slot_proposals::settle_below(slot_num slot) {
  std::set<request_key> keys;
  for (; !by_slot_.empty() && by_slot_.begin()->first < slot; by_slot_.erase(by_slot_.begin())) {
    const auto& requests = by_slot_.begin()->second.what.requests;
    keys.insert(requests.begin(), requests.end());
  }
  return keys;
}

} // namespace pmmc
