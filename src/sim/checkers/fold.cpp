#include "sim/checkers/fold.hpp"

#include "membership/reconfiguration.hpp"
#include "service/batch.hpp"
#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::sim {

namespace {

using places = std::map<role_id, std::string>;

places places_of(const std::vector<member>& members) {
  places found;
  for (const auto& m : members)
    found.emplace(m.id, m.address);
  return found;
}

/// Whether `after` has the members of `before` without those removed and with those added, each at
/// its address.
bool makes(const reconfiguration& r, const configuration& before, const configuration& after) {
  for (const auto kind : all_member_kinds) {
    auto expected = places_of(before.members(kind));
    for (const auto& m : r.remove)
      if (m.kind == kind)
        expected.erase(m.id);
    for (const auto& a : r.add)
      if (a.kind == kind)
        expected[a.who.id] = a.who.address;
    if (expected != places_of(after.members(kind)))
      return false;
  }
  return true;
}

} // namespace

fold::fold(std::unique_ptr<replicated_state> before_slot_1, configuration_book& book,
           kv_model empty)
    : state_(std::move(before_slot_1)), book_(book), model_(std::move(empty)) {
  fingerprints_.push_back(0);
  write_down();
}

void fold::write_down() {
  fingerprints_.push_back(state_->fingerprint());
  for (const auto& [first_slot, config] : state_->configurations().all())
    if (book_.find(config.version) == nullptr)
      book_.add(config);
}

/// F1, by rules of its own: at most one for a slot, decided there, for the version
/// that was the latest, and in force WINDOW slots later; of servers, as their log says, in the next
/// slot.
void fold::reconfigured(const configuration& before, slot_num slot, const command& chosen) {
  const auto& after = state_->configurations().latest();
  const auto delay = after.has_servers() ? 1 : state_->window();
  demand(after.version == before.version + 1 && after.first_slot == slot + delay, [&] {
    return "F1: slot " + std::to_string(slot) + " brings version " + std::to_string(after.version) +
           " from slot " + std::to_string(after.first_slot);
  });
  ++reconfigurations_;
  in_flight_ += before.first_slot > slot;
  const auto entries = decode_batch(chosen);
  const bool is_asked_for =
      entries && std::any_of(entries->begin(), entries->end(), [&](const batch_entry& e) {
        const auto wanted =
            e.kind == request_kind::reconfigure ? decode_reconfiguration(e.op) : std::nullopt;
        return wanted && wanted->replaces == before.version && makes(*wanted, before, after);
      });
  // One that was held back by its session is executed in the slot of its predecessor.
  demand(is_asked_for || !entries->empty(), [&] {
    return "F1: nobody asked for version " + std::to_string(after.version) + " in slot " +
           std::to_string(slot);
  });
}

void fold::advance(const chosen_slots& log) {
  while (log.is_chosen(slot_out())) {
    const auto slot = slot_out();
    const auto& value = log.chosen(slot);
    const auto before = state_->configurations().latest();
    boundaries_ += slot > 1 && state_->configurations().for_slot(slot).first_slot == slot;
    noops_ += value.is_noop();
    again_ += model_.perform(slot, value);
    state_->perform(value, log.change_in(slot));
    if (state_->configurations().latest().version != before.version)
      reconfigured(before, slot, value);
    write_down();
  }
}

} // namespace pmmc::sim
