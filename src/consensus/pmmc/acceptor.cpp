#include "consensus/pmmc/acceptor.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

namespace {

void apply_to(acceptor_state& state, const promise_record& r) {
  auto& ballot = state.by_version[r.version].ballot;
  PMMC_INVARIANT(r.ballot >= ballot, "A1: ballot_num only grows");
  ballot = r.ballot;
}

void apply_to(acceptor_state& state, const accept_record& r) {
  auto& votes = state.by_version[r.version];
  PMMC_INVARIANT(r.value.ballot >= votes.ballot, "A2: accepts only at or above the promise");
  votes.ballot = r.value.ballot;
  auto& held = votes.accepted[r.value.slot];
  PMMC_INVARIANT(held.ballot != r.value.ballot || held.value == r.value.value,
                 "A4: one command per configuration, ballot and slot");
  held = r.value;
}

void apply_to(acceptor_state& state, const collect_record& r) {
  state.watermark = std::max(state.watermark, r.watermark);
  for (auto& [version, votes] : state.by_version)
    votes.accepted.erase(votes.accepted.begin(), votes.accepted.lower_bound(state.watermark));
}

/// Bytes that a pvalue counts for in a page: its command and about what surrounds it on the wire.
constexpr std::size_t pvalue_overhead_bytes = 64;

} // namespace

void acceptor_state::apply(const acceptor_record& record) {
  std::visit([this](const auto& r) { apply_to(*this, r); }, record);
}

acceptor::acceptor(settings options, acceptor_state recovered, config_history configurations)
    : options_(std::move(options)), state_(std::move(recovered)),
      configurations_(std::move(configurations)) {
  for (const auto& [version, votes] : state_.by_version)
    for (const auto& [slot, held] : votes.accepted)
      accepted_bytes_ += held.value.size();
}

ballot_num acceptor::promised(config_version version) const {
  const auto it = state_.by_version.find(version);
  return it == state_.by_version.end() ? ballot_num{} : it->second.ballot;
}

const pvalue* acceptor::find(config_version version, slot_num slot) const {
  const auto it = state_.by_version.find(version);
  if (it == state_.by_version.end())
    return nullptr;
  const auto held = it->second.accepted.find(slot);
  return held == it->second.accepted.end() ? nullptr : &held->second;
}

/// Whether it votes in `version`: not where it is known to be no member, nor where everything is
/// decided and safe with the configurations that followed.
bool acceptor::serves(config_version version) const {
  const auto* config = configurations_.find(version);
  return config == nullptr ||
         (config->has_acceptor(options_.id) && configurations_.end_of(version) > state_.watermark);
}

/// Where the configurations in between are forgotten, it may have ended before; leaders that know
/// them drop what is not of it.
bool acceptor::may_govern(config_version version, slot_num slot) const {
  const auto* config = configurations_.find(version);
  return config == nullptr || (config->has_acceptor(options_.id) && slot >= config->first_slot &&
                               slot < configurations_.end_of(version));
}

/// F2: no slot gets votes under two configurations.
bool acceptor::serves(config_version version, slot_num slot) const {
  return may_govern(version, slot) &&
         (configurations_.find(version) == nullptr || configurations_.knows(slot));
}

void acceptor::learn(const config_history& known) {
  if (!known.empty() && known.latest().version > known_version())
    configurations_ = known;
}

void acceptor::on(const p1a& m) {
  if (!serves(m.version))
    return; // the leader's process hears why from this one's
  if (m.ballot > promised(m.version))
    persist(promise_record{m.version, m.ballot});
  out_.send.push_back({m.leader, answer(m)});
}

p1b acceptor::answer(const p1a& m) const {
  p1b reply{.acceptor = options_.id,
            .version = m.version,
            .asked = m.ballot,
            .ballot = promised(m.version),
            .from_slot = m.from_slot,
            .next_slot = 0,
            .watermark = state_.watermark,
            .accepted = {}};
  const auto votes = state_.by_version.find(m.version);
  if (votes == state_.by_version.end() || reply.ballot != m.ballot)
    return reply; // preempted: the scout needs no pvalues
  const auto& accepted = votes->second.accepted;
  std::size_t bytes = 0;
  for (auto it = accepted.lower_bound(m.from_slot); it != accepted.end(); ++it) {
    if (!may_govern(m.version, it->first))
      continue; // outside the version's slots nothing counts
    const bool page_is_full = bytes > 0 && bytes + it->second.value.size() > options_.page_bytes;
    if (page_is_full || (m.to_slot != 0 && it->first >= m.to_slot)) {
      reply.next_slot = it->first;
      break;
    }
    bytes += it->second.value.size() + pvalue_overhead_bytes;
    reply.accepted.push_back(it->second);
  }
  return reply;
}

void acceptor::on(const p2a& m) {
  const auto slot = m.value.slot;
  if (!serves(m.version, slot))
    return;
  if (slot >= state_.watermark && m.value.ballot >= promised(m.version)) {
    const auto* held = find(m.version, slot);
    // The same pvalue again (a retransmission) is durable already, or will be before this answer.
    if (held == nullptr || held->ballot != m.value.ballot)
      persist(accept_record{m.version, m.value});
    else
      PMMC_INVARIANT(held->value == m.value.value,
                     "A4: one command per configuration, ballot and slot");
  }
  out_.send.push_back({m.leader, p2b{.acceptor = options_.id,
                                     .version = m.version,
                                     .asked = m.value.ballot,
                                     .ballot = promised(m.version),
                                     .slot = slot,
                                     .watermark = state_.watermark}});
}

void acceptor::on(const read_probe& m) {
  out_.send.push_back({m.replica, read_probe_reply{.acceptor = options_.id,
                                                   .round = m.round,
                                                   .version = m.version,
                                                   .highest = highest_accepted(m.version)}});
}

void acceptor::on(const ping& m) {
  if (const auto watermark = watermark_of(m.state); watermark > state_.watermark)
    collect(watermark);
  if (const auto leader = vitals_as<leader_vitals>(m.state);
      leader.active && !state_.by_version.empty() &&
      leader.ballot == state_.by_version.rbegin()->second.ballot)
    leader_ping_ = m.number;
  out_.send.push_back({m.from, pong{options_.id, m.number, current_vitals()}});
}

void acceptor::persist(acceptor_record record) {
  if (const auto* accept = std::get_if<accept_record>(&record)) {
    const auto& accepted = state_.by_version[accept->version].accepted;
    auto held = accepted.find(accept->value.slot);
    if (held != accepted.end())
      accepted_bytes_ -= held->second.value.size();
    accepted_bytes_ += accept->value.value.size();
  }
  state_.apply(record);
  out_.persist.push_back(std::move(record));
}

void acceptor::collect(slot_num watermark) {
  for (const auto& [version, votes] : state_.by_version)
    for (auto it = votes.accepted.begin(); it != votes.accepted.lower_bound(watermark); ++it)
      accepted_bytes_ -= it->second.value.size();
  persist(collect_record{watermark});
}

membership acceptor::known_members() const {
  if (configurations_.empty())
    return {};
  return membership{configurations_, configurations_.from(state_.watermark).front()->version};
}

outputs<acceptor_record> acceptor::take() { return std::exchange(out_, {}); }

slot_num acceptor::highest_accepted(config_version version) const {
  auto highest = state_.watermark - 1;
  auto it = state_.by_version.find(version);
  if (it != state_.by_version.end() && !it->second.accepted.empty())
    highest = std::max(highest, it->second.accepted.rbegin()->first);
  return highest;
}

acceptor_vitals acceptor::current_vitals() const {
  acceptor_vitals v;
  v.watermark = state_.watermark;
  v.leader_ping = leader_ping_;
  if (!state_.by_version.empty()) {
    v.ballot = state_.by_version.rbegin()->second.ballot;
    v.accepted_end = highest_accepted(state_.by_version.rbegin()->first) + 1;
  }
  return v;
}

} // namespace pmmc
