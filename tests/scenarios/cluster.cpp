#include "scenarios/cluster.hpp"

#include "scenarios/counter_machine.hpp"

#include <algorithm>
#include <sstream>

namespace pmmc::test {

namespace {

configuration make_configuration(std::size_t processes) {
  configuration config;
  for (std::size_t i = 1; i <= processes; ++i) {
    const auto n = std::to_string(i);
    config.acceptors.push_back({"a" + n, "host" + n + ":1"});
    config.leaders.push_back({"l" + n, "host" + n + ":1"});
    config.replicas.push_back({"r" + n, "host" + n + ":1"});
  }
  return config;
}

/// More messages than this in one tick are a storm: roles that answer each other without end.
constexpr std::size_t most_messages_per_tick = 20'000;

} // namespace

cluster::cluster(cluster_settings options)
    : options_(std::move(options)), config_(make_configuration(options_.processes)),
      checker_(config_, options_.window), random_(options_.seed) {
  for (const auto& m : config_.acceptors)
    acceptors_.emplace(m.id, acceptor_host{});
  for (const auto& m : config_.leaders)
    leaders_.emplace(m.id, leader_host{});
  for (const auto& m : config_.replicas)
    replicas_.emplace(m.id, replica_host{});
  for (const auto& id : roles())
    restart(id);
}

// --- Messages -----------------------------------------------------------------------------------

void cluster::send(const role_id& from, const role_id& to, message m) {
  checker_.sent(from, m);
  const auto copies = random_.below(100) < net.lost_percent       ? 0
                      : random_.below(100) < net.repeated_percent ? 2
                                                                  : 1;
  for (int i = 0; i < copies; ++i) {
    const auto delay = random_.below(net.most_delay_ticks + 1);
    (delay == 0 ? pool_ : later_[now_ + delay]).push_back({from, to, m});
  }
}

std::size_t cluster::deliver(const predicate& which) {
  std::deque<flight> chosen;
  for (auto& f : std::exchange(pool_, {}))
    (which(f) ? chosen : pool_).push_back(std::move(f));
  const auto count = chosen.size();
  for (auto& f : chosen)
    hand_over(std::move(f));
  return count;
}

void cluster::deliver_all() {
  for (std::size_t n = 0; !pool_.empty(); ++n) {
    checker::demand(n < most_messages_per_tick, "messages call forth messages without end");
    auto f = std::move(pool_.front());
    pool_.pop_front();
    hand_over(std::move(f));
  }
}

std::size_t cluster::drop(const predicate& which) { return std::erase_if(pool_, which); }

void cluster::hand_over(flight f) {
  if (cut && cut(f.from, f.to))
    return;
  if (auto p = paused_.find(f.to); p != paused_.end()) {
    p->second.push_back(std::move(f));
  } else if (auto a = acceptors_.find(f.to); a != acceptors_.end()) {
    receive(a->second, f);
  } else if (auto l = leaders_.find(f.to); l != leaders_.end()) {
    receive(l->second, f);
  } else if (auto r = replicas_.find(f.to); r != replicas_.end()) {
    receive(r->second, f);
  } else {
    on_client_message(f);
  }
}

void cluster::receive(acceptor_host& h, const flight& f) {
  if (!h.role)
    return;
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { h.role->on(m); })
          h.role->on(m);
      },
      f.body);
  settle(f.to, h);
}

void cluster::receive(leader_host& h, const flight& f) {
  if (!h.role)
    return;
  if (const auto* told = std::get_if<p1b>(&f.body)) {
    for (auto& s : h.scouts)
      s.on(*told);
  } else if (const auto* voted = std::get_if<p2b>(&f.body)) {
    if (auto it = h.commanders.find(voted->slot); it != h.commanders.end())
      it->second.on(*voted);
  } else {
    std::visit(
        [&](const auto& m) {
          if constexpr (requires { h.role->on(m); })
            h.role->on(m);
        },
        f.body);
  }
  settle(f.to, h);
}

void cluster::receive(replica_host& h, const flight& f) {
  if (!h.role)
    return;
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { h.role->on(m); })
          h.role->on(m);
        else if constexpr (requires { h.role->on(f.from, m); })
          h.role->on(f.from, m);
      },
      f.body);
  settle(f.to, h);
}

// --- Outputs ------------------------------------------------------------------------------------

std::optional<crash_moment> cluster::doom(const role_id& id) {
  auto it = doomed_.find(id);
  if (it == doomed_.end())
    return std::nullopt;
  const auto moment = it->second;
  doomed_.erase(it);
  return moment;
}

void cluster::settle(const role_id& id, acceptor_host& h) {
  auto out = h.role->take();
  h.known = h.role->configurations();
  const auto doomed = doom(id);
  if (doomed == crash_moment::before_persisting)
    return vanish(id);
  for (const auto& record : out.persist) {
    h.durable.apply(record);
    if (const auto* accepted = std::get_if<accept_record>(&record))
      checker_.accepted(id, *accepted);
    if (const auto* collected = std::get_if<collect_record>(&record))
      checker_.watermark(collected->watermark);
  }
  if (doomed == crash_moment::before_sending)
    return crash(id);
  for (auto& e : out.send)
    send(id, e.to, std::move(e.body));
  if (doomed)
    crash(id);
}

void cluster::settle(const role_id& id, leader_host& h) {
  const auto doomed = doom(id);
  if (doomed == crash_moment::before_persisting)
    return vanish(id);
  h.known = h.role->configurations();
  checker_.watermark(h.role->current_vitals().watermark);
  do {
    auto out = h.role->take();
    for (const auto& record : out.persist)
      h.free_seqnum = record.free_seqnum;
    if (doomed == crash_moment::before_sending)
      return crash(id);
    carry_out(id, h, std::move(out));
    collect_news(id, h);
    deliver_news(id, h);
  } while (!h.news.empty() && h.news.front().first <= now_);
  carry_out(id, h, h.role->take());
  collect_news(id, h);
  if (doomed)
    crash(id);
}

void cluster::carry_out(const role_id& id, leader_host& h, leader_outputs out) {
  for (const auto& record : out.persist)
    h.free_seqnum = record.free_seqnum;
  if (out.stop_all) {
    h.scouts.clear();
    h.commanders.clear();
  }
  for (const auto& child : out.stop)
    if (child.kind == sub_role_kind::commander)
      h.commanders.erase(child.number);
    else
      std::erase_if(h.scouts,
                    [&](const scout& s) { return s.task().config->version == child.number; });
  for (auto& wanted : out.start)
    if (auto* task = std::get_if<scout_task>(&wanted)) {
      if (task->to_slot == 0)
        checker_.ran(id, task->ballot, h.life);
      h.scouts.emplace_back(id, std::move(*task));
    } else {
      commander started{id, std::move(std::get<commander_task>(wanted))};
      const auto slot = started.task().value.slot;
      const bool only_one = h.commanders.emplace(slot, std::move(started)).second;
      checker::demand(only_one, "C1: two commanders for a slot at the same time");
    }
  for (auto& e : out.send)
    send(id, e.to, std::move(e.body));
}

void cluster::collect_news(const role_id& id, leader_host& h) {
  const auto arrival = [this] { return now_ + random_.below(options_.most_outcome_ticks + 1); };
  for (auto& s : h.scouts)
    for (auto& e : s.take().send)
      send(id, e.to, std::move(e.body));
  for (auto& [slot, c] : h.commanders)
    for (auto& e : c.take().send)
      send(id, e.to, std::move(e.body));
  std::erase_if(h.scouts, [&](const scout& s) {
    if (s.outcome())
      h.news.emplace_back(arrival(), *s.outcome());
    return s.outcome().has_value();
  });
  std::erase_if(h.commanders, [&](const auto& entry) {
    const commander& c = entry.second;
    if (c.outcome())
      h.news.emplace_back(arrival(), std::pair{*c.outcome(), c.task().value.ballot});
    return c.outcome().has_value();
  });
  std::stable_sort(h.news.begin(), h.news.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

void cluster::deliver_news(const role_id&, leader_host& h) {
  while (!h.news.empty() && h.news.front().first <= now_) {
    const auto news = std::move(h.news.front().second);
    h.news.erase(h.news.begin());
    if (const auto* scouted = std::get_if<scout_outcome>(&news))
      h.role->on(*scouted);
    else
      h.role->on(std::get<1>(news).first, std::get<1>(news).second);
  }
}

void cluster::settle(const role_id& id, replica_host& h) {
  h.role->flush();
  const auto doomed = doom(id);
  if (doomed && doomed != crash_moment::after_sending)
    return crash(id);
  for (bool more = true; more;) {
    auto out = h.role->take();
    for (auto& e : out.send) {
      if (const auto* p = std::get_if<propose>(&e.body))
        checker::demand(p->slot < h.role->slot_out() + options_.window, "R5: beyond the window");
      send(id, e.to, std::move(e.body));
    }
    if (out.save_snapshot) {
      h.saving = std::move(out.save_snapshot);
      h.saving_done_tick = now_ + random_.below(options_.most_save_ticks + 1);
    }
    for (const auto& m : out.read_snapshot)
      answer_piece(id, h, m);
    more = !out.store_snapshot.empty();
    for (auto& piece : out.store_snapshot)
      store(id, h, std::move(piece));
  }
  checker_.looked_at(id, *h.role);
  if (doomed)
    crash(id);
}

// --- Snapshots ----------------------------------------------------------------------------------

std::unique_ptr<replicated_state> cluster::empty_state() const {
  return std::make_unique<replicated_state>(std::make_unique<counter_machine>(),
                                            config_history{config_}, options_.window);
}

void cluster::save(const role_id& id, replica_host& h) {
  std::ostringstream bytes;
  h.saving->write(bytes);
  const auto slot = h.saving->slot_out();
  h.saving.reset();
  if (slot > h.snapshot_slot) {
    h.snapshot = bytes.str();
    h.snapshot_slot = slot;
    checker_.durable(id, slot);
  }
  h.role->snapshot_saved(slot);
  settle(id, h);
}

void cluster::answer_piece(const role_id& id, const replica_host& h,
                           const replica_outputs::read_piece& m) {
  snapshot_chunk piece{id, 0, m.offset, 0, {}};
  if (h.snapshot_slot != 0 && (m.slot == 0 || m.slot == h.snapshot_slot) &&
      m.offset <= h.snapshot.size()) {
    piece.slot = h.snapshot_slot;
    piece.total = h.snapshot.size();
    piece.bytes = h.snapshot.substr(m.offset, options_.piece_bytes);
  }
  send(id, m.to, std::move(piece));
}

void cluster::store(const role_id& id, replica_host& h, snapshot_chunk piece) {
  if (piece.offset == 0)
    h.fetched.clear();
  checker::demand(piece.offset == h.fetched.size(), "G2: a piece of a snapshot is missing");
  h.fetched += piece.bytes;
  if (h.fetched.size() < piece.total)
    return;
  auto state = empty_state();
  std::istringstream in{h.fetched};
  state->read(in);
  checker::demand(state->slot_out() == piece.slot, "the fetched snapshot is of another slot");
  if (state->slot_out() > h.snapshot_slot) {
    h.snapshot_slot = state->slot_out();
    h.snapshot = std::move(h.fetched);
    checker_.durable(id, h.snapshot_slot);
  }
  ++snapshots_fetched_;
  h.role->install(std::move(state));
}

slot_num cluster::snapshot_on_disk(const role_id& replica) const {
  return replicas_.at(replica).snapshot_slot;
}

// --- Time ---------------------------------------------------------------------------------------

void cluster::tick() {
  ++now_;
  for (auto it = later_.begin(); it != later_.end() && it->first <= now_; it = later_.erase(it))
    std::move(it->second.begin(), it->second.end(), std::back_inserter(pool_));
  for (const auto& id : roles())
    tick(id);
}

void cluster::tick(const role_id& id) {
  if (!is_up(id) || paused_.contains(id))
    return;
  if (auto l = leaders_.find(id); l != leaders_.end()) {
    auto& h = l->second;
    h.role->on_tick();
    for (auto& s : h.scouts)
      s.on_tick();
    for (auto& [slot, c] : h.commanders)
      c.on_tick();
    deliver_news(id, h);
    settle(id, h);
  } else if (auto r = replicas_.find(id); r != replicas_.end()) {
    auto& h = r->second;
    h.role->on_tick();
    settle(id, h);
    if (h.role && h.saving && now_ >= h.saving_done_tick)
      save(id, h);
  }
}

void cluster::run(std::uint64_t ticks) {
  for (; ticks > 0; --ticks) {
    deliver_all();
    tick();
  }
}

bool cluster::run_until(const std::function<bool()>& done, std::uint64_t most_ticks) {
  for (; most_ticks > 0 && !done(); --most_ticks)
    run(1);
  return done();
}

} // namespace pmmc::test
