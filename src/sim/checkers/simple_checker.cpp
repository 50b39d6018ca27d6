#include "sim/checkers/simple_checker.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>

namespace pmmc::sim {

namespace {

constexpr config_version only_version = 1;

pvalue as_pvalue(slot_num slot, const simple::proposal& p) {
  return {ballot_num{p.number.value, {}}, slot, p.value};
}

std::string text_of(slot_num slot, simple::proposal_number number) {
  return "number " + std::to_string(number.value) + " in slot " + std::to_string(slot);
}

} // namespace

simple_checker::disk& simple_checker::disk_of(std::size_t server) { return disks_[server]; }

const simple_checker::vote* simple_checker::find(const disk& d, slot_num slot) const {
  const auto it = d.votes.find(slot);
  return it == d.votes.end() ? nullptr : &it->second;
}

// --- The disk -----------------------------------------------------------------------------------

bool simple_checker::persisted(std::size_t server, const simple::record& r, bool all_hold) {
  return std::visit([&](const auto& record) { return write(server, record, all_hold); }, r);
}

bool simple_checker::write(std::size_t server, const simple::promise_record& r, bool) {
  auto& d = disk_of(server);
  auto& promised = d.votes[r.slot].promised;
  demand(r.slot >= d.min, [&] {
    return "A3: " + text_of(r.slot, r.number) + " is promised below " + std::to_string(d.min);
  });
  demand(promised <= r.number,
         [&] { return "A1: " + text_of(r.slot, r.number) + " is promised after a higher one"; });
  promised = r.number;
  return false;
}

bool simple_checker::write(std::size_t server, const simple::accept_record& r, bool) {
  auto& d = disk_of(server);
  demand(r.slot >= d.min, [&] {
    return "A3: " + text_of(r.slot, r.what.number) + " is accepted below " + std::to_string(d.min);
  });
  auto& held = d.votes[r.slot];
  demand(held.promised <= r.what.number, [&] {
    return "A2: " + text_of(r.slot, r.what.number) + " is accepted, and a higher one promised";
  });
  held.promised = r.what.number;
  held.highest = r.what;
  return log_.accepted(server, only_version, as_pvalue(r.slot, r.what));
}

/// Done and Min.
bool simple_checker::write(std::size_t server, const simple::collect_record& r, bool all_hold) {
  ++seen_.collections;
  auto& d = disk_of(server);
  demand(all_hold, [&] {
    return "G1: slots below " + std::to_string(r.below) +
           " are forgotten, and not all servers have them in a durable snapshot";
  });
  d.min = std::max(d.min, r.below);
  d.votes.erase(d.votes.begin(), d.votes.lower_bound(d.min));
  return false;
}

bool simple_checker::same(const disk& mine, const simple::acceptor_state& theirs) {
  return mine.min == theirs.min &&
         std::equal(mine.votes.begin(), mine.votes.end(), theirs.votes.begin(), theirs.votes.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && a.second.promised == b.second.promised &&
                             a.second.highest == b.second.highest;
                    });
}

void simple_checker::recovered(std::size_t server, const simple::acceptor_state& state) {
  demand(holds(server, state),
         [] { return std::string{"D2: what is recovered is not what was made durable"}; });
  ++disk_of(server).life;
}

// --- What they say ------------------------------------------------------------------------------

void simple_checker::sent(std::size_t server, const role_id& id, slot_num snapshot,
                          const pmmc::message& m) {
  const speaker by{server, id, snapshot};
  std::visit(
      [&](const auto& body) {
        if constexpr (requires { hear(by, body); })
          hear(by, body);
      },
      m);
}

/// A number is used by one server, in one life: it is promised, durably, by the own acceptor.
void simple_checker::hear(const speaker& by, const simple::prepare& m) {
  auto& d = disk_of(by.number);
  const auto* held = find(d, m.slot);
  demand(m.slot < d.min || (held != nullptr && held->promised >= m.number), [&] {
    return "L3: " + text_of(m.slot, m.number) + " is used before it is durable that it is";
  });
  const auto [use, is_first] = d.used_in.emplace(std::pair{m.slot, m.number.value}, d.life);
  demand(use->second == d.life,
         [&] { return "L3: " + text_of(m.slot, m.number) + " is used again after a restart"; });
  // It is not asked by message, and may have forgotten the slot when others have promised.
  if (held != nullptr)
    promises_[{m.slot, m.number.value}].insert(by.number);
}

void simple_checker::hear(const speaker& by, const simple::promise& m) {
  auto& d = disk_of(by.number);
  const auto* held = find(d, m.slot);
  demand(m.slot < d.min || (held != nullptr && held->promised >= m.number),
         [&] { return "D1: " + text_of(m.slot, m.number) + " is promised, but not durably"; });
  const bool is_told = m.highest.has_value();
  const bool has_accepted = held != nullptr && held->highest && held->highest->number < m.number;
  demand(m.slot < d.min || !has_accepted || (is_told && m.highest->number >= held->highest->number),
         [&] {
           return "A3: a promise leaves out what was accepted in slot " + std::to_string(m.slot);
         });
  promises_[{m.slot, m.number.value}].insert(by.number);
  if (!is_told)
    return;
  const auto [highest, is_first] = highest_told_.try_emplace({m.slot, m.number.value}, *m.highest);
  if (m.highest->number > highest->second.number)
    highest->second = *m.highest;
}

/// P2c.
void simple_checker::hear(const speaker& by, const simple::accept& m) {
  const number_in_slot key{m.slot, m.what.number.value};
  const auto& latest = book_.latest();
  auto promised = promises_[key];
  if (const auto* own = find(disk_of(by.number), m.slot);
      own != nullptr && own->promised >= m.what.number)
    promised.insert(by.number); // the own acceptor is not asked by message
  demand(promised.size() >= latest.quorum, [&] {
    return "C2: " + text_of(m.slot, m.what.number) + " is used without a majority's promise";
  });
  log_.proposed(only_version, as_pvalue(m.slot, m.what));
  seen_.fills += m.what.value.is_noop();
  if (const auto told = highest_told_.find(key); told != highest_told_.end())
    seen_.taken_over += told->second.value == m.what.value;
}

void simple_checker::hear(const speaker& by, const simple::accepted& m) {
  auto& d = disk_of(by.number);
  const auto* held = find(d, m.slot);
  demand(m.slot < d.min || (held != nullptr && held->highest && held->highest->number >= m.number),
         [&] { return "D1: " + text_of(m.slot, m.number) + " is accepted, but not durably"; });
  d.told_highest = std::max(d.told_highest, m.slot);
}

void simple_checker::hear(const speaker&, const simple::reject&) { ++seen_.rejections; }

void simple_checker::hear(const speaker&, const simple::chosen& m) {
  log_.decided(m.slot, m.value);
}

void simple_checker::hear(const speaker&, const simple::learn_reply& m) {
  auto slot = m.from_slot;
  for (const auto& value : m.values)
    log_.decided(slot++, value);
  seen_.learned += m.values.size();
}

void simple_checker::hear(const speaker& by, const simple::announce& m) {
  demand(m.done <= std::max<slot_num>(by.snapshot, 1), [&] {
    return "D1: " + by.id.str() + " is done below slot " + std::to_string(m.done) +
           ", and its snapshot is at " + std::to_string(by.snapshot);
  });
}

void simple_checker::hear(const speaker&, const simple::collected&) { ++seen_.forgotten; }

void simple_checker::hear(const speaker& by, const simple::read_probe_reply& m) {
  demand(m.highest >= disk_of(by.number).told_highest,
         [] { return std::string{"A3: a read probe is told less than what was acknowledged"}; });
}

} // namespace pmmc::sim
