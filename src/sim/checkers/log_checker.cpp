#include "sim/checkers/log_checker.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>

namespace pmmc::sim {

namespace {

void insert(std::vector<std::size_t>& set, std::size_t member) {
  if (std::find(set.begin(), set.end(), member) == set.end())
    set.push_back(member);
}

std::size_t common(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
  return static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](std::size_t member) {
    return std::find(b.begin(), b.end(), member) != b.end();
  }));
}

} // namespace

log_checker::slot_record& log_checker::at(slot_num slot) {
  if (slot >= slots_.size())
    slots_.resize(slot + 64);
  return slots_[slot];
}

/// All that was ever asked or voted for at a ballot and slot is one value.
log_checker::attempt& log_checker::attempt_at(config_version version, const pvalue& p,
                                              const char* invariant) {
  auto& record = at(p.slot);
  for (auto& a : record.attempts)
    if (a.ballot == p.ballot && a.version == version) {
      demand(a.value == p.value, [&] {
        return std::string{invariant} + ": two values at ballot " + to_string(p.ballot) +
               " in slot " + std::to_string(p.slot);
      });
      return a;
    }
  demand(!record.chosen || p.ballot < record.chosen_at || record.value == p.value, [&] {
    return "C2: slot " + std::to_string(p.slot) + " gets another value at ballot " +
           to_string(p.ballot) + " after one was chosen at " + to_string(record.chosen_at);
  });
  record.attempts.push_back({version, p.ballot, p.value, {}});
  return record.attempts.back();
}

/// F2. Nobody may act for a slot before its configuration is known for certain, so those known now
/// are enough.
void log_checker::governed(config_version version, slot_num slot) const {
  const auto right = book_.for_slot(slot).version;
  demand(version == right, [&] {
    return "F2: slot " + std::to_string(slot) + " gets votes under configuration " +
           std::to_string(version) + ", and is governed by " + std::to_string(right);
  });
}

bool log_checker::accepted(std::size_t acceptor, config_version version, const pvalue& p) {
  const auto* config = book_.find(version);
  demand(config != nullptr, [&] {
    return "F1: a vote in a configuration that was never decided, " + std::to_string(version);
  });
  governed(version, p.slot);
  auto& a = attempt_at(version, p, "A4");
  insert(a.voters, acceptor);
  if (common(a.voters, config->acceptors) < config->quorum)
    return false;
  auto& record = at(p.slot);
  demand(!record.chosen || record.value == p.value, [&] {
    return "A5: a second value is chosen in slot " + std::to_string(p.slot) + ", at ballot " +
           to_string(p.ballot);
  });
  for (const auto& later : record.attempts)
    demand(later.ballot < p.ballot || later.value == p.value, [&] {
      return "C2: slot " + std::to_string(p.slot) + " is chosen at ballot " + to_string(p.ballot) +
             ", but another value was asked for at " + to_string(later.ballot);
    });
  if (record.chosen) {
    record.chosen_at = std::min(record.chosen_at, p.ballot);
    return false;
  }
  record.chosen = true;
  record.chosen_at = p.ballot;
  record.value = p.value;
  ++chosen_slots_;
  return true;
}

void log_checker::promised(std::size_t acceptor, const p1b& m) {
  if (m.ballot == m.asked)
    insert(promises_[{m.version, m.asked}], acceptor);
}

void log_checker::proposed(config_version version, const pvalue& p) {
  governed(version, p.slot);
  attempt_at(version, p, "C1");
}

void log_checker::asked(const p2a& m) {
  proposed(m.version, m.value);
  const auto* config = book_.find(m.version);
  const auto promises = promises_.find({m.version, m.value.ballot});
  demand(config != nullptr && promises != promises_.end() &&
             common(promises->second, config->acceptors) >= config->quorum,
         [&] {
           return "C2: " + to_string(m.value.ballot) + " is used in slot " +
                  std::to_string(m.value.slot) + " without a majority's promise";
         });
}

void log_checker::decided(slot_num slot, const command& value) const {
  demand(is_chosen(slot), [&] {
    return "R1: slot " + std::to_string(slot) +
           " is said to be decided, but no majority has accepted anything durably";
  });
  demand(chosen(slot) == value, [&] {
    return "R1: slot " + std::to_string(slot) + " is said to be decided with another value";
  });
}

bool log_checker::asked_below(slot_num slot, const ballot_num& ballot) const {
  if (slot >= slots_.size())
    return false;
  const auto& attempts = slots_[slot].attempts;
  return std::any_of(attempts.begin(), attempts.end(),
                     [&](const attempt& a) { return a.ballot < ballot; });
}

} // namespace pmmc::sim
