#include "raft/cluster.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace pmmc::raft::test {

namespace {

void demand(bool holds, const std::string& what) {
  if (!holds)
    throw std::logic_error(what);
}

std::string text_of(const position& p) {
  return std::to_string(p.index) + " of term " + std::to_string(p.term);
}

} // namespace

member member_called(const role_id& id) { return {id, id.str() + ":1", id.str() + "-disk"}; }

server_set servers_called(const std::vector<role_id>& ids) {
  server_set set;
  set.version = 1;
  for (const auto& id : ids)
    set.servers.push_back(member_called(id));
  return set;
}

std::vector<role_id> server_ids(std::size_t n) {
  std::vector<role_id> ids;
  for (std::size_t i = 1; i <= n; ++i)
    ids.emplace_back("s" + std::to_string(i));
  return ids;
}

entry entry_at(const position& p) { return {p.term, command{"value " + text_of(p)}, nullptr}; }

persistent_state state_with(const std::vector<role_id>& ids, const std::vector<term_num>& terms,
                            term_num current, const role_id& voted_for) {
  auto state = founding_state(servers_called(ids));
  state.term = current;
  state.voted_for = voted_for;
  for (const auto term : terms)
    state.log.append(entry_at({state.log.last().index + 1, term}));
  return state;
}

cluster::cluster(std::size_t servers, std::uint64_t seed) : seed_(seed) {
  founders_ = server_ids(servers);
  for (const auto& id : founders_)
    add(id);
}

cluster::cluster(std::map<role_id, persistent_state> disks, std::uint64_t seed) : seed_(seed) {
  for (auto& [id, disk] : disks)
    founders_.push_back(id);
  for (auto& [id, disk] : disks) {
    auto previous = disk.log.base();
    for (auto i = disk.log.first(); i <= disk.log.last().index; ++i) {
      const position p{i, *disk.log.term_at(i)};
      check_entry(p, previous.term, disk.log.at(i));
      previous = p;
    }
    nodes_[id].disk = std::move(disk);
    start(id);
  }
}

std::vector<role_id> cluster::ids() const {
  std::vector<role_id> all;
  for (const auto& [id, n] : nodes_)
    all.push_back(id);
  return all;
}

role_id cluster::leader() const {
  const consensus* best = nullptr;
  for (const auto& [id, n] : nodes_)
    if (n.up && n.up->is_leader() && (best == nullptr || n.up->term() > best->term()))
      best = n.up.get();
  return best == nullptr ? role_id{} : best->options().id;
}

// --- Steps --------------------------------------------------------------------------------------

void cluster::add(const role_id& id) {
  auto& n = nodes_[id];
  n.disk = founding_state(servers_called(founders_));
  start(id);
}

void cluster::start(const role_id& id) {
  auto& n = nodes_.at(id);
  consensus::settings options;
  options.id = id;
  options.seed = random_source{seed_ * 1'000 + ++lives_}.next();
  options.pace = {200, 500, 4};
  n.up = std::make_unique<consensus>(options, n.disk);
  n.performed = n.disk.log.base().index;
  n.texts.clear();
  n.barriers.clear();
  n.led_in = 0;
}

void cluster::tick(const role_id& id) {
  nodes_.at(id).up->on_tick();
  settle(id);
}

void cluster::write(node& n, const std::vector<record>& records, std::size_t count) {
  for (std::size_t i = 0; i < std::min(count, records.size()); ++i) {
    if (const auto* a = std::get_if<append_record>(&records[i]))
      check_entry({a->index, a->what.term}, n.disk.log.last().term, a->what);
    truncations_ += std::holds_alternative<truncate_record>(records[i]) ? 1 : 0;
    n.disk.apply(records[i]);
  }
}

void cluster::send(const role_id& from, std::vector<envelope> letters) {
  for (auto& e : letters)
    if (e.to != from)
      post_.push_back({from, std::move(e)});
}

void cluster::settle(const role_id& id) {
  auto& n = nodes_.at(id);
  for (auto out = n.up->take(); !out.empty(); out = n.up->take()) {
    send(id, std::move(out.send_early));
    for (auto& c : out.committed)
      hear_committed(id, std::move(c));
    for (const auto& r : out.readable)
      hear_readable(id, r);
    if (out.fetch_snapshot)
      fetch(id, *out.fetch_snapshot);
    if (out.dropped_change)
      dropped_change_ = *out.dropped_change;
    n.writing.push_back(std::move(out));
    if (n.writing.size() == 1 && (!slow_disks_ || n.writing.front().persist.empty()))
      finish_write(id);
  }
  check(id);
}

void cluster::make_disks_slow(bool slow) {
  slow_disks_ = slow;
  for (auto& [id, n] : nodes_)
    while (!slow && n.up && !n.writing.empty())
      finish_write(id);
}

/// The oldest write, and the messages that waited for it and for nothing else.
void cluster::finish_write(const role_id& id) {
  auto& n = nodes_.at(id);
  do {
    auto done = std::move(n.writing.front());
    n.writing.pop_front();
    write(n, done.persist, done.persist.size());
    send(id, std::move(done.send));
    n.up->persisted(done.persist);
  } while (!n.writing.empty() && n.writing.front().persist.empty());
  settle(id);
}

void cluster::crash(const role_id& id, std::size_t written) {
  auto& n = nodes_.at(id);
  n.writing.push_back(n.up->take());
  send(id, std::move(n.writing.back().send_early));
  write(n, n.writing.front().persist, written);
  n.writing.clear();
  n.up.reset();
}

void cluster::restart(const role_id& id) {
  start(id);
  check(id);
}

bool cluster::deliver_next() {
  if (post_.empty())
    return false;
  deliver(0);
  return true;
}

/// False: nobody is there to take it.
bool cluster::hand_over(std::size_t which) {
  const auto l = post_[which];
  drop(which);
  if (!is_up(l.what.to) || is_cut_off(l.from) || is_cut_off(l.what.to))
    return false;
  auto& to = *nodes_.at(l.what.to).up;
  std::visit([&](const auto& body) { to.on(body); }, l.what.body);
  return true;
}

void cluster::deliver(std::size_t which) {
  const auto to = post_[which].what.to;
  if (hand_over(which))
    settle(to);
}

void cluster::deliver_and_crash(std::size_t which, std::size_t written) {
  const auto to = post_[which].what.to;
  if (hand_over(which))
    crash(to, written);
}

void cluster::deliver_all() {
  while (deliver_next()) {
  }
}

void cluster::run(unsigned ticks) {
  for (unsigned i = 0; i < ticks; ++i) {
    for (const auto& id : ids())
      if (is_up(id))
        tick(id);
    deliver_all();
  }
}

void cluster::elect(const role_id& id) {
  for (unsigned i = 0; i < 100 && !nodes_.at(id).up->is_leader(); ++i) {
    for (const auto& other : ids()) // those that heard a leader of late would not vote
      if (is_up(other) && other != id && i < 30)
        nodes_.at(other).up->on_tick();
    tick(id);
    deliver_all();
  }
  demand(nodes_.at(id).up->is_leader(), id.str() + " is not elected");
}

role_id cluster::run_until_leader(unsigned ticks) {
  for (unsigned i = 0; i < ticks && leader().empty(); ++i)
    run(1);
  return leader();
}

bool cluster::propose(const role_id& id, const std::string& text) {
  const auto where = nodes_.at(id).up->propose(command{text});
  settle(id);
  return where.has_value();
}

std::string cluster::change(const role_id& id, const std::vector<role_id>& to) {
  auto& server = *nodes_.at(id).up;
  std::vector<member> servers;
  for (const auto& s : to)
    servers.push_back(member_called(s));
  const auto why = server.change(server.members().version, std::move(servers), command{"change"});
  settle(id);
  return why;
}

void cluster::barrier(const role_id& id) {
  auto& n = nodes_.at(id);
  n.barriers.clear(); // a later question replaces those before it
  n.barriers[++last_barrier_] = committed_.empty() ? 0 : committed_.rbegin()->first;
  n.up->barrier(last_barrier_);
  settle(id);
}

void cluster::snapshot(const role_id& id, slot_num kept) {
  auto& n = nodes_.at(id);
  if (n.performed <= n.up->log().base().index + kept)
    return;
  n.saved = {{n.performed, *n.up->log().term_at(n.performed)}, n.up->log().members_at(n.performed)};
  n.up->compact(n.performed - kept);
  settle(id);
}

/// The pieces of a snapshot are the service's: here it is there at once, if its owner has one.
void cluster::fetch(const role_id& id, const outputs::fetch& wish) {
  if (!is_up(wish.from) || is_cut_off(wish.from) || is_cut_off(id))
    return;
  const auto& from = nodes_.at(wish.from);
  auto& to = nodes_.at(id);
  if (from.saved.base.index < wish.base.index || from.saved.base.index <= to.performed)
    return;
  to.saved = from.saved;
  to.performed = from.saved.base.index;
  to.up->installed(from.saved.base, from.saved.members);
  ++installed_;
}

std::vector<std::string> cluster::performed(const role_id& id) const { return nodes_.at(id).texts; }

// --- The properties -----------------------------------------------------------------------------

/// State Machine Safety: no two servers perform different entries at an index.
void cluster::hear_committed(const role_id& id, outputs::committed_entry c) {
  auto& n = nodes_.at(id);
  demand(c.index == n.performed + 1, id.str() + " performs " + std::to_string(c.index) +
                                         " behind " + std::to_string(n.performed));
  n.performed = c.index;
  const position p{c.index, c.what.term};
  const auto [it, is_new] = committed_.try_emplace(c.index, p);
  demand(it->second == p, "State Machine Safety: " + text_of(p) + " at " + id.str() + ", and " +
                              text_of(it->second) + " was committed");
  if (is_new) {
    check_durable(p, *n.up->log().members());
    changes_ += c.what.members && !c.what.members->is_joint() ? 1 : 0;
  }
  if (!c.what.value.is_noop())
    n.texts.emplace_back(c.what.value.bytes());
}

/// What was committed before it was asked is seen.
void cluster::hear_readable(const role_id& id, const outputs::readable_at& r) {
  const auto asked = nodes_.at(id).barriers.extract(r.number);
  demand(!asked.empty(), id.str() + " is answered a question that it did not ask");
  demand(r.index >= asked.mapped(),
         "a read at " + id.str() + " misses what was committed before it was asked");
  ++reads_;
}

/// It is on the disks of a majority of those that decide.
void cluster::check_durable(const position& p, const server_set& members) const {
  const bool is_kept = members.has_majority([&](const role_id& s) {
    const auto n = nodes_.find(s);
    return n != nodes_.end() &&
           (n->second.disk.log.has(p) || n->second.disk.log.base().index >= p.index);
  });
  demand(is_kept, "committed is " + text_of(p) + ", which no majority has on its disks");
}

/// Log Matching: an entry's position says what it is, and which one stands before it.
void cluster::check_entry(const position& p, term_num previous, const entry& e) {
  const auto [it, is_new] = entries_.try_emplace({p.index, p.term}, previous, e);
  demand(it->second.first == previous && it->second.second == e,
         "Log Matching: there are two entries " + text_of(p));
}

void cluster::check(const role_id& id) {
  const auto& up = *nodes_.at(id).up;
  demand(up.commit() <= up.log().last().index, "what is committed is in the log");
  if (up.is_leader())
    check_leader(id);
  else
    nodes_.at(id).led_in = 0;
}

void cluster::check_leader(const role_id& id) {
  auto& n = nodes_.at(id);
  const auto& up = *n.up;
  const auto [it, is_new] = leaders_.try_emplace(up.term(), id);
  demand(it->second == id, "Election Safety: " + id.str() + " and " + it->second.str() +
                               " lead term " + std::to_string(up.term()));
  if (n.led_in == up.term())
    demand(up.log().has(n.led_to) || n.led_to.index < up.log().base().index,
           "Leader Append-Only: " + id.str() + " lost " + text_of(n.led_to));
  if (n.led_in != up.term())
    for (const auto& [index, p] : committed_)
      demand(p.term >= up.term() || index <= up.log().base().index || up.log().has(p),
             "Leader Completeness: " + id.str() + " lacks " + text_of(p));
  n.led_in = up.term();
  n.led_to = up.log().last();
}

} // namespace pmmc::raft::test
