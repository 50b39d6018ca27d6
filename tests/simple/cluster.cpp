#include "simple/cluster.hpp"

#include "base/invariant.hpp"

#include <algorithm>

namespace pmmc::simple::test {

cluster::cluster(settings options)
    : options_(std::move(options)), random_(options_.seed), checker_(options_.servers),
      servers_(options_.servers) {
  set_invariant_handler([](const char* condition, const char* meaning) {
    throw broken{std::string{meaning} + " (" + condition + ")"};
  });
  options_.core.servers = server_ids(options_.servers);
  for (std::size_t i = 0; i < servers_.size(); ++i)
    restart(i);
}

// --- Inputs -------------------------------------------------------------------------------------

bool cluster::propose(std::size_t server, const std::string& text) {
  const command value{text};
  checker_.proposed(value);
  if (!at(server).propose(value))
    return false;
  servers_[server].own.insert(text);
  awaited_.insert(text);
  after_input(server);
  return true;
}

bool cluster::barrier(std::size_t server) {
  barriers_.emplace(++barrier_number_, pending_barrier{server, checker_.end()});
  if (!at(server).barrier(barrier_number_)) {
    barriers_.erase(barrier_number_);
    return false;
  }
  after_input(server);
  return true;
}

void cluster::tick(std::size_t server) {
  at(server).on_tick();
  after_input(server);
}

void cluster::save(std::size_t server, slot_num slot) {
  checker_.snapshot(server, slot, false);
  at(server).done(slot);
  after_input(server);
}

/// The snapshot of the one who was named, as it is now.
void cluster::fetch(std::size_t server) {
  const auto wish = std::exchange(servers_[server].wish, std::nullopt);
  for (std::size_t from = 0; wish && from < servers_.size(); ++from) {
    const auto slot = checker_.snapshot_of(from);
    if (id_of(from) != wish->server || !is_up(from) || slot < wish->slot)
      continue;
    flush(server);
    if (slot <= at(server).slot_out())
      continue; // it came another way
    checker_.snapshot(server, slot, true);
    at(server).installed(slot);
    after_input(server);
  }
}

void cluster::after_input(std::size_t server, crash_point p) {
  if (!is_lazy || p != crash_point::none)
    flush(server, p);
}

void cluster::flush(std::size_t server, crash_point p) {
  auto out = at(server).take();
  if (!carry_out(server, out, p))
    return crash(server);
  apply(server, out);
}

/// The order of simple::outputs. Returns whether the server has survived it.
bool cluster::carry_out(std::size_t server, outputs& out, crash_point p) {
  if (p == crash_point::before_persist)
    return false;
  if (p == crash_point::between_records)
    out.persist.resize(random_.below(out.persist.size() + 1));
  for (const auto& r : out.persist)
    checker_.durable(server, r);
  if (p == crash_point::between_records || p == crash_point::before_send)
    return false;
  if (p == crash_point::between_sends)
    out.send.resize(random_.below(out.send.size() + 1));
  for (auto& e : out.send) {
    checker_.sent(server, e.body);
    const auto to = std::stoul(e.to.str().substr(1));
    network_.push_back({server, to, std::move(e.body)});
  }
  return p == crash_point::none;
}

void cluster::apply(std::size_t server, const outputs& out) {
  auto& s = servers_[server];
  for (const auto& c : out.chosen) {
    checker_.learnt(server, c.slot, c.value);
    const std::string text{c.value.bytes()};
    if (s.own.erase(text) > 0)
      awaited_.erase(text);
  }
  for (const auto& r : out.reads)
    answer(server, r);
  if (out.fetch)
    s.wish = out.fetch;
  for (const auto& c : out.unresolved) {
    const std::string text{c.bytes()};
    s.own.erase(text);
    awaited_.erase(text);
    if (!checker_.is_chosen(c)) // as the state in the snapshot says
      propose(server, text);
  }
}

void cluster::answer(std::size_t server, const readable& r) {
  const auto asked = barriers_.find(r.number);
  if (asked == barriers_.end() || asked->second.server != server)
    throw broken{"a barrier is answered that was not asked, or twice"};
  if (r.slot < asked->second.least)
    throw broken{"a read would miss what was chosen before it"};
  if (r.slot > checker_.log_end(server))
    throw broken{"a read is answered before its slots are known"};
  barriers_.erase(asked);
  ++answered_;
}

// --- The network --------------------------------------------------------------------------------

void cluster::lose(std::size_t index) {
  network_[index] = std::move(network_.back());
  network_.pop_back();
}

void cluster::deliver(std::size_t index, crash_point p) {
  const auto mail = std::move(network_[index]);
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(index));
  if (!is_up(mail.to) ||
      cut_.contains({std::min(mail.from, mail.to), std::max(mail.from, mail.to)}))
    return;
  at(mail.to).on(mail.body);
  after_input(mail.to, p);
}

void cluster::deliver_all(const predicate& which) {
  for (std::size_t i = 0; i < network_.size();) {
    if (!which || which(network_[i])) {
      deliver(i);
      i = 0;
    } else {
      ++i;
    }
  }
}

void cluster::lose_all(const predicate& which) {
  std::erase_if(network_, [&](const in_flight& m) { return !which || which(m); });
}

// --- Faults -------------------------------------------------------------------------------------

void cluster::crash(std::size_t server) {
  auto& s = servers_[server];
  s.core.reset();
  s.wish.reset();
  for (const auto& text : s.own)
    awaited_.erase(text);
  s.own.clear();
  std::erase_if(barriers_, [&](const auto& b) { return b.second.server == server; });
}

void cluster::restart(std::size_t server) {
  auto core = options_.core;
  core.id = id_of(server);
  core.seed = random_.next();
  const auto start = checker_.snapshot_of(server);
  checker_.snapshot(server, start, true);
  servers_[server].core =
      std::make_unique<server_core>(std::move(core), checker_.disk(server), start);
}

std::size_t cluster::up() const {
  return static_cast<std::size_t>(std::count_if(servers_.begin(), servers_.end(),
                                                [](const server& s) { return s.core != nullptr; }));
}

// --- Until all is well --------------------------------------------------------------------------

bool cluster::run_until(const std::function<bool()>& is_enough, unsigned ticks) {
  for (; !is_enough(); --ticks) {
    if (ticks == 0)
      return false;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (!is_up(i))
        continue;
      fetch(i);
      tick(i);
    }
    while (!network_.empty())
      deliver(random_.below(network_.size()));
  }
  return true;
}

bool cluster::is_quiet() const {
  if (!awaited_.empty() || !barriers_.empty())
    return false;
  for (std::size_t i = 0; i < servers_.size(); ++i)
    if (const auto& core = servers_[i].core;
        core && (checker_.log_end(i) < checker_.end() || !core->own_proposals().in_slots().empty()))
      return false;
  return true;
}

std::vector<std::string> cluster::log() const {
  std::vector<std::string> values;
  for (const auto& [slot, value] : checker_.chosen())
    values.emplace_back(value.bytes());
  return values;
}

} // namespace pmmc::simple::test
