#include "sim/meetings.hpp"

#include "sim/carried.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace pmmc::sim {

namespace {
constexpr unsigned looks_between_questions = 10; ///< to the roles, for what they know
/// After a start, where they do not find it in their directories.
constexpr sim_time most_delay_of_own_roles = 500 * millisecond;
} // namespace

void meetings::add(std::size_t process, node_files files) {
  if (process >= nodes_.size())
    nodes_.resize(process + 1);
  nodes_[process].is_node = true;
  nodes_[process].files = std::move(files);
}

void meetings::add_intruder(std::size_t process, node_files files, stranger who) {
  add(process, std::move(files));
  nodes_[process].intruder = std::move(who);
}

template <class Visit>
void meetings::for_linked(std::size_t process, const Visit& visit) {
  for (auto left = at(process).linked; left != 0; left &= left - 1)
    if (const auto other = static_cast<std::size_t>(std::countr_zero(left));
        is_linked(process, other)) // still
      visit(other);
}

// --- A life of a process ------------------------------------------------------------------------

bool meetings::has_address(std::size_t process) {
  auto& n = at(process);
  n.listens_at = n.elsewhere.empty() ? n.files.address : n.elsewhere;
  const bool is_free = world_.listener_at(n.listens_at) == max_processes;
  world_.facts.count(fact::address_taken, !is_free);
  return is_free;
}

bool meetings::prepare(std::size_t process) {
  auto& n = at(process);
  auto said = n.intruder ? n.intruder->roles : std::vector<introduced_role>{};
  for (const auto* h : roles(process))
    said.push_back(h->introduced());
  n.admits.emplace(process_identity{n.files.cluster, n.listens_at, std::move(said),
                                    n.files.contacts, "",
                                    n.intruder ? n.intruder->facts : n.members->facts(),
                                    n.files.rejoins, ++n.incarnation},
                   n.intruder ? n.intruder->members : n.members->known());
  if (!n.files.rejoins && n.admits->knows_of_removal()) {
    world_.facts.count(fact::removed_not_started);
    n.admits.reset();
    return false;
  }
  std::vector<reached_role> own;
  for (const auto* h : roles(process))
    own.push_back({h->introduced(), h->number()});
  n.others.emplace(*n.admits, std::move(own));
  n.orders.clear();
  world_.listen(n.listens_at, process);
  n.linked = 0;
  n.wanted = n.admits->wanted();
  n.missed.clear();
  n.not_before.clear();
  n.stops_at = 0;
  n.looks = 0;
  return true;
}

void meetings::started(std::size_t process) {
  at(process).others->begin();
  carry_out(process);
  const auto delay =
      world_.options.members_are_remembered ? 0 : world_.chance.below(most_delay_of_own_roles);
  world_.plan_news(process, world_.now() + delay, news_of_own_roles);
}

void meetings::stopped(std::size_t process) {
  if (!has(process))
    return;
  auto& n = at(process);
  for (std::size_t other = 0; other < nodes_.size(); ++other) // it may have given up one of them
    leave(other, process, world_.options.breaks_are_told);
  n.linked = 0;
  world_.stop_listening(n.listens_at);
  n.others.reset();
  n.admits.reset();
  n.members.reset();
}

// --- Connections --------------------------------------------------------------------------------

void meetings::look_around(std::size_t process, process_set reached) {
  auto& n = at(process);
  if (n.stops_at != 0 && world_.now() >= n.stops_at)
    return world_.crash(process);
  if (n.looks++ % looks_between_questions == 0)
    learn_from_roles(process);
  if (world_.process_at(process).crashing)
    return;
  hear_others(process, reached);
  if (n.admits->beat(n.others->addresses()))
    n.wanted = n.admits->wanted();
  judge_places(process);
  dial_others(process, reached);
}

/// Who is not reached is silent, and tells nobody that it has gone.
void meetings::hear_others(std::size_t process, process_set reached) {
  auto& n = at(process);
  for_linked(process, [&](std::size_t other) {
    if ((reached >> other & 1) == 0)
      return;
    const auto theirs = hear_beat(other);
    n.others->heard(at(other).listens_at, theirs.incarnation, theirs.identity);
    if (n.others->is_announced(at(other).listens_at) &&
        n.admits->knows_more_than(theirs.version, theirs.live_from, theirs.identity))
      send_news(process, other);
  });
  n.others->beat();
  carry_out(process);
  for_linked(process, [&](std::size_t other) {
    if (n.wanted.contains(at(other).listens_at) && n.others->is_given_up(at(other).listens_at)) {
      n.others->disconnected(at(other).listens_at, {});
      n.linked &= ~(process_set{1} << other);
    }
  });
}

void meetings::dial_others(std::size_t process, process_set reached) {
  auto& n = at(process);
  const auto wanted = n.wanted; // what is learned on the way may change it
  for (const auto& address : wanted) {
    const auto other = world_.listener_at(address);
    if (world_.process_at(process).crashing)
      return;
    if (other == process)
      continue;
    if (other == max_processes || (reached >> other & 1) == 0 || is_cut(process, other)) {
      n.admits->unreachable(address);
      if (!n.others->is_connected(address))
        miss(process, address, "cannot be reached");
      continue;
    }
    if (is_linked(process, other) || world_.process_at(other).crashing)
      continue;
    if (const auto wait = n.not_before.find(address);
        wait == n.not_before.end() || wait->second <= world_.now())
      dial(process, other);
  }
}

/// Its roles are told once, until it is connected.
void meetings::miss(std::size_t process, const std::string& address, const std::string& why) {
  auto& n = at(process);
  if (!n.missed.insert(address).second)
    return;
  n.others->unreachable(address, why);
  carry_out(process);
}

/// Its clock is heard by the Redis ports (redis_port_host.cpp).
heartbeat meetings::hear_beat(std::size_t from) const {
  const auto heard = carried(world_.ports, door::speaker::member, "pmmc::heartbeat",
                             nodes_[from].admits->next_heartbeat(0));
  demand(heard.incarnation == nodes_[from].incarnation,
         [&] { return "M1: a heartbeat is read as that of another life of its process"; });
  return heard;
}

/// A member that has lost the identity of its cluster believes those whom its config file names:
/// nobody promises anything if one of these is a process of another cluster
/// (docs/RECONFIGURATION.md, "Founding and joining").
bool meetings::would_be_taken_in(const node& one, const node& other) const {
  return one.intruder && one.intruder->members.identity != 0 && !other.intruder &&
         other.admits->known().identity == 0;
}

introduction meetings::say_hello(std::size_t from) const {
  return carried(world_.ports, door::speaker::stranger, "pmmc::hello",
                 nodes_[from].admits->introduce());
}

introduction_reply meetings::answer(std::size_t process, std::size_t from,
                                    const introduction& said) {
  auto& n = at(process);
  return carried(world_.ports, door::speaker::member, "pmmc::welcome",
                 n.admits->answer(said, n.others->addresses(), n.others->running(name_of(from))));
}

void meetings::dial(std::size_t from, std::size_t to) {
  auto& caller = at(from);
  auto& callee = at(to);
  if (would_be_taken_in(caller, callee) || would_be_taken_in(callee, caller))
    return;
  const auto said = say_hello(from);
  const auto reply = answer(to, from, said);
  const auto after = caller.admits->hear(callee.listens_at, reply);
  if (after.tells_members)
    learn(from, reply.known);
  if (!reply.refusal.empty() || !after.refused.empty())
    return refused(from, to, reply, after);
  demand(may_meet(from) && may_meet(to), [&] {
    return "N2: the processes at " + caller.listens_at + " and " + callee.listens_at +
           " let each other in, and one of them is of another cluster";
  });
  world_.facts.count(fact::meeting);
  const membership told{caller.admits->known()};
  const auto untold = caller.admits->untold_roles();
  link(to, from, said.roles);
  learn(from, reply.known);
  link(from, to, reply.roles);
  learn(to, told);
  if (caller.admits->untold_roles() != untold)
    say_hello_again(from, to);
}

/// What was said of the own roles on a connection does not hold any more. If the other one does not
/// take it, the two begin anew.
void meetings::say_hello_again(std::size_t from, std::size_t to) {
  auto& caller = at(from);
  auto& callee = at(to);
  if (!is_linked(from, to) || !is_linked(to, from) || world_.process_at(from).crashing ||
      world_.process_at(to).crashing || world_.is_paused(to))
    return;
  const auto said = say_hello(from);
  const auto reply = answer(to, from, said);
  if (!reply.refusal.empty() || !caller.admits->hear(callee.listens_at, reply).refused.empty())
    return unlink(from, to, world_.options.breaks_are_told);
  link(to, from, said.roles);
  link(from, to, reply.roles);
}

void meetings::refused(std::size_t from, std::size_t to, const introduction_reply& reply,
                       const after_reply& after) {
  auto& caller = at(from);
  const bool is_misformatted = !caller.intruder && has_other_facts(from);
  demand(caller.intruder || at(to).intruder || is_misformatted || has_other_facts(to) ||
             reply.was_removed || is_copied(from, *at(to).admits) ||
             at(to).admits->known().identity == 0, // it believes only those that it knows of
         [&] { return "N2: a member is refused: " + after.refused; });
  world_.facts.count(fact::misformatted_refused, is_misformatted);
  if (world_.log.is_told())
    world_.tell("the process at " + caller.listens_at + ": the one at " + at(to).listens_at + " " +
                after.refused);
  world_.facts.count(!after.disagreement.empty() ? fact::refused_for_facts
                     : reply.was_removed         ? fact::refused_as_removed
                                                 : fact::refused_as_other_cluster);
  caller.not_before[at(to).listens_at] =
      world_.now() + 100 * millisecond + world_.chance.below(900 * millisecond) +
      (caller.admits->is_others_turn(at(to).listens_at) ? 3 * second : 0);
  miss(from, at(to).listens_at, after.refused);
  if (at(to).admits->known().identity == 0 && caller.admits->known().identity != 0)
    name_to(to, caller.listens_at);
  if (after.removed.empty() && after.differs.empty())
    return;
  world_.facts.count(after.removed.empty() ? fact::stopped_as_differing : fact::stopped_as_removed);
  const auto& latest = world_.checkers.truth().state().configurations().latest();
  for (const auto* h : roles(from))
    demand(after.removed.empty() || latest.address_of(h->id()).empty(),
           [&] { return "N2: a member is told to end: " + after.removed; });
  // There is one wrong process at a time: only in the place of the one acceptor it is a majority.
  demand(caller.intruder || is_misformatted || after.differs.empty() ||
             caller.admits->known().configurations.latest().quorum() == 1,
         [&] { return "N2: a member is told to end: " + after.differs; });
  world_.facts.count(fact::misformatted_stopped, is_misformatted && !after.differs.empty());
  auto& p = world_.process_at(from);
  p.gone = caller.intruder || !after.removed.empty();
  p.retired = !after.removed.empty();
  world_.crash(from);
}

/// `process` has let in `other`, which names these roles.
void meetings::link(std::size_t process, std::size_t other,
                    const std::vector<introduced_role>& said) {
  auto& n = at(process);
  const auto& there = at(other);
  connected_process p{name_of(other), there.listens_at, there.incarnation, {}};
  for (const auto& role : said) {
    p.roles.push_back({role, there.intruder ? nobody : world_.number_of(role.id)});
    for (const auto* self : roles(process))
      world_.facts.count(
          fact::guest_not_made_known,
          !n.admits->is_made_known(role.kind, role.id, there.listens_at, self->kind()));
  }
  const bool is_same = is_linked(process, other);
  n.linked |= process_set{1} << other;
  n.missed.erase(there.listens_at);
  n.others->connected(there.listens_at, std::move(p), is_same);
  carry_out(process);
}

void meetings::break_connection(std::size_t a, std::size_t b) { unlink(a, b, true); }

void meetings::unlink(std::size_t a, std::size_t b, bool are_told) {
  leave(a, b, are_told);
  leave(b, a, are_told);
}

void meetings::leave(std::size_t process, std::size_t other, bool is_told) {
  auto& n = at(process);
  if (!is_linked(process, other) || !n.others)
    return;
  n.linked &= ~(process_set{1} << other);
  n.others->disconnected(at(other).listens_at, "has closed the connection");
  carry_out(process, is_told);
}

// --- What they know -----------------------------------------------------------------------------

void meetings::learn(std::size_t process, const membership& news) {
  auto& n = at(process);
  const auto left_before = n.admits->left_places();
  const auto untold_before = n.admits->untold_roles();
  if (world_.process_at(process).crashing || !n.admits->learn(news))
    return;
  n.wanted = n.admits->wanted();
  tell_roles(process);
  n.others->learned(left_before);
  carry_out(process);
  for_linked(process, [&](std::size_t other) {
    if (!world_.process_at(process).crashing)
      send_news(process, other);
  });
  n.others->leave_copies(); // they hear where the member is
  carry_out(process);
  if (n.admits->untold_roles() != untold_before)
    for_linked(process, [&](std::size_t other) { say_hello_again(process, other); });
  if (!world_.process_at(process).crashing)
    remember(process);
}

void meetings::tell_roles(std::size_t process) {
  for (auto* h : roles(process))
    if (!world_.process_at(process).crashing)
      h->hear_of(at(process).admits->known().configurations);
}

/// Late, out of order, twice or never, as everything that is sent: heartbeats ask again. What is on
/// its way is taken although its sender has gone, if it has not gone with the connection.
void meetings::send_news(std::size_t from, std::size_t to) {
  std::string bytes;
  wire::encode(bytes, at(from).admits->known());
  const auto why =
      world_.ports.why_said_refused(door::speaker::member, "pmmc::members_news", bytes);
  demand(why.empty(), [&] { return "M2: a door refuses news of the members: " + why; });
  const auto passage = world_.net.carry(from, to, world_.now());
  for (std::size_t i = 0; i < passage.copies; ++i) {
    news_.emplace(++last_news_, news{from, world_.net.connection(from, to), bytes});
    world_.plan_news(to, passage.arrive_at[i], last_news_);
  }
}

void meetings::hear(std::size_t process, std::size_t number) {
  if (number == news_of_own_roles) {
    learn_from_roles(process);
    return tell_roles(process);
  }
  const auto arrived = news_.extract(number);
  const auto& [from, connection, bytes] = arrived.mapped();
  if (connection != world_.net.connection(from, process))
    return world_.facts.count(fact::lost_in_flight);
  membership told;
  read_arrived(bytes, "news of members", told);
  learn(process, told);
}

void meetings::learn_from_roles(std::size_t process) {
  for (const auto* h : roles(process)) {
    const auto known = h->known_members();
    world_.checkers.knows(h->id(), known.configurations);
    const auto why = at(process).admits->why_log_differs(known);
    demand(why.empty(), [&] { return "N2: " + why; });
    learn(process, known);
  }
}

} // namespace pmmc::sim
