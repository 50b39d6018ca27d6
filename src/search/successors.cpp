#include "search/successors.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::search {

void follow(const cluster_state& before, const transition& t, cluster_state& after) {
  after.processes = t.processes;
  follow_messages(before.messages, t.sent, t.forgotten, after.messages);
}

successors::successors(universe& u, const scope& s)
    : universe_(u), scope_(s), acceptors_(acceptors_of(s)), replicas_(acceptors_ + s.leaders),
      fixed_(replicas_ + s.replicas) {}

const step_result& successors::step(const step_key& key) {
  return steps_.find(
      key, [this](const step_key& k) -> auto& { return universe_.step(k); });
}

void successors::send(const std::vector<part_id>& messages) {
  known_messages_.add_new(messages, now_.sent);
}

/// Scouts and commanders that are not needed any more.
void successors::stop_some(std::size_t position, const step_result& result) {
  if (result.stopped.empty())
    return;
  const auto leader = universe_.process_state(now_.processes[position]).number;
  const auto is_stopped = [&](part_id id) {
    const auto& part = universe_.process_state(id);
    return part.number == leader &&
           (part.kind == part_kind::scout || part.kind == part_kind::commander) &&
           std::find(result.stopped.begin(), result.stopped.end(), part.id) != result.stopped.end();
  };
  now_.processes.erase(std::remove_if(now_.processes.begin() + static_cast<std::ptrdiff_t>(fixed_),
                                      now_.processes.end(), is_stopped),
                       now_.processes.end());
}

void successors::apply(std::size_t position, const step_result& result) {
  auto& processes = now_.processes;
  if (result.stops_sub_roles || result.loses_sub_roles) {
    const auto leader = universe_.process_state(processes[position]).number;
    const auto is_gone = [&](part_id id) {
      const auto& part = universe_.process_state(id);
      return part.number == leader && (result.loses_sub_roles || part.kind != part_kind::report);
    };
    processes.erase(std::remove_if(processes.begin() + static_cast<std::ptrdiff_t>(fixed_),
                                   processes.end(), is_gone),
                    processes.end());
  }
  stop_some(position, result);
  processes[position] = result.after;
  processes.insert(processes.end(), result.started.begin(), result.started.end());
  send(result.sent);
}

/// What the leader makes of a report that has just come to be at `position`.
void successors::deliver_report_at_once(std::size_t position) {
  const auto report = now_.processes[position];
  const auto leader = position_of_leader(universe_.process_state(report).number);
  const auto& result = step({now_.processes[leader], input_kind::report, report});
  now_.fault = result.fault;
  if (!now_.fault.empty())
    return;
  now_.processes.erase(now_.processes.begin() + static_cast<std::ptrdiff_t>(position));
  apply(leader, result);
}

/// A request that an acceptor answers without changing is answered at once: whoever has the answer
/// can still never receive it, so nothing is lost.
void successors::answer_at_once(part_id message) {
  const auto& m = universe_.message(message);
  if (m.to != part_kind::acceptor)
    return;
  const auto acceptor = now_.processes[m.number];
  const auto& result = step({acceptor, input_kind::message, message});
  if (result.after == acceptor && result.fault.empty())
    send(result.sent);
}

void successors::answer_at_once(const cluster_state& s) {
  for (std::size_t i = 0, all = now_.sent.size(); i < all; ++i)
    answer_at_once(now_.sent[i]);
  for (unsigned a = 0; a < acceptors_; ++a)
    if (now_.processes[a] != s.processes[a])
      for (const auto id : s.messages)
        if (const auto& m = universe_.message(id); m.number == a)
          answer_at_once(id);
}

part_id successors::find_decision(const std::vector<part_id>& messages, slot_num slot) const {
  const auto at = std::find_if(messages.begin(), messages.end(), [&](part_id id) {
    const auto& fact = universe_.message(id).fact;
    return fact.what == message_fact::kind::decision && fact.slot == slot;
  });
  return at == messages.end() ? no_part : *at;
}

/// The replica is no process of the search: it sends what follows from a decision with the
/// decision, and since all of it may arrive late or never, nothing is lost by that.
void successors::let_replica_react(const cluster_state& s) {
  const bool announces = scope_.collect || scope_.perform;
  if (scope_.reconfigure == 0 && !announces)
    return;
  if (std::none_of(now_.sent.begin(), now_.sent.end(), [&](part_id id) {
        return universe_.message(id).fact.what == message_fact::kind::decision;
      }))
    return;
  std::vector<part_id> performed;
  for (slot_num slot = 1; slot <= scope_.slots; ++slot) {
    const auto earlier = find_decision(s.messages, slot);
    const auto now = find_decision(now_.sent, slot);
    if (earlier == no_part && now == no_part)
      break;
    performed.push_back(earlier != no_part ? earlier : now);
    if (scope_.reconfigure != 0)
      send(universe_.reaction(performed));
    if (announces)
      send(universe_.announcement(slot + 1));
  }
}

/// No scout or commander of the ballot that it answers is there, or can be started (L3). Votes are
/// kept: the checks count them.
bool successors::is_dead(part_id message) const {
  const auto& m = universe_.message(message);
  if (m.to != part_kind::scout && m.to != part_kind::commander)
    return false;
  const auto& fact = m.fact;
  if (fact.what == message_fact::kind::p2b && fact.asked == fact.ballot)
    return false;
  if (universe_.process_state(now_.processes[position_of_leader(m.number)]).ballot == fact.asked)
    return false;
  return std::none_of(now_.processes.begin() + static_cast<std::ptrdiff_t>(fixed_),
                      now_.processes.end(), [&](part_id id) {
                        const auto& part = universe_.process_state(id);
                        return part.kind == m.to && part.number == m.number &&
                               part.ballot == fact.asked;
                      });
}

void successors::forget_dead(const cluster_state& s) {
  std::erase_if(now_.sent, [&](part_id id) { return is_dead(id); });
  for (std::size_t at = acceptors_; at < replicas_; ++at) {
    if (now_.processes[at] == s.processes[at])
      continue;
    const auto leader = universe_.process_state(s.processes[at]).number;
    for (const auto id : s.messages)
      if (universe_.message(id).number == leader && is_dead(id))
        now_.forgotten.push_back(id);
  }
  std::sort(now_.forgotten.begin(), now_.forgotten.end());
}

bool successors::finish(const cluster_state& s, const visitor& visit) {
  let_replica_react(s);
  if (scope_.merge_silent)
    answer_at_once(s);
  now_.forgotten.clear();
  if (scope_.forget)
    forget_dead(s);
  std::sort(now_.processes.begin() + static_cast<std::ptrdiff_t>(fixed_), now_.processes.end());
  std::sort(now_.sent.begin(), now_.sent.end());
  now_.sums = message_sums_ + process_sums(universe_, now_.processes) +
              message_sums(universe_, now_.sent) - message_sums(universe_, now_.forgotten);
  return visit(now_);
}

/// `position`: of the process that the step is one of. False: stop.
bool successors::try_step(const cluster_state& s, std::size_t position, const step_key& key,
                          const visitor& visit) {
  const auto& result = step(key);
  if (result.changes_nothing)
    return true;
  now_.key = key;
  now_.result = &result;
  now_.processes = s.processes;
  now_.sent.clear();
  now_.fault = result.fault;
  if (!now_.fault.empty())
    return visit(now_);
  if (key.kind == input_kind::report)
    now_.processes.erase(std::find(now_.processes.begin() + static_cast<std::ptrdiff_t>(fixed_),
                                   now_.processes.end(), key.argument));
  apply(position, result);
  if (!scope_.late_reports && position >= fixed_ &&
      universe_.process_state(result.after).kind == part_kind::report)
    deliver_report_at_once(position);
  if (!now_.fault.empty())
    return visit(now_);
  return finish(s, visit);
}

/// Equal scouts, commanders and reports stand side by side; one of them is enough.
bool successors::is_repeated(const cluster_state& s, std::size_t position) const {
  return position > fixed_ && s.processes[position] == s.processes[position - 1];
}

/// What happens without a message.
bool successors::chosen_events(const cluster_state& s, const visitor& visit) {
  for (std::size_t at = 0; at < fixed_; ++at) {
    const auto id = s.processes[at];
    if (!try_step(s, at, {id, input_kind::crash, 0}, visit))
      return false;
    if (at < acceptors_ || at >= replicas_)
      continue;
    for (const auto kind :
         {input_kind::run_for_office, input_kind::lose_office, input_kind::pass_time})
      if (!try_step(s, at, {id, kind, 0}, visit))
        return false;
  }
  if (!tell_of_configurations(s, visit) || !begin_reads(s, visit))
    return false;
  for (auto at = fixed_; at < s.processes.size(); ++at) {
    const auto& part = universe_.process_state(s.processes[at]);
    if (part.kind != part_kind::report || is_repeated(s, at))
      continue;
    const auto leader = position_of_leader(part.number);
    if (!try_step(s, leader, {s.processes[leader], input_kind::report, s.processes[at]}, visit))
      return false;
  }
  return true;
}

/// Of the latest configuration that a replica may have performed.
config_version successors::decided_version(const cluster_state& s) {
  std::vector<part_id> decisions;
  for (slot_num slot = 1; slot <= scope_.reconfigure; ++slot) {
    const auto decided = find_decision(s.messages, slot);
    if (decided == no_part)
      break;
    decisions.push_back(decided);
  }
  const auto [known, is_new] = versions_.try_emplace(std::move(decisions));
  if (is_new)
    known->second = universe_.version_after(known->first);
  return known->second;
}

/// Processes tell each other and their roles what a replica has performed, each at any later time
/// or never; of two changes maybe of the first one only, first.
bool successors::tell_of_configurations(const cluster_state& s, const visitor& visit) {
  if (scope_.reconfigure == 0)
    return true;
  const auto latest = decided_version(s);
  for (config_version version = 2; version <= latest; ++version)
    for (std::size_t at = 0; at < replicas_; ++at)
      if (!try_step(s, at, {s.processes[at], input_kind::hear_of, static_cast<part_id>(version)},
                    visit))
        return false;
  return true;
}

/// A client of one replica may know that others have performed all that is decided.
bool successors::begin_reads(const cluster_state& s, const visitor& visit) {
  if (scope_.reads == 0)
    return true;
  part_id acknowledged = 0;
  const auto next_is_decided = [&](part_id id) {
    const auto& fact = universe_.message(id).fact;
    return fact.what == message_fact::kind::decision && fact.slot == acknowledged + 1;
  };
  while (std::any_of(s.messages.begin(), s.messages.end(), next_is_decided))
    ++acknowledged;
  for (auto at = replicas_; at < fixed_; ++at)
    if (!try_step(s, at, {s.processes[at], input_kind::begin_read, acknowledged}, visit))
      return false;
  return true;
}

std::optional<std::size_t> successors::position_of_receiver(const message_part& m) const {
  if (m.to == part_kind::acceptor)
    return m.number;
  if (m.to == part_kind::leader)
    return position_of_leader(m.number);
  if (m.to == part_kind::replica && replicas_ + m.number < fixed_)
    return replicas_ + m.number;
  return std::nullopt;
}

bool successors::deliveries(const cluster_state& s, const visitor& visit) {
  for (const auto id : s.messages)
    if (const auto at = position_of_receiver(universe_.message(id));
        at && !try_step(s, *at, {s.processes[*at], input_kind::message, id}, visit))
      return false;
  return true;
}

/// Nobody can notice that a scout or commander has taken a message in, unless it sends something or
/// is done.
bool successors::is_silent(const step_key& key, const step_result& result) {
  return scope_.merge_silent && result.fault.empty() && result.sent.empty() &&
         universe_.process_state(result.after).kind == universe_.process_state(key.before).kind;
}

/// The messages on the way to silent_states_[last].
void successors::tell_silent(std::size_t last) {
  now_.silent.clear();
  for (auto at = last; at != 0; at = silent_states_[at].from)
    now_.silent.push_back({silent_states_[silent_states_[at].from].process, input_kind::message,
                           silent_states_[at].message});
  std::reverse(now_.silent.begin(), now_.silent.end());
}

bool successors::sub_role_steps(const cluster_state& s, std::size_t position,
                                const visitor& visit) {
  const auto kind = universe_.process_state(s.processes[position]).kind;
  const auto leader = universe_.process_state(s.processes[position]).number;
  silent_states_.assign(1, {s.processes[position], 0, 0});
  outcomes_.clear();
  for (std::size_t i = 0; i < silent_states_.size(); ++i)
    for (const auto id : s.messages) {
      if (const auto& m = universe_.message(id); m.to != kind || m.number != leader)
        continue;
      const step_key key{silent_states_[i].process, input_kind::message, id};
      const auto& result = step(key);
      if (result.changes_nothing)
        continue;
      if (is_silent(key, result)) {
        if (std::none_of(silent_states_.begin(), silent_states_.end(),
                         [&](const auto& known) { return known.process == result.after; }))
          silent_states_.push_back({result.after, i, id});
        continue;
      }
      if (result.fault.empty() && scope_.merge_silent &&
          std::find(outcomes_.begin(), outcomes_.end(), result.after) != outcomes_.end())
        continue;
      outcomes_.push_back(result.after);
      tell_silent(i);
      if (!try_step(s, position, key, visit))
        return false;
    }
  now_.silent.clear();
  return true;
}

void successors::for_each(const cluster_state& s, const visitor& visit) {
  known_messages_.look_at(s.messages);
  message_sums_ = message_sums(universe_, s.messages);
  now_.silent.clear();
  if (!chosen_events(s, visit) || !deliveries(s, visit))
    return;
  for (auto at = fixed_; at < s.processes.size(); ++at)
    if (universe_.process_state(s.processes[at]).kind != part_kind::report && !is_repeated(s, at) &&
        !sub_role_steps(s, at, visit))
      return;
}

} // namespace pmmc::search
