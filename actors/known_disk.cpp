#include "known_disk.hpp"

#include "log.hpp"

#include <cstdlib>

namespace pmmc {

namespace {

std::string text(const storage::life& l) {
  return l.number == 0 ? "none" : std::to_string(l.number) + "/" + std::to_string(l.nonce);
}

std::string why(storage::acquaintance verdict, const storage::known_peer& known,
                const storage::directory_facts& told) {
  switch (verdict) {
  case storage::acquaintance::good:
    return {};
  case storage::acquaintance::other_disk:
    return "it was formatted again (disk " + told.format_id + ", known disk " + known.format_id +
           "), so it has lost what it promised and which ballots it used";
  case storage::acquaintance::old_copy:
    return "an old copy of its data directory was put back (its life is " +
           text(told.lives.current()) + ", and it was met in life " + text(known.last) +
           ", of which the directory does not know), so it has lost what it promised and which "
           "ballots it used since then";
  case storage::acquaintance::records_gone:
    return "its data directory has lost records, as an old copy has (it began with " +
           std::to_string(told.records) + ", and had at least " + std::to_string(known.records) +
           "), so it has lost what it promised or which ballots it used";
  }
  return {};
}

constexpr std::string_view advice =
    "Bring back its data directory as it was last; without it, replace it by one with another id "
    "(docs/RECONFIGURATION.md, \"replace a dead machine\")";

} // namespace

std::optional<refused_peer> refuse_peer(storage::role_state& met, const membership& members,
                                        const hosted_role& peer) {
  if (peer.kind != role_kind::acceptor && peer.kind != role_kind::leader)
    return std::nullopt;
  const auto told = peer.facts();
  const auto* m = members.find(peer.kind, peer.id);
  if (m != nullptr && !m->disk.empty() && m->disk != peer.format_id) {
    storage::known_peer known{m->disk, {}, 0, false};
    auto reason = why(storage::acquaintance::other_disk, known, told);
    return refused_peer{std::move(known), std::move(reason)};
  }
  if (m != nullptr && m->disk == peer.format_id)
    met.take_named(peer.id, told); // somebody else may have come under this id first
  const auto verdict = met.meet(peer.id, told);
  if (verdict == storage::acquaintance::good)
    return std::nullopt;
  const auto& known = met.known().at(peer.id);
  return refused_peer{known, why(verdict, known, told)};
}

void log_refusal(const role_id& self, const hosted_role& peer, const std::string& why) {
  spdlog::error("{} does not count {} {}: {}. {}", self.view(), to_string(peer.kind),
                peer.id.view(), why, advice);
}

void stop_if_refused(const role_id& self, const storage::directory_facts& own,
                     const disk_refused& m) {
  const auto verdict = storage::judge(m.known, own);
  if (verdict == storage::acquaintance::good)
    return;
  spdlog::critical("{} stops: {} remembers it, and says: {}. It must not take part. {}",
                   self.view(), m.by.view(), why(verdict, m.known, own), advice);
  spdlog::default_logger()->flush();
  std::_Exit(2);
}

void stamp_records(std::vector<envelope>& envelopes, std::uint64_t records) {
  for (auto& e : envelopes)
    if (auto* asks = std::get_if<ping>(&e.body))
      asks->state.records = records;
    else if (auto* answers = std::get_if<pong>(&e.body))
      answers->state.records = records;
}

} // namespace pmmc
