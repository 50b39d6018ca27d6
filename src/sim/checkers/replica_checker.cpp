#include "sim/checkers/replica_checker.hpp"

#include "base/codec.hpp"
#include "sim/checkers/violation.hpp"

#include <algorithm>

namespace pmmc::sim {

replica_checker::look& replica_checker::at(std::size_t replica) {
  if (replica >= looks_.size())
    looks_.resize(replica + 1);
  return looks_[replica];
}

void replica_checker::same_as_truth(const shown_state& shown) const {
  const auto slot_out = shown.state.slot_out();
  demand(slot_out <= truth_.slot_out(), [&] {
    return "R2: slots below " + std::to_string(slot_out) +
           " are performed, and not all of them are chosen";
  });
  demand(!shown.differs,
         [] { return std::string{"S1: replicas take each other's digests for different"}; });
  demand(shown.state.fingerprint() == truth_.fingerprint_before(slot_out), [&] {
    return "S1: the state before slot " + std::to_string(slot_out) +
           " is not what the decisions add up to";
  });
}

void replica_checker::started(std::size_t replica, const shown_state& shown) {
  auto& before = at(replica);
  demand(shown.state.slot_out() >= std::max<slot_num>(1, before.durable),
         [] { return std::string{"D2: a replica starts before its durable snapshot"}; });
  before.slot_out = shown.state.slot_out();
  before.watermark = 1;
  looked_at_watermark(before, shown);
  same_as_truth(shown);
}

bool replica_checker::handled(std::size_t replica, const shown_state& shown) {
  auto& before = at(replica);
  looked_at_watermark(before, shown);
  const auto slot_out = shown.state.slot_out();
  if (slot_out == before.slot_out)
    return false;
  demand(slot_out > before.slot_out, [] { return std::string{"R4: slot_out has decreased"}; });
  before.slot_out = slot_out;
  same_as_truth(shown);
  return true;
}

void replica_checker::durable(std::size_t replica, slot_num slot) {
  auto& held = at(replica).durable;
  demand(slot >= held,
         [] { return std::string{"D2: a durable snapshot is replaced by an older one"}; });
  held = slot;
  at(replica).ever_durable = std::max(at(replica).ever_durable, slot);
}

std::size_t replica_checker::holders(const known_configuration& config, slot_num slot) const {
  return static_cast<std::size_t>(
      std::count_if(config.replicas.begin(), config.replicas.end(), [&](std::size_t r) {
        return r < looks_.size() && looks_[r].ever_durable >= slot;
      }));
}

bool replica_checker::all_hold(slot_num slot) const {
  const auto& config = book_.latest();
  return holders(config, slot) == config.replicas.size();
}

/// Whoever computes a higher watermark needs f + 1 replicas of the configuration in force and of
/// each one pending: of those that it knew before this input, and knows after it, at the least.
void replica_checker::looked_at_watermark(look& before, const shown_state& shown) const {
  const auto slot = shown.watermark;
  if (slot <= before.watermark)
    return;
  before.watermark = slot;
  const auto last = book_.for_slot(before.slot_out + window_ - 1).version;
  auto it = book_.all().find(book_.for_slot(shown.state.slot_out()).version);
  for (; it != book_.all().end() && it->first <= last; ++it)
    demand(holders(it->second, slot) >= it->second.durable_replicas, [&] {
      return "G1: a replica computes the watermark " + std::to_string(slot) +
             ", which is durable at " + std::to_string(holders(it->second, slot)) +
             " replicas of version " + std::to_string(it->first) + ", and must be at " +
             std::to_string(it->second.durable_replicas);
    });
}

/// What others believe, perhaps long after it was computed: by the replicas of the last
/// configuration decided below it, or of a later one, as those before may be switched off.
void replica_checker::watermark(slot_num slot) const {
  if (slot <= 1)
    return;
  const auto& last_below = book_.for_slot(slot + window_ - 1);
  for (auto it = book_.all().find(last_below.version); it != book_.all().end(); ++it)
    if (holders(it->second, slot) >= it->second.durable_replicas)
      return;
  demand(false, [&] {
    return "G1: the watermark " + std::to_string(slot) + " is durable at " +
           std::to_string(holders(last_below, slot)) + " replicas of version " +
           std::to_string(last_below.version) + ", and must be at " +
           std::to_string(last_below.durable_replicas);
  });
}

namespace {

/// Of one that performs the log; anybody else tells no snapshot.
struct performed {
  bool is_there = false;
  slot_num snapshot_slot = 0;
  slot_num slot_out = 0;
};

performed performed_by(const vitals& told) {
  if (const auto* r = std::get_if<replica_vitals>(&told))
    return {true, r->snapshot_slot, r->slot_out};
  if (const auto* s = std::get_if<server_vitals>(&told))
    return {true, s->snapshot_slot, s->slot_out};
  return {};
}

} // namespace

void replica_checker::vitals_hold(std::size_t replica, const vitals& told) const {
  const auto v = performed_by(told);
  demand(v.is_there, [] { return std::string{"a replica tells what another role would"}; });
  const auto& l = looks_[replica];
  demand(v.snapshot_slot <= std::max<slot_num>(1, l.durable), [&] {
    return "D1: a replica tells of a snapshot at slot " + std::to_string(v.snapshot_slot) +
           " that is not durable";
  });
  demand(v.slot_out <= truth_.slot_out(),
         [] { return std::string{"R2: a replica tells of more slots than are chosen"}; });
  if (std::holds_alternative<replica_vitals>(told))
    watermark(watermark_of(told));
}

void replica_checker::sent(std::size_t replica, const ping& m) const {
  vitals_hold(replica, m.state);
}

void replica_checker::sent(std::size_t replica, const pong& m) const {
  vitals_hold(replica, m.state);
}

void replica_checker::sent(std::size_t replica, const propose& m) const {
  demand(m.slot < looks_[replica].slot_out + window_, [&] {
    return "R5: slot " + std::to_string(m.slot) + " is proposed for, and slot_out is " +
           std::to_string(looks_[replica].slot_out);
  });
}

void replica_checker::sent(std::size_t, const response& m) const {
  demand(m.status != reply_status::session_ended || truth_.model().is_over(m.session), [&] {
    return "X1: session " + std::to_string(m.session) + " is said to have ended, and has not";
  });
  if (m.status != reply_status::ok)
    return;
  if (m.session == 0) {
    byte_reader body{m.body};
    demand(truth_.model().opened(body.varint(), m.sequence),
           [] { return std::string{"X1: a client is told of a session that was never opened"}; });
    return;
  }
  const auto* answer = truth_.model().answer_to(m.session, m.sequence);
  demand(m.body.empty() || (answer != nullptr && truth_.model().is_answer(*answer, m.body)), [&] {
    return "X1: session " + std::to_string(m.session) + ", request " + std::to_string(m.sequence) +
           " is answered " + (answer == nullptr ? "before its execution" : "with another answer");
  });
}

void replica_checker::asked(const role_id& client, std::uint64_t number, std::string query) {
  queries_[{client, number}] = std::move(query);
}

void replica_checker::sent(const role_id& client, const query_reply& m) const {
  if (m.status != reply_status::ok)
    return;
  const auto asked = queries_.find({client, m.number});
  demand(asked != queries_.end(),
         [] { return std::string{"a query is answered that nobody asked"}; });
  demand(truth_.model().is_answer(asked->second, m.slot, m.body), [&] {
    return "R3: a query at slot " + std::to_string(m.slot) + " for " + client.str() +
           " shows something else than the decisions below";
  });
}

} // namespace pmmc::sim
