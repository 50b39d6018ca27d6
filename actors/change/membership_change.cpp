#include "change/membership_change.hpp"

#include "change/change_error.hpp"
#include "change/newcomers.hpp"
#include "node/cluster_health.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace pmmc {

namespace {

/// A newcomer may be behind by so many WINDOWs when it is made a member; the rest comes by itself.
constexpr std::uint64_t most_windows_behind = 4;
constexpr std::chrono::milliseconds poll_interval{50};

std::string even_number_of_voters(const configuration& c) {
  return std::to_string(c.voters().size()) + " " + (c.has_servers() ? "servers" : "acceptors") +
         " have a quorum of " + std::to_string(c.quorum()) + " and survive " +
         std::to_string(c.tolerated_failures()) + " failure" +
         (c.tolerated_failures() == 1 ? "" : "s") + ", as " +
         std::to_string(c.voters().size() - 1) + " would";
}

} // namespace

change_result membership_change::run() {
  ask();
  ask_at_former_addresses();
  demand_an_answer();
  if (const auto engine = to_engine_kind(probed_.engine); engine && !changes_members(*engine))
    throw change_error{change_failure::refused, "refused: " + std::string{fixed_servers_text}};
  if (is_made_already()) {
    version_ = probed_.known.version();
    say("version " + std::to_string(version_) + " has made this change already");
    if (options_.dry_run) {
      change_result made;
      made.dry_run = made.is_made = true;
      made.config = probed_.known.configurations.latest();
      return made;
    }
  } else {
    check_removals(change_, probed_.known.configurations);
    check_newcomers(change_, probed_);
    const auto next = check();
    if (options_.dry_run)
      return dry_run(next);
    wait_for_newcomers();
    check_that_it_would_work(next); // who was there may have gone meanwhile
    propose();
  }
  wait_until_safe();
  return report();
}

void membership_change::demand_an_answer() const {
  if (probed_.answered)
    return;
  std::string tried;
  std::vector<std::string> whys;
  for (const auto& [address, process] : probed_.processes) {
    tried += "\n  " + address + ": " + process.why;
    whys.push_back(process.why);
  }
  throw change_error{change_failure::not_executed, "no process of the cluster could be asked:" +
                                                       tried + "\nWhat next: " + next_step(whys)};
}

void membership_change::ask() {
  std::set<std::string> also;
  for (const auto& a : change_.add)
    also.insert(a.who.address);
  also.insert(former_addresses_.begin(), former_addresses_.end());
  probed_ = access_.ask(also);
}

/// No process tells where one was that is no member any more.
void membership_change::ask_at_former_addresses() {
  for (const auto& a : change_.add)
    if (const auto address = last_address(a, probed_.known);
        !address.empty() && !probed_.processes.contains(address))
      former_addresses_.insert(address);
  if (!former_addresses_.empty())
    ask();
}

slot_num membership_change::highest_slot_out() const {
  slot_num highest = 0;
  for (const auto& r : probed_.roles())
    if (r.up && serves_clients(r.role.kind))
      highest = std::max(highest, r.status.slot_out());
  return highest;
}

std::uint64_t membership_change::window() const {
  std::uint64_t window = 1;
  for (const auto& [address, process] : probed_.processes)
    window = std::max(window, process.status.facts.window);
  return window;
}

/// Each line once.
void membership_change::say(const std::string& text) {
  if (text != said_)
    access_.say(text);
  said_ = text;
}

/// A command that was killed after its decision is simply given again.
bool membership_change::is_made_already() const {
  const auto& history = probed_.known.configurations;
  const auto& latest = history.latest();
  const auto* before = history.find(latest.version - 1);
  if (before == nullptr)
    return false;
  for (const auto& a : change_.add) {
    const auto* now = latest.find(a.kind, a.who.id);
    const auto* then = before->find(a.kind, a.who.id);
    if (now == nullptr || now->address != a.who.address ||
        (then != nullptr && then->address == a.who.address))
      return false;
  }
  for (const auto& r : change_.remove) {
    const bool moves = std::any_of(change_.add.begin(), change_.add.end(),
                                   [&](const auto& a) { return a.who.id == r.id; });
    if (before->find(r.kind, r.id) == nullptr || (!moves && latest.find(r.kind, r.id) != nullptr))
      return false;
  }
  return true;
}

configuration membership_change::check() {
  const auto& history = probed_.known.configurations;
  change_.replaces = history.latest().version;
  std::string why_not;
  auto next = apply(change_, history, why_not);
  if (!next)
    throw change_error{change_failure::refused, "refused: " + why_not};
  check_that_it_would_work(*next);
  if (next->voters().size() % 2 == 0) {
    warning_ = even_number_of_voters(*next);
    say("warning: " + warning_);
  }
  return *next;
}

/// Once it is in force there is no way back without a majority of its acceptors, a leader and those
/// replicas that must hold its state, or without a majority of its servers: nothing would be
/// decided, no other configuration either.
void membership_change::check_that_it_would_work(const configuration& next) const {
  if (next.has_servers())
    return check_reachable(next, role_kind::server, next.quorum());
  check_reachable(next, role_kind::acceptor, next.quorum());
  check_reachable(next, role_kind::leader, 1);
  check_reachable(next, role_kind::replica, next.durable_replicas());
}

void membership_change::check_reachable(const configuration& next, role_kind kind,
                                        std::size_t least) const {
  const auto all = next.members(kind).size();
  const auto down = down_of(next, kind);
  const auto up = all - down.size();
  if (up >= least)
    return;
  const std::string name{to_string(kind)};
  auto text = (up == 0 ? "no " + name
                       : "only " + std::to_string(up) + " of the " + std::to_string(all) + " " +
                             name + "s") +
              " of the new configuration can be reached, and " + std::to_string(least) +
              (least == 1 ? " is needed:" : " are needed:");
  for (const auto& r : down)
    text += "\n  " + r.role.id.str() + " at " + r.role.address + ": " + r.why;
  throw change_error{change_failure::refused,
                     text +
                         "\nStart what is down (`pmmc start --id ID`), or keep members that run"};
}

std::vector<probed_role> membership_change::down_of(const configuration& config,
                                                    role_kind kind) const {
  std::vector<probed_role> down;
  for (const auto& m : config.members(kind))
    if (auto at = probed_.at(role_of(kind, m)); !at.up)
      down.push_back(std::move(at));
  return down;
}

/// Whether something has grown in the processes at `where`, or in any if that is empty: slots,
/// snapshots, pieces of snapshots, versions. Who comes and goes, or leads for a moment, gets
/// nothing done.
bool membership_change::has_moved(high_marks& marks, const std::set<std::string>& where) const {
  bool moved = false;
  for (const auto& [address, process] : probed_.processes)
    for (const auto& role : process.status.roles)
      if (where.empty() || where.contains(address))
        moved |= marks.grow(address + " " + role.id.str(),
                            {slot_end_of(role.state), role.held().snapshot_slot, role.fetched_bytes,
                             process.status.known.version()});
  return moved;
}

/// The others move all the time, under load.
std::set<std::string> membership_change::newcomers() const {
  std::set<std::string> addresses;
  for (const auto& a : change_.add)
    addresses.insert(a.who.address);
  return addresses;
}

/// Asks again and again until `done`, as long as something moves.
template <class Done>
void membership_change::poll(const std::set<std::string>& where, change_failure when_stuck,
                             const std::string& consequence, Done done) {
  auto moved = std::chrono::steady_clock::now();
  high_marks marks;
  for (std::string why; !done(why); ask()) {
    if (has_moved(marks, where))
      moved = std::chrono::steady_clock::now();
    if (std::chrono::steady_clock::now() - moved > options_.patience) {
      const auto trouble = unhealthy_because(assess(probed_, probed_.roles()));
      throw change_error{when_stuck, why + ", and nothing has moved for " +
                                         std::to_string(options_.patience.count() / 1000) + " s; " +
                                         consequence +
                                         (trouble.empty() ? "" : ". The cluster: " + trouble)};
    }
    say(why);
    std::this_thread::sleep_for(poll_interval); // processes are asked, they do not call
  }
}

/// A newcomer among servers catches up when the change is proposed: the engine sees to that.
void membership_change::wait_for_newcomers() {
  poll(newcomers(), change_failure::not_executed, "nothing was proposed", [&](std::string& why) {
    for (const auto& a : change_.add) {
      if (a.kind != role_kind::replica) // a server that is new catches up when this is proposed
        continue;
      const auto at = probed_.at(role_of(a.kind, a.who));
      const auto behind = highest_slot_out() - std::min(highest_slot_out(), at.status.slot_out());
      if (at.up && behind <= most_windows_behind * window())
        continue;
      why = "replica " + a.who.id.str() + " is catching up";
      if (!at.up)
        why = "replica " + a.who.id.str() + " does not answer: " + at.why;
      else if (at.status.fetched_bytes > 0)
        why += ", " + std::to_string(at.status.fetched_bytes >> 20) + " MiB of a snapshot so far";
      return false;
    }
    return true;
  });
}

/// Servers catch up while their change waits, which may take longer than a client waits for an
/// answer. Asked again, it does not act twice: it names the version that it replaces.
client_outcome membership_change::propose_while_it_moves() {
  high_marks marks;
  has_moved(marks, newcomers());
  auto outcome = access_.propose(encode(change_));
  while (is_of_servers() && outcome.kind == outcome_kind::unknown) {
    ask();
    if (is_made_already() || !has_moved(marks, newcomers()))
      break;
    say("the new servers are catching up");
    outcome = access_.propose(encode(change_));
    ask(); // an earlier attempt may be what was decided
  }
  return outcome;
}

void membership_change::propose() {
  const auto outcome = propose_while_it_moves();
  if (is_of_servers() && is_made_already()) { // by an attempt whose answer did not come
    version_ = probed_.known.version();
    return;
  }
  if (outcome.kind == outcome_kind::unknown)
    throw change_error{change_failure::unknown,
                       "it is not known whether the change was decided: " + outcome.body +
                           "; give the same command again: it does not act twice"};
  if (outcome.kind != outcome_kind::done)
    throw change_error{outcome.busy ? change_failure::busy : change_failure::not_executed,
                       outcome.body};
  const auto result = decode_reconfiguration_outcome(outcome.body);
  if (!result)
    throw std::logic_error{"the answer is no outcome of a reconfiguration"};
  if (result->status == reconfiguration_status::conflict) {
    ask();
    if (is_made_already()) { // an earlier attempt was still waiting, and was decided first
      version_ = probed_.known.version();
      return;
    }
    throw change_error{change_failure::refused, "version conflict: " + result->text +
                                                    "; look at `pmmc config`, then decide again"};
  }
  if (result->status == reconfiguration_status::refused)
    throw change_error{change_failure::refused, "refused: " + result->text};
  version_ = result->version;
  say("version " + std::to_string(version_) + " is decided and governs the slots from " +
      std::to_string(result->first_slot) + " on");
  ask();
}

/// The new configuration works, and nothing depends on the old one any more: what is below the
/// boundary is decided, and durable at f+1 replicas of the new one.
bool membership_change::is_safe(std::string& why_not) const {
  const auto* config = probed_.known.configurations.find(version_);
  const auto name = "version " + std::to_string(version_);
  if (config == nullptr) {
    why_not = name + " is decided";
    return false;
  }
  // Raft uses a configuration from its entry on: no slot of its own need be decided for that.
  if (highest_slot_out() + (config->has_servers() ? 1 : 0) <= config->first_slot) {
    why_not = name + " waits for slot " + std::to_string(config->first_slot);
    return false;
  }
  bool led = false;
  for (const auto& r : probed_.roles())
    led |= r.up && r.status.is_active() &&
           probed_.known.configurations.latest().find(r.role.kind, r.role.id) != nullptr;
  if (!led) {
    why_not = name + " is in force; no leader of it is active yet";
    return false;
  }
  why_not = name + " is in force; " +
            (config->has_servers() ? "the servers before it are still needed"
                                   : not_durable_because(*config));
  return probed_.known.live_from >= version_;
}

/// Who is waited for.
std::string membership_change::not_durable_because(const configuration& config) const {
  std::string without;
  for (const auto& m : config.replicas) {
    const auto at = probed_.at(role_of(role_kind::replica, m));
    if (!at.up)
      without += " " + m.id.str() + " (down)";
    else if (at.status.held().snapshot_slot < config.first_slot)
      without += " " + m.id.str();
  }
  if (without.empty())
    return "its replicas have the state on disk, and tell each other";
  return std::to_string(config.durable_replicas()) + " of its " +
         std::to_string(config.replicas.size()) + " replicas must have a snapshot of slot " +
         std::to_string(config.first_slot) + " on disk; without one:" + without;
}

void membership_change::wait_until_safe() {
  poll({}, change_failure::unknown,
       "do not switch anything off yet. Give the same command again to go on waiting",
       [&](std::string& why) { return is_safe(why); });
}

change_result membership_change::dry_run(const configuration& next) const {
  change_result r;
  r.dry_run = true;
  r.config = next;
  r.replaces = change_.replaces;
  r.slot = std::max<slot_num>(highest_slot_out(), 1);
  r.window = next.has_servers() ? 0 : window();
  r.warning = warning_;
  for (const auto kind : all_member_kinds)
    for (const auto& down : down_of(next, kind))
      r.down.push_back(down.role.id);
  return r;
}

change_result membership_change::report() const {
  const auto& configurations = probed_.known.configurations;
  change_result result;
  result.config = *configurations.find(version_);
  result.replaces = version_ - 1;
  result.warning = warning_;
  std::set<std::string> needed;
  // One that is to come needs fewer, perhaps, than the one that is still in force.
  for (const auto* config : probed_.known.live())
    for (const auto kind : all_member_kinds)
      for (const auto& m : config->members(kind))
        needed.insert(m.address);
  const auto* before = configurations.find(version_ - 1);
  for (const auto& r : change_.remove) {
    const auto* m = before == nullptr ? nullptr : before->find(r.kind, r.id);
    change_result::leaver leaver{r.id, m == nullptr ? "unknown" : m->address, false, {}};
    leaver.alone = !needed.contains(leaver.address);
    for (const auto& a : change_.add)
      if (a.who.id == r.id && a.who.address != leaver.address)
        leaver.moved_to = a.who.address;
    result.leavers.push_back(std::move(leaver));
  }
  return result;
}

} // namespace pmmc
