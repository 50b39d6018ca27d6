#include "engines/trial.hpp"

#include "engines/cluster.hpp"

#include <algorithm>
#include <stdexcept>

namespace pmmc::engines::test {

namespace {

constexpr std::size_t clients = 3;
const role_id operator_id = "o"; ///< it changes the servers

role_id client_called(std::uint64_t n) { return "c" + std::to_string(n); }

cluster::settings settings_for(engine_kind engine, random_source& chance) {
  cluster::settings s;
  s.engine = engine;
  s.servers = 3 + 2 * chance.below(2);
  s.seed = chance.next();
  s.snapshot_log_bytes = 500 << chance.below(6);
  s.kept_bytes = chance.below(2) * 2'000;
  s.catch_up_ticks = 500;
  return s;
}

class trial {
public:
  trial(engine_kind engine, std::uint64_t seed)
      : engine_(engine), chance_(seed), world_(settings_for(engine, chance_)) {
    for (std::size_t i = 0; i < clients; ++i)
      world_.add_client(client_called(i));
    loss_ = chance_.below(30);
    calm_ = 1 + chance_.below(20);
    world_.add_client(operator_id);
    world_.make_disks_slow(one_in(2));
  }

  void fault_step();
  void settle();
  trial_facts facts() const {
    trial_facts f{world_.answered(), world_.reads(), world_.fetched(), world_.saved()};
    f.changes = changes_;
    for (std::size_t i = 0; i < clients; ++i)
      for (const auto& o : world_.outcomes(client_called(i)))
        f.unknown += o.kind == outcome_kind::unknown ? 1 : 0;
    return f;
  }

private:
  bool one_in(std::uint64_t n) { return chance_.below(n) == 0; }
  role_id anybody() {
    const auto ids = world_.ids();
    return ids[chance_.below(ids.size())];
  }
  void network_step();
  void disk_step(const role_id& id);
  void process_step(const role_id& id);
  void client_step();
  void change_step(const role_id& client);
  config_history latest() const;
  std::string why_unsettled() const;

  engine_kind engine_;
  random_source chance_;
  cluster world_;
  std::uint64_t loss_ = 0;
  std::uint64_t calm_ = 1; ///< a process dies once in so many hundreds of steps
  std::size_t changes_ = 0;
};

void trial::network_step() {
  if (world_.post().empty())
    return;
  const auto which = one_in(3) ? chance_.below(world_.post().size()) : 0;
  if (chance_.below(100) < loss_)
    return world_.drop(which);
  const auto& to = world_.post()[which].what.to;
  if (one_in(20) && world_.post().size() < 500 && world_.has(to))
    world_.duplicate(which); // connections to clients repeat nothing
  world_.deliver(which);
}

void trial::disk_step(const role_id& id) {
  if (one_in(3))
    world_.finish_save(id);
  else if (world_.is_writing(id))
    world_.finish_write(id);
}

void trial::process_step(const role_id& id) {
  if (!world_.is_up(id))
    return one_in(3) ? world_.restart(id) : void();
  if (one_in(5 * calm_))
    return world_.crash(id, chance_.below(4));
  if (one_in(4 * calm_)) {
    if (world_.is_cut_off(id))
      world_.rejoin(id);
    else
      world_.isolate(id);
    return;
  }
  if (one_in(calm_))
    world_[id].on_peer_down(anybody());
  if (one_in(10))
    world_[id].save_now();
  world_.settle(id);
}

/// Of the servers that are up, whoever knows most.
config_history trial::latest() const {
  config_history best;
  for (const auto& id : world_.ids())
    if (world_.is_up(id)) {
      const auto& known = world_[id].state().configurations();
      if (best.empty() || known.latest().version > best.latest().version)
        best = known;
    }
  return best;
}

/// Of one server, or two: one comes, or goes, or takes the place of another.
void trial::change_step(const role_id& client) {
  const auto known = latest();
  if (known.empty())
    return;
  reconfiguration r;
  r.replaces = known.latest().version - (one_in(10) ? 1 : 0);
  const auto& now = known.latest().servers;
  if (now.size() > 2 && one_in(2))
    r.remove.push_back({role_kind::server, now[chance_.below(now.size())].id});
  if (r.remove.empty() || one_in(2)) {
    const auto id = "n" + std::to_string(chance_.below(3));
    if (!world_.has(id) && engine_ == engine_kind::raft)
      world_.add(id);
    r.add.push_back({role_kind::server, member_called(id)});
  }
  world_.change(client, r, 2'000 + 1'000 * static_cast<unsigned>(chance_.below(10)));
}

void trial::client_step() {
  const auto client = client_called(chance_.below(clients));
  const auto what = chance_.below(40);
  if (what < 14)
    world_.read(client, 2'000);
  else if (what == 14)
    change_step(one_in(4) ? client : operator_id);
  else if (!world_.is_idle(client) && one_in(2))
    return;
  else
    world_.write(client, 50'000);
}

void trial::fault_step() {
  const auto what = chance_.below(100);
  if (what < 62)
    return network_step();
  const auto id = anybody();
  if (what < 74)
    return world_.is_up(id) ? disk_step(id) : void();
  if (what < 90)
    return world_.is_up(id) ? world_.tick(id) : void();
  if (what < 96)
    return client_step();
  if (what == 96)
    return one_in(5) ? world_.share_news(id, anybody()) : world_.tick_clients();
  process_step(id);
}

std::string trial::why_unsettled() const {
  if (!world_.all_idle())
    return "a client waits";
  const auto known = latest();
  slot_num most = 0;
  for (const auto& id : world_.ids())
    most = std::max(most, world_[id].slot_out());
  for (const auto& m : known.latest().servers) {
    if (!world_.is_up(m.id) || world_[m.id].slot_out() != most)
      return m.id.str() + " is not at slot " + std::to_string(most);
    if (world_[m.id].pending_requests() != 0)
      return m.id.str() + " has requests that wait";
    if (world_[m.id].live_from() != known.latest().version)
      return m.id.str() + " needs old servers";
  }
  return {};
}

/// No faults any more: all clients get their answers, and the servers agree.
void trial::settle() {
  world_.make_disks_slow(false);
  for (const auto& id : world_.ids()) {
    world_.rejoin(id);
    if (!world_.is_up(id))
      world_.restart(id);
  }
  for (std::size_t i = 0; i < clients; ++i)
    world_.write(client_called(i));
  if (!world_.run_until([this] { return why_unsettled().empty(); }, 60'000))
    throw std::logic_error("liveness: " + why_unsettled());
  changes_ = latest().latest().version - 1;
  const auto first = latest().latest().servers.front().id;
  if (engine_ == engine_kind::simple && changes_ != 0)
    throw std::logic_error("the servers of engine simple have changed");
  for (std::size_t i = 0; i < clients; ++i)
    for (const auto& op : world_.answered_of(client_called(i)))
      if (!world_.has_performed(first, op))
        throw std::logic_error(op + " was answered, and is lost");
}

} // namespace

trial_facts run_trial(engine_kind engine, std::uint64_t seed, std::size_t steps) {
  trial t{engine, seed};
  for (std::size_t i = 0; i < steps; ++i)
    t.fault_step();
  t.settle();
  return t.facts();
}

} // namespace pmmc::engines::test
