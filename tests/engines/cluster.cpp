#include "engines/cluster.hpp"

#include "core_helpers.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace pmmc::engines::test {

namespace {

constexpr std::size_t piece_bytes = 300;

void demand(bool holds, const std::string& what) {
  if (!holds)
    throw std::logic_error(what);
}

} // namespace

member member_called(const role_id& id) { return {id, id.str() + ":1", id.str() + "-disk"}; }

std::vector<role_id> server_ids(std::size_t n) {
  std::vector<role_id> ids;
  for (std::size_t i = 1; i <= n; ++i)
    ids.emplace_back("s" + std::to_string(i));
  return ids;
}

cluster::cluster(settings options) : options_(options), random_(options.seed) {
  for (const auto& id : server_ids(options.servers))
    founders_.servers.push_back({id, id.str() + ":1"});
  for (const auto& m : founders_.servers)
    add(m.id);
}

std::vector<role_id> cluster::ids() const {
  std::vector<role_id> all;
  for (const auto& [id, n] : nodes_)
    all.push_back(id);
  return all;
}

role_id cluster::leader() const {
  role_id best;
  for (const auto& [id, n] : nodes_)
    if (n.up && options_.engine == engine_kind::raft && core(id).is_leader() &&
        (best.empty() || core(id).term() > core(best).term()))
      best = id;
  return best;
}

const raft::consensus& cluster::core(const role_id& id) const {
  return static_cast<const raft::engine*>(nodes_.at(id).log)->core();
}

const simple::server_core& cluster::simple_core(const role_id& id) const {
  return static_cast<const simple::engine*>(nodes_.at(id).log)->core();
}

// --- Servers ------------------------------------------------------------------------------------

void cluster::add(const role_id& id) {
  auto& n = nodes_[id];
  n.raft = raft::founding_state({1, founders_.servers, {}});
  start(id);
  for (auto& [client, c] : clients_)
    c.core->on_replica_up(id, id.str());
}

std::unique_ptr<replicated_state> cluster::before_slot_1() const {
  return std::make_unique<replicated_state>(std::make_unique<pmmc::test::log_machine>(),
                                            config_history{founders_}, options_.window, "",
                                            session_limits{}, options_.engine);
}

std::unique_ptr<replicated_state> cluster::restored(const std::string& bytes) const {
  auto state = before_slot_1();
  if (!bytes.empty()) {
    std::istringstream in{bytes};
    state->read(in);
  }
  return state;
}

std::unique_ptr<replicated_log> cluster::make_log(node& n, const role_id& id,
                                                  const replicated_state& state) {
  if (options_.engine == engine_kind::raft) {
    raft::engine::settings s;
    s.server.id = id;
    s.server.seed = random_.next();
    s.server.election_ticks = options_.election_ticks;
    s.server.catch_up_ticks = options_.catch_up_ticks;
    s.server.pace = {200, 500, 4};
    s.kept_bytes = options_.kept_bytes;
    return std::make_unique<raft::engine>(s, n.raft, state.slot_out(), state.engine_part());
  }
  simple::server_core::settings s;
  s.id = id;
  s.seed = random_.next();
  s.window = 64;
  s.page_bytes = 200;
  return std::make_unique<simple::engine>(s, founders_.servers, n.simple, state.slot_out());
}

void cluster::start(const role_id& id) {
  auto& n = nodes_.at(id);
  auto state = restored(n.snapshot);
  auto log = make_log(n, id, *state);
  n.log = log.get();
  server::settings s;
  s.service.id = id;
  s.service.founds = id == founders_.servers.front().id ? 7 : 0;
  s.service.batch_requests = 3;
  s.seed = random_.next();
  s.snapshot_log_bytes = options_.snapshot_log_bytes;
  n.up = std::make_unique<server>(s, std::move(log), std::move(state), !n.snapshot.empty());
  n.checked = 0;
  settle(id);
}

void cluster::tick(const role_id& id) {
  nodes_.at(id).up->on_tick();
  settle(id);
}

void cluster::write(node& n, std::span<const log_record> records) {
  for (const auto& r : records)
    if (const auto* of_raft = std::get_if<raft::record>(&r))
      n.raft.apply(*of_raft);
    else
      n.simple.apply(std::get<simple::record>(r));
}

void cluster::send(const role_id& from, std::vector<envelope> letters) {
  for (auto& e : letters)
    post_.push_back({from, std::move(e)});
}

void cluster::settle(const role_id& id) {
  auto& n = nodes_.at(id);
  n.up->flush();
  for (auto out = n.up->take(); !out.empty() || out.save_snapshot || !out.read_snapshot.empty() ||
                                !out.store_snapshot.empty();
       out = n.up->take()) {
    send(id, std::move(out.send_early));
    snapshot_work& work = out;
    carry_out(id, work);
    n.writing.push_back({std::move(out.persist), std::move(out.send)});
    if (n.writing.size() == 1 && (!slow_disks_ || n.writing.front().records.empty()))
      finish_write(id);
    n.up->flush();
  }
  check(id);
}

void cluster::make_disks_slow(bool slow) {
  slow_disks_ = slow;
  for (const auto& id : ids())
    if (!slow && is_up(id)) {
      finish_save(id);
      while (is_up(id) && is_writing(id))
        finish_write(id);
    }
}

/// The oldest write, and the messages that waited for it and for nothing else.
void cluster::finish_write(const role_id& id) {
  auto& n = nodes_.at(id);
  do {
    auto done = std::move(n.writing.front());
    n.writing.pop_front();
    write(n, done.records);
    send(id, std::move(done.send));
    n.up->persisted(done.records);
  } while (!n.writing.empty() && n.writing.front().records.empty());
  settle(id);
}

void cluster::crash(const role_id& id, std::size_t written) {
  auto& n = nodes_.at(id);
  auto last = n.up->take();
  send(id, std::move(last.send_early));
  n.writing.push_back({std::move(last.persist), {}});
  const auto& records = n.writing.front().records;
  write(n, std::span{records}.first(std::min(written, records.size())));
  n.writing.clear();
  n.saving.reset();
  n.fetching.reset();
  n.up.reset();
  n.log = nullptr;
  for (auto& [client, c] : clients_) {
    c.core->on_replica_down(id, "it is down");
    settle_client(client);
  }
}

void cluster::restart(const role_id& id) {
  start(id);
  for (auto& [client, c] : clients_) {
    c.core->on_replica_up(id, id.str());
    settle_client(client);
  }
}

// --- Snapshots ----------------------------------------------------------------------------------

void cluster::carry_out(const role_id& id, snapshot_work& work) {
  auto& n = nodes_.at(id);
  if (work.save_snapshot) {
    n.saving = std::move(work.save_snapshot);
    if (!slow_disks_)
      finish_save(id);
  }
  for (const auto& piece : work.read_snapshot)
    answer_piece(id, piece);
  for (const auto& piece : work.store_snapshot)
    store_piece(id, piece);
}

void cluster::finish_save(const role_id& id) {
  auto& n = nodes_.at(id);
  if (!n.saving)
    return;
  std::ostringstream out;
  n.saving->write(out);
  const auto slot = std::exchange(n.saving, nullptr)->slot_out();
  if (slot > n.snapshot_slot) { // else a later one was fetched meanwhile
    n.snapshot = out.str();
    n.snapshot_slot = slot;
  }
  ++saved_;
  n.up->snapshot_saved(slot);
}

slot_num cluster::snapshot_on_disk(const role_id& id) const { return nodes_.at(id).snapshot_slot; }

void cluster::answer_piece(const role_id& id, const snapshot_work::read_piece& what) {
  const auto& n = nodes_.at(id);
  if (what.slot != n.snapshot_slot || what.offset >= n.snapshot.size())
    return send(id, {{what.to, snapshot_chunk{id, 0, what.offset, 0, {}}}});
  send(id, {{what.to, snapshot_chunk{id, what.slot, what.offset, n.snapshot.size(),
                                     n.snapshot.substr(what.offset, piece_bytes)}}});
}

void cluster::store_piece(const role_id& id, const snapshot_chunk& piece) {
  auto& n = nodes_.at(id);
  if (piece.offset == 0)
    n.fetching = incoming{piece.slot, {}};
  demand(n.fetching && n.fetching->slot == piece.slot && n.fetching->bytes.size() == piece.offset,
         "pieces of a snapshot come in order");
  n.fetching->bytes += piece.bytes;
  if (n.fetching->bytes.size() < piece.total)
    return;
  auto fetched = restored(n.fetching->bytes);
  if (fetched->slot_out() > n.snapshot_slot) {
    n.snapshot = n.fetching->bytes;
    n.snapshot_slot = fetched->slot_out();
  }
  n.fetching.reset();
  ++fetched_;
  n.up->install(std::move(fetched));
}

// --- The network --------------------------------------------------------------------------------

void cluster::drop(std::size_t which) {
  post_.erase(post_.begin() + static_cast<std::ptrdiff_t>(which));
}

void cluster::deliver(std::size_t which) {
  const auto l = std::move(post_[which]);
  drop(which);
  if (cut_off_.contains(l.from) || cut_off_.contains(l.what.to) || (loses && loses(l)))
    return;
  hand_over(l);
}

void cluster::hand_over(const letter& l) {
  const auto& to = l.what.to;
  if (const auto c = clients_.find(to); c != clients_.end()) {
    if (const auto* r = std::get_if<response>(&l.what.body))
      c->second.core->on(l.from, *r);
    else if (const auto* q = std::get_if<query_reply>(&l.what.body))
      c->second.core->on(l.from, *q);
    else if (const auto* b = std::get_if<better_replica>(&l.what.body))
      c->second.core->on(*b);
    return settle_client(to);
  }
  if (!is_up(to))
    return;
  auto m = l.what.body;
  demand(pmmc::deliver(*nodes_.at(to).up, l.from, m), "a server takes all that servers send");
  settle(to);
}

void cluster::run(unsigned ticks) {
  run_until([] { return false; }, ticks);
}

bool cluster::run_until(const std::function<bool()>& holds, unsigned ticks) {
  for (unsigned i = 0; i < ticks; ++i) {
    if (holds())
      return true;
    for (const auto& id : ids())
      if (is_up(id))
        tick(id);
    tick_clients();
    while (!post_.empty())
      deliver(0);
    if (i % 10 == 0)
      for (const auto& from : ids())
        for (const auto& to : ids())
          share_news(from, to);
  }
  return holds();
}

void cluster::share_news(const role_id& from, const role_id& to) {
  if (from != to && is_up(from) && is_up(to) && !cut_off_.contains(from) &&
      !cut_off_.contains(to) && nodes_.at(from).up->known_version() > 1)
    nodes_.at(to).up->learn(nodes_.at(from).up->known_configurations());
}

void cluster::tick_clients() {
  for (auto& [id, c] : clients_) {
    c.core->on_tick();
    settle_client(id);
  }
}

role_id cluster::run_until_leader() {
  demand(run_until([this] { return !leader().empty(); }), "nobody is elected");
  return leader();
}

// --- Clients ------------------------------------------------------------------------------------

void cluster::add_client(const role_id& id, const role_id& first) {
  auto& c = clients_[id];
  client::settings s;
  s.id = id;
  s.seed = random_.next();
  c.core = std::make_unique<client>(s);
  if (!first.empty())
    c.core->on_replica_up(first, first.str());
  for (const auto& [server, n] : nodes_)
    if (n.up && server != first)
      c.core->on_replica_up(server, server.str());
  settle_client(id);
}

std::string cluster::write(const role_id& id, unsigned timeout_ticks) {
  auto& c = clients_.at(id);
  const auto op = id.str() + "." + std::to_string(++c.last);
  c.writes[c.core->submit(op, timeout_ticks)] = op;
  settle_client(id);
  return op;
}

void cluster::read(const role_id& id, unsigned timeout_ticks) {
  auto& c = clients_.at(id);
  c.queries[c.core->submit_query("", timeout_ticks)] = acknowledged_;
  settle_client(id);
}

void cluster::change(const role_id& id, const reconfiguration& r, unsigned timeout_ticks) {
  clients_.at(id).core->submit(encode(r), timeout_ticks, request_kind::reconfigure);
  settle_client(id);
}

void cluster::settle_client(const role_id& id) {
  auto& c = clients_.at(id);
  auto out = c.core->take();
  send(id, std::move(out.send));
  for (const auto& o : out.finished)
    hear(c, o);
}

void cluster::hear(played_client& c, const client_outcome& o) {
  if (const auto asked = c.queries.extract(o.ticket)) {
    if (o.kind != outcome_kind::done)
      return;
    ++reads_;
    for (const auto& op : asked.mapped())
      demand(("," + o.body).find("," + op + ",") != std::string::npos,
             "a read misses " + op + ", which was answered before");
    return;
  }
  c.outcomes.push_back(o);
  c.has_given_up |= o.kind == outcome_kind::unknown || o.kind == outcome_kind::not_executed;
  if (const auto wrote = c.writes.extract(o.ticket); wrote && o.kind == outcome_kind::done)
    acknowledged_.insert(wrote.mapped());
}

bool cluster::all_idle() const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [](const auto& c) { return c.second.core->is_idle(); });
}

std::vector<std::string> cluster::answered_of(const role_id& client) const {
  const auto prefix = client.str() + ".";
  std::vector<std::string> ops;
  for (const auto& op : acknowledged_)
    if (op.starts_with(prefix))
      ops.push_back(op);
  return ops;
}

std::optional<reconfiguration_outcome> cluster::changed(const role_id& client) const {
  std::optional<reconfiguration_outcome> last;
  for (const auto& o : outcomes(client))
    if (o.kind == outcome_kind::done)
      if (const auto decoded = decode_reconfiguration_outcome(o.body))
        last = decoded;
  return last;
}

bool cluster::has_performed(const role_id& id, const std::string& op) const {
  return ("," + text(id)).find("," + op + ",") != std::string::npos;
}

// --- The promises -------------------------------------------------------------------------------

void cluster::check(const role_id& id) {
  auto& n = nodes_.at(id);
  if (options_.engine == engine_kind::raft && core(id).is_leader()) {
    const auto [it, is_new] = leaders_.try_emplace(core(id).term(), id);
    demand(it->second == id, "Election Safety: two servers lead a term");
  }
  const auto& state = n.up->state();
  demand(state.refusal().empty(), "a server refuses its own cluster: " + state.refusal());
  if (state.slot_out() == n.checked)
    return;
  demand(state.slot_out() > n.checked, "R4: slot_out never decreases");
  n.checked = state.slot_out();
  const auto [it, is_new] = fingerprints_.try_emplace(n.checked, state.fingerprint());
  demand(it->second == state.fingerprint(),
         "S1: states differ at slot " + std::to_string(n.checked) + " of " + id.str());
  check_operations(state.machine().query({}));
}

/// Each once; and those of a client in the order in which it asked for them, unless it gave up a
/// session: what was under way in that may come late.
void cluster::check_operations(const std::string& text) const {
  std::map<role_id, std::set<std::uint64_t>> done;
  std::istringstream ops{text};
  for (std::string op; std::getline(ops, op, ',');) {
    const auto dot = op.find('.');
    const auto number = std::stoull(op.substr(dot + 1));
    const role_id client = op.substr(0, dot);
    auto& before = done[client];
    const bool is_late = !before.empty() && number < *before.rbegin();
    demand(before.insert(number).second, "X1: " + op + " is executed twice");
    demand(!is_late || clients_.at(client).has_given_up, "X1: " + op + " is out of order");
  }
}

} // namespace pmmc::engines::test
