#include "service/server.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pmmc {

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  if (to.empty())
    to = std::move(more);
  else
    std::move(more.begin(), more.end(), std::back_inserter(to));
}

} // namespace

void server_outputs::add(server_outputs later) {
  append(send_early, std::move(later.send_early));
  append(persist, std::move(later.persist));
  append(send, std::move(later.send));
  PMMC_INVARIANT(!save_snapshot || !later.save_snapshot, "one snapshot is written at a time");
  if (later.save_snapshot)
    save_snapshot = std::move(later.save_snapshot);
  append(read_snapshot, std::move(later.read_snapshot));
  append(store_snapshot, std::move(later.store_snapshot));
}

server::server(settings options, std::unique_ptr<replicated_log> log,
               std::unique_ptr<replicated_state> state, bool restored_from_snapshot)
    : options_(options), random_(options.seed), log_(std::move(log)),
      service_(options.service, std::move(state), random_.next()),
      gossip_(options.service.id, options.silent_ticks), snapshots_(options.snapshot_log_bytes),
      fetch_({options.service.id, options.service.resend_ticks, 2 * options.silent_ticks}) {
  PMMC_INVARIANT(log_->slot_out() == slot_out(), "the log goes on where the state is");
  if (restored_from_snapshot)
    snapshots_.has_durable(slot_out());
  forget_log();
  send_pings();
}

// --- The engine ---------------------------------------------------------------------------------

void server::hear_log() {
  const auto before = slot_out();
  for (auto told = log_->take(); !told.empty(); told = log_->take()) {
    service_.hear(told, out_.send);
    append(out_.send_early, std::move(told.send_early));
    append(out_.persist, std::move(told.persist));
    append(out_.send, std::move(told.send));
    for (const auto& d : told.decided)
      snapshots_.performed(d.value.size());
    if (told.fetch)
      begin_fetch(*told.fetch);
  }
  if (slot_out() == before || !state().refusal().empty())
    return;
  PMMC_INVARIANT(slot_out() > before, "R4: slot_out never decreases");
  if (slot_out() / replicated_state::digest_slots != before / replicated_state::digest_slots)
    compare_digests();
  if (snapshots_.is_due(1, state().size_bytes())) // changes of the members need none
    begin_snapshot();
}

void server::flush() {
  hear_log();
  if (!state().refusal().empty())
    return;
  service_.flush(*log_, member_to_ask(), out_.send);
  hear_log();
}

void server::on_tick() {
  ++tick_;
  log_->on_tick();
  if (tick_ % options_.ping_ticks == 0)
    send_pings();
  fetch_.on_tick(tick_, out_.send);
  service_.on_tick([this] { return why_stalled(); }, out_.send);
  if (service_.is_stalled())
    service_.explain(why_stalled(), out_.send);
  if (tick_ % options_.forget_ticks == 0)
    forget_log();
  flush();
}

void server::on_peer_down(const role_id& peer) {
  gossip_.forget(peer);
  log_->on_peer_down(peer);
}

server_outputs server::take() {
  hear_log();
  service_.begin_turn();
  return std::exchange(out_, {});
}

// --- Snapshots ----------------------------------------------------------------------------------

void server::save_now() {
  hear_log();
  begin_snapshot();
}

void server::begin_snapshot() {
  if (!snapshots_.may_begin(slot_out()) || !state().refusal().empty())
    return;
  PMMC_INVARIANT(log_->slot_out() == slot_out(), "the engine's part is of the state's slot");
  snapshots_.begin();
  out_.save_snapshot = state().clone();
  out_.save_snapshot->set_engine_part(log_->part_of_snapshot());
}

void server::snapshot_saved(slot_num slot) {
  snapshots_.saved(slot);
  service_.snapshot_saved();
  forget_log();
  hear_log();
  if (snapshots_.is_due(1, state().size_bytes()))
    begin_snapshot();
}

void server::snapshot_failed() {
  snapshots_.failed();
  service_.snapshot_failed();
}

/// What the durable snapshot holds goes from the log, but for those who are a little behind.
void server::forget_log() {
  const auto durable = std::min(snapshot_slot(), slot_out());
  log_->snapshot_durable(durable, gossip_.least_slot_out(peers(), durable, tick_));
}

/// The engine names who has what is missing; how far that one's snapshot goes, its pings say.
void server::begin_fetch(const log_outputs::wish& wish) {
  if (fetch_.is_under_way() || wish.slot <= slot_out())
    return;
  const auto told = gossip_.find(wish.server);
  if (told && told->snapshot_slot >= wish.slot)
    fetch_.begin(wish.server, told->snapshot_slot, tick_, out_.send);
}

/// A state that others contradict must not make a majority by being copied.
void server::on(const snapshot_request& m) {
  if (agreement_.is_disputed())
    return;
  log_->note_piece(m.replica, m.slot, m.offset);
  out_.read_snapshot.push_back({m.replica, m.slot, m.offset});
}

void server::on(snapshot_chunk m) {
  if (fetch_.take(m, tick_, out_.send))
    out_.store_snapshot.push_back(std::move(m));
}

/// G2: catching up never skips a slot: the snapshot holds all slots below its own.
void server::install(std::unique_ptr<replicated_state> fetched) {
  fetch_.finished();
  hear_log();
  const auto slot = fetched->slot_out();
  snapshots_.has_durable(slot);
  if (slot > slot_out()) {
    const auto part = fetched->engine_part();
    service_.install(std::move(fetched));
    log_->installed(slot, part);
    snapshots_.restart_log();
    compare_digests();
    hear_log();
    service_.skipped(out_.send);
  }
  forget_log();
}

// --- The others ---------------------------------------------------------------------------------

/// Those whom the engine talks to, and whoever else is in a configuration that is needed.
std::set<role_id> server::peers() const {
  std::set<role_id> ids;
  const auto add = [&](const std::vector<member>& members) {
    for (const auto& m : members)
      ids.insert(m.id);
  };
  add(log_->contacts());
  const auto known = known_members();
  for (const auto* config : known.live())
    add(config->servers);
  ids.erase(options_.service.id);
  return ids;
}

/// Of the configuration that it knows, or of the servers that vote by its log.
bool server::is_member() const {
  if (known_configurations().latest().has_server(options_.service.id))
    return true;
  if (known_version() != state().configurations().latest().version)
    return false;
  const auto voting = log_->contacts();
  return std::any_of(voting.begin(), voting.end(),
                     [&](const member& m) { return m.id == options_.service.id; });
}

/// The engine's leader tells nothing to a server that was removed, whose clients still come: it
/// goes by what members say. Not by those who still say that it leads itself, or what was handed on
/// would come back.
role_id server::member_to_ask() const {
  if (!log_->leader().empty() || log_->may_propose() ||
      known_configurations().latest().has_server(options_.service.id))
    return {};
  const auto& latest = known_configurations().latest();
  for (const auto& m : latest.servers)
    if (const auto* told = gossip_.told_by<server_vitals>(m.id);
        told != nullptr && gossip_.is_heard(m.id, tick_) && latest.has_server(told->leader))
      return told->leader;
  return {};
}

void server::send_pings() {
  const ping p{options_.service.id, gossip_.next_ping(), current_vitals()};
  for (const auto& id : peers())
    out_.send.push_back({id, p});
}

void server::on(const ping& m) {
  hear(m.from, m.state);
  out_.send.push_back({m.from, pong{options_.service.id, m.number, current_vitals()}});
}

void server::on(const pong& m) { hear(m.from, m.state); }

void server::hear(const role_id& peer, const vitals& told) {
  gossip_.hear(peer, told, false, tick_);
  const auto digest = vitals_as<server_vitals>(told).digest;
  if (digest.slot == 0)
    return;
  agreement_.hear(peer, digest);
  compare_digests();
}

void server::compare_digests() {
  agreement_.compare(state().digests(), options_.service.id,
                     state().configurations().for_slot(slot_out()).servers);
}

void server::learn(const config_history& known) {
  if (!known.empty() && known.latest().version > known_version())
    learned_ = known;
}

const config_history& server::known_configurations() const {
  const auto& own = state().configurations();
  return !learned_.empty() && learned_.latest().version > own.latest().version ? learned_ : own;
}

/// While both of two sets decide, the servers of both are needed.
config_version server::live_from() const {
  const auto& all = state().configurations().all();
  const auto latest = std::prev(all.end());
  return log_->is_settled() || latest == all.begin() ? latest->second.version
                                                     : std::prev(latest)->second.version;
}

// --- What is told of it -------------------------------------------------------------------------

server_vitals server::current_vitals() const {
  server_vitals v;
  log_->describe(v);
  v.slot_out = slot_out();
  v.snapshot_slot = snapshot_slot();
  if (!state().digests().empty())
    v.digest = state().digests().back();
  return v;
}

std::string server::why_stalled() const {
  auto text = gossip_.quorum_text(state().configurations().latest(), tick_);
  if (const auto leader = log_->leader(); !leader.empty())
    text += "; the leader is " + leader.str();
  else if (log_->elects_leaders() && !log_->may_propose())
    text += "; no leader is known";
  return text;
}

std::map<role_id, slot_num> server::slot_outs() const {
  std::map<role_id, slot_num> all{{options_.service.id, slot_out()}};
  for (const auto& id : peers())
    if (const auto told = gossip_.find(id))
      all[id] = told->slot_out;
  return all;
}

service_gauges server::gauges() const {
  auto g = service_.gauges();
  for (const auto& [id, told] : slot_outs())
    g.lag = std::max(g.lag, told - std::min(told, slot_out()));
  g.differing_replicas = differing().size();
  g.fetching_snapshot = fetch_.is_under_way();
  g.pending_configurations = log_->is_settled() ? 0 : 1;
  const auto& latest = state().configurations().latest();
  g.is_member = is_member();
  for (const auto& s : latest.servers)
    g.voters_heard += gossip_.is_heard(s.id, tick_);
  const bool is_leaderless =
      log_->elects_leaders() && log_->leader().empty() && !log_->may_propose();
  if (g.is_member && (g.voters_heard < latest.quorum() || is_leaderless))
    g.trouble = why_stalled();
  return g;
}

} // namespace pmmc
