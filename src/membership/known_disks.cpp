#include "membership/known_disks.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

namespace {

std::string text(const life& l) {
  return l.number == 0 ? "none" : std::to_string(l.number) + "/" + std::to_string(l.nonce);
}

std::string why(acquaintance verdict, const known_peer& known, const directory_facts& told) {
  switch (verdict) {
  case acquaintance::good:
    return {};
  case acquaintance::other_disk:
    return "it was formatted again (disk " + told.format_id + ", known disk " + known.format_id +
           "), so it has lost what it promised and which ballots it used";
  case acquaintance::old_copy:
    return "an old copy of its data directory was put back (its life is " +
           text(told.lives.current()) + ", and it was met in life " + text(known.last) +
           ", of which the directory does not know), so it has lost what it promised and which "
           "ballots it used since then";
  case acquaintance::records_gone:
    return "its data directory has lost records, as an old copy has (it began with " +
           std::to_string(told.records) + ", and had at least " + std::to_string(known.records) +
           "), so it has lost what it promised or which ballots it used";
  }
  return {};
}

} // namespace

std::map<role_id, std::string> known_disks::format_ids() const {
  std::map<role_id, std::string> disks;
  for (const auto& [id, peer] : known_)
    disks.emplace(id, peer.format_id);
  return disks;
}

void known_disks::restore(const role_id& peer, known_peer remembered) {
  known_[peer] = std::move(remembered);
}

acquaintance known_disks::meet(const role_id& peer, const directory_facts& told) {
  const auto now = told.lives.current();
  const auto [known, is_new] =
      known_.try_emplace(peer, known_peer{told.format_id, now, told.records});
  auto& remembered = known->second;
  if (is_new) {
    unsaved_ = change::meetings;
    return acquaintance::good;
  }
  const auto before = remembered;
  const auto verdict = judge(remembered, told);
  remembered.was_refused = verdict == acquaintance::old_copy ||
                           verdict == acquaintance::records_gone ||
                           (remembered.was_refused && verdict != acquaintance::good);
  if (verdict == acquaintance::good && now.number != 0 && remembered.last != now) {
    remembered.last = now;
    remembered.records = told.records;
  }
  if (remembered != before)
    unsaved_ = change::meetings;
  return verdict;
}

acquaintance known_disks::meet_own(const role_id& peer, const directory_facts& told) {
  const auto known = known_.find(peer);
  if (known == known_.end())
    return meet(peer, {told.format_id, {}, 0});
  const auto verdict = judge(known->second, told);
  if (verdict == acquaintance::good && std::exchange(known->second.was_refused, false))
    unsaved_ = change::meetings; // the right one is back
  return verdict;
}

void known_disks::take_named(const role_id& peer, const directory_facts& named) {
  const auto known = known_.find(peer);
  if (known == known_.end() || known->second.format_id == named.format_id)
    return;
  known->second = {named.format_id, named.lives.current(), named.records};
  unsaved_ = change::meetings;
}

void known_disks::note_records(const role_id& peer, std::uint64_t records) {
  const auto known = known_.find(peer);
  if (known == known_.end() || records <= known->second.records)
    return;
  known->second.records = records;
  unsaved_ = std::max(unsaved_, change::notes);
}

std::optional<refused_peer> refuse_peer(known_disks& met, const membership& members,
                                        const introduced_role& peer, bool is_own) {
  if (!keeps_promises(peer.kind))
    return std::nullopt;
  const auto told = peer.facts();
  const auto* m = members.find(peer.kind, peer.id);
  if (m != nullptr && !m->disk.empty() && m->disk != peer.format_id) {
    known_peer known{m->disk, {}, 0, false};
    auto reason = why(acquaintance::other_disk, known, told);
    return refused_peer{std::move(known), std::move(reason)};
  }
  if (m != nullptr && m->disk == peer.format_id) // somebody else may have come under this id first
    met.take_named(peer.id, is_own ? directory_facts{told.format_id, {}, 0} : told);
  const auto verdict = is_own ? met.meet_own(peer.id, told) : met.meet(peer.id, told);
  if (verdict == acquaintance::good)
    return std::nullopt;
  const auto& known = met.all().at(peer.id);
  return refused_peer{known, why(verdict, known, told), verdict};
}

std::string why_disk_is_wrong(const known_peer& known, const directory_facts& told) {
  return why(judge(known, told), known, told);
}

void stamp_records(std::vector<envelope>& envelopes, std::uint64_t records) {
  for (auto& e : envelopes)
    if (auto* asks = std::get_if<ping>(&e.body))
      set_records(asks->state, records);
    else if (auto* answers = std::get_if<pong>(&e.body))
      set_records(answers->state, records);
}

} // namespace pmmc
