#include "sim/roster.hpp"

#include "sim/acceptor_host.hpp"
#include "sim/leader_host.hpp"
#include "sim/operator_host.hpp"
#include "sim/replica_host.hpp"
#include "sim/server_host.hpp"

#include <algorithm>

namespace pmmc::sim {

namespace {

/// Of the ids of such roles.
std::string_view letter_of(role_kind kind) { return to_string(kind).substr(0, 1); }

} // namespace

roster::roster(world& w) : world_(w), met_(w) {
  const auto& s = w.options;
  const auto config = first_configuration(s);
  std::vector<std::size_t> shared;
  for (const auto kind : config.kinds())
    for (std::size_t i = 0; i < config.members(kind).size(); ++i) {
      if (!s.colocated || shared.size() <= i)
        add_node(shared.emplace_back(world_.add_process(true)), config.members(kind)[i].address,
                 membership{config});
      add(kind, config.members(kind)[i].id, s.colocated ? shared[i] : shared.back());
    }
  last_number_ = std::max({s.acceptors, s.leaders, s.replicas, s.servers});
}

roster::~roster() = default;

void roster::add_operators() {
  for (const auto* id : {"operator1", "operator2"})
    operators_.push_back(
        std::make_unique<operator_host>(world_, *this, id, world_.add_process(false)));
}

host& roster::add(role_kind kind, const role_id& id, std::size_t process) {
  if (kind == role_kind::acceptor)
    roles_.push_back(std::make_unique<acceptor_host>(world_, id, process));
  else if (kind == role_kind::leader)
    roles_.push_back(std::make_unique<leader_host>(world_, id, process));
  else if (kind == role_kind::server)
    roles_.push_back(std::make_unique<server_host>(world_, id, process));
  else
    roles_.push_back(std::make_unique<replica_host>(world_, id, process));
  return *roles_.back();
}

/// Its config file has the members that there are now, and itself.
void roster::add_node(std::size_t process, std::string address, const membership& known) {
  node_files files;
  files.founds = facts_of(world_.options);
  files.contacts = known.addresses();
  files.contacts.insert(address);
  files.address = std::move(address);
  met_.add(process, std::move(files));
}

// --- What can be done without -------------------------------------------------------------------

bool roster::is_gone(const role_id& id, std::size_t without) const {
  const auto* h = world_.host_at(world_.number_of(id));
  return h != nullptr &&
         (h->process_number() == without || world_.process_at(h->process_number()).gone);
}

/// Nobody has it instead: as if it were gone, until it has caught up.
bool roster::lacks_what_it_told(const role_id& id) const {
  const auto* h = world_.host_at(world_.number_of(id));
  return h != nullptr && h->lacks_what_it_told();
}

bool roster::survives(const configuration& c, std::size_t without) const {
  const auto is_away = [&](const member& m) {
    // Where it was moved to, it counts for nobody who has not heard of the change.
    const auto* h = world_.host_at(world_.number_of(m.id));
    return is_gone(m.id, without) || (h != nullptr && moved_.contains(h->process_number()) &&
                                      met_.files_of(h->process_number()).address != m.address);
  };
  const auto gone = [&](const std::vector<member>& all) {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_away));
  };
  // So many must hold a snapshot before the log, or an older configuration, may go.
  const auto durable = c.durable_replicas();
  const auto& holders = c.state_holders();
  const auto lost =
      static_cast<std::size_t>(std::count_if(holders.begin(), holders.end(), [&](const member& m) {
        return is_away(m) || lacks_what_it_told(m.id);
      }));
  return gone(c.voters()) <= c.tolerated_failures() &&
         (c.has_servers() || gone(c.leaders) < c.leaders.size()) && lost < durable &&
         holders.size() - lost >= durable;
}

bool roster::can_lose(std::size_t process) const {
  const auto fine = [&](const configuration& c) {
    return c.version < live_from_ || survives(c, process);
  };
  for (const auto& [first_slot, c] : world_.checkers.truth().state().configurations().all())
    if (!fine(c))
      return false;
  return std::all_of(asked_for_.begin(), asked_for_.end(), fine);
}

// --- Reconfigurations ---------------------------------------------------------------------------

reconfiguration::addition roster::newcomer(role_kind kind, std::size_t number) {
  const auto n = std::to_string(number);
  const auto id = std::string{letter_of(kind)} + n;
  return {kind, {id, (world_.options.colocated ? "host" + n : id) + ":1", "disk-" + id}};
}

/// Replaces, removes or adds a role, or a whole process where roles share one.
reconfiguration roster::change(random_source& dice, const configuration& latest) {
  reconfiguration r;
  r.replaces = dice.below(10) == 0 ? latest.version - 1 : latest.version;
  const auto what = dice.below(4); // 0: remove, 1: add, else: replace
  const auto kinds = latest.kinds();
  const auto one_kind = kinds[dice.below(kinds.size())];
  const auto victim = dice.next();
  last_number_ += what != 0;
  for (const auto kind : kinds) {
    if (!world_.options.colocated && kind != one_kind)
      continue;
    const auto& members = latest.members(kind);
    if (what != 1) {
      // One that is gone first, as an operator would.
      auto leaves = members.begin() + static_cast<std::ptrdiff_t>(victim % members.size());
      const auto gone = std::find_if(members.begin(), members.end(),
                                     [&](const member& m) { return is_gone(m.id, max_processes); });
      if (gone != members.end())
        leaves = gone;
      r.remove.push_back({kind, leaves->id});
    }
    if (what != 0)
      r.add.push_back(newcomer(kind, last_number_));
  }
  return r;
}

/// Where the members have it, or "".
std::string_view roster::address_of(std::size_t process) const {
  const auto& latest = world_.checkers.truth().state().configurations().latest();
  for (const auto* h : members_of(world_.process_at(process)))
    if (const auto address = latest.address_of(h->id()); !address.empty())
      return address;
  return {};
}

bool roster::is_moving(std::size_t process) const {
  const auto address = address_of(process);
  return moved_.contains(process) && !address.empty() && address != met_.files_of(process).address;
}

/// One that the cluster can do without, with all of its roles; or none.
std::size_t roster::choose_to_move(random_source& dice) const {
  auto all = world_.members();
  const auto& latest = world_.checkers.truth().state().configurations().latest();
  std::erase_if(all, [&](std::size_t p) {
    const auto& process = world_.process_at(p);
    const auto roles = members_of(process);
    return !process.up || process.crashing || process.gone || met_.is_elsewhere(p) ||
           is_moving(p) || !can_lose(p) ||
           !std::all_of(roles.begin(), roles.end(), [&](const host* h) {
             return latest.find(h->kind(), h->id()) != nullptr && !h->is_on_wrong_disk();
           });
  });
  return all.empty() ? max_processes : all[dice.below(all.size())];
}

/// docs/RECONFIGURATION.md, "Move to new addresses".
reconfiguration roster::move(std::size_t process, const configuration& latest) {
  reconfiguration r;
  r.replaces = latest.version;
  const auto address = "host" + std::to_string(++last_number_) + ":1";
  for (const auto* h : members_of(world_.process_at(process))) {
    r.remove.push_back({h->kind(), h->id()});
    r.add.push_back({h->kind(), {h->id(), address, h->introduced().format_id}});
  }
  return r;
}

bool roster::moves(const role_id& id) const {
  const auto* h = world_.host_at(world_.number_of(id));
  return h != nullptr && moved_.contains(h->process_number());
}

/// Stops it at the old address, and starts it at the new one.
void roster::begin_move(std::size_t process, const std::string& address) {
  auto& files = met_.files_of(process);
  files.address = address;
  files.contacts.insert(address);
  restart(process);
}

/// Whether it is decided is looked up while nobody asks for anything.
void roster::follow_moves() {
  for (auto& [process, place] : moved_) {
    const std::string address{address_of(process)};
    auto& files = met_.files_of(process);
    if (address == files.address) {
      world_.facts.count(fact::process_moved, address != place);
      place = address;
    } else if (!address.empty() && waited_for() == 0 && !world_.process_at(process).gone) {
      files.address = address;
      restart(process);
    }
  }
}

void roster::restart(std::size_t process) {
  const auto& p = world_.process_at(process);
  if (p.up && !p.crashing)
    world_.crash(process);
  world_.queue.push(world_.now() + 10 * millisecond, event_kind::restart, process,
                    p.life + (p.up ? 1 : 0), 0);
}

std::size_t roster::waited_for() const {
  std::size_t count = 0;
  for (const auto& o : operators_)
    count += o->waits_for();
  return count;
}

/// Several at once only if nobody else's can come between: the second is for the version that the
/// first one makes, and another one of that number would be one that nobody has looked at.
void roster::reconfigure(random_source& dice) {
  const auto waiting = waited_for();
  if (asked_at_once_ && (waiting > 0 || !sees_all_))
    return;
  asked_at_once_ = false;
  auto known = world_.checkers.truth().state().configurations();
  // Dice of its own: what else is done stays the same.
  random_source own{random_source{dice}.next() ^ 0x5851F42D4C957F2DULL};
  const auto mover = world_.options.engine == engine_kind::pmmc && own.below(3) == 0
                         ? choose_to_move(own)
                         : max_processes;
  const auto r =
      mover == max_processes ? change(dice, known.latest()) : move(mover, known.latest());
  const bool is_stale = r.replaces != known.latest().version;
  auto& by = *operators_[dice.below(operators_.size())];
  if (!by.has_started())
    return;
  if (mover != max_processes)
    moved_.emplace(mover, met_.files_of(mover).address);
  const bool is_asked = ask_for(r, known, by);
  if (is_asked && mover != max_processes && own.below(4) > 0)
    begin_move(mover, r.add.front().who.address);
  if (!is_asked || is_stale || waiting > 0 || !sees_all_ || dice.below(2) == 0)
    return;
  for (auto more = 1 + dice.below(2); more > 0; --more) {
    auto next = change(dice, known.latest());
    next.replaces = known.latest().version;
    if (!ask_for(next, known, by))
      return;
    asked_at_once_ = true;
  }
}

/// Only for what the cluster survives. `known` becomes what it leads to.
bool roster::ask_for(const reconfiguration& r, config_history& known, operator_host& by) {
  if (world_.processes() + 3 > max_processes)
    return false;
  std::string why_not;
  auto next = apply(r, known, why_not);
  if (!next || !survives(*next, max_processes))
    return false;
  if (changes_members(world_.options.engine)) { // else it is refused, and nobody comes
    asked_for_.push_back(*next);
    start(r);
  }
  next->first_slot = known.latest().first_slot + 1; // later, in truth
  known.add(std::move(*next));
  by.ask_for(r);
  return true;
}

void roster::start(const reconfiguration& r) {
  const membership known{world_.checkers.truth().state().configurations()};
  std::size_t process = max_processes;
  for (const auto& a : r.add) {
    if (moves(a.who.id))
      continue;
    if (process == max_processes || !world_.options.colocated) {
      process = world_.add_process(true);
      add_node(process, a.who.address, known);
    }
    add(a.kind, a.who.id, process);
  }
  if (process != max_processes)
    world_.queue.push(world_.now(), event_kind::restart, process, 0, 0);
}

/// It will not be made, whatever else is: servers need no longer be spared for its sake.
void roster::withdraw(const reconfiguration& r) {
  if (world_.options.engine != engine_kind::pmmc)
    std::erase_if(asked_for_, [&](const configuration& c) {
      return std::any_of(r.add.begin(), r.add.end(), [&](const reconfiguration::addition& a) {
        return c.find(a.kind, a.who.id) != nullptr;
      });
    });
  for (const auto& a : r.add)
    if (!moves(a.who.id))
      switch_off(a.who.id);
}

void roster::switch_off_retired() {
  const auto& known = world_.checkers.truth().state().configurations();
  for (const auto& h : roles_)
    if (serves_clients(h->kind()) && world_.process_at(h->process_number()).up &&
        !h->is_on_wrong_disk() && known.latest().find(h->kind(), h->id()) != nullptr)
      live_from_ = std::max(live_from_, h->known_members().live_from);
  for (const auto& [id, former] : known.former_members())
    if (former.removed_in <= live_from_)
      switch_off(id);
}

void roster::switch_off(const role_id& id) {
  const auto* h = world_.host_at(world_.number_of(id));
  if (h == nullptr)
    return;
  auto& p = world_.process_at(h->process_number());
  if (p.gone || p.retired)
    return;
  p.gone = p.retired = true;
  world_.facts.count(fact::role_retired);
  if (world_.log.is_told())
    world_.tell(id.str() + " is switched off");
  if (p.up)
    world_.crash(h->process_number());
}

} // namespace pmmc::sim
