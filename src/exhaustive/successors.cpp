#include "exhaustive/successors.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::exhaustive {

void follow(const cluster_state& before, const transition& t, cluster_state& after) {
  after.processes = t.processes;
  after.messages.clear();
  std::merge(before.messages.begin(), before.messages.end(), t.sent.begin(), t.sent.end(),
             std::back_inserter(after.messages));
}

successors::successors(universe& u, const scope& s)
    : universe_(u), scope_(s), fixed_(s.acceptors + s.leaders), steps_(1024) {}

const step_result& successors::step(const step_key& key) {
  const auto place = [&](const step_key& k) -> remembered& {
    auto at = step_key_hash{}(k) & (steps_.size() - 1);
    while (steps_[at].result != nullptr && !(steps_[at].key == k))
      at = (at + 1) & (steps_.size() - 1);
    return steps_[at];
  };
  auto& known = place(key);
  if (known.result != nullptr)
    return *known.result;
  const auto& result = universe_.step(key);
  known = {key, &result};
  if (++steps_used_ * 2 > steps_.size()) {
    const auto old = std::exchange(steps_, std::vector<remembered>(steps_.size() * 2));
    for (const auto& r : old)
      if (r.result != nullptr)
        place(r.key) = r;
  }
  return result;
}

void successors::send(const std::vector<part_id>& messages) {
  for (const auto id : messages) {
    if (id >= is_sent_.size())
      is_sent_.resize(id + 64);
    if (is_sent_[id] == 0 && std::find(now_.sent.begin(), now_.sent.end(), id) == now_.sent.end())
      now_.sent.push_back(id);
  }
}

void successors::apply(std::size_t position, const step_result& result) {
  auto& processes = now_.processes;
  if (result.stops_sub_roles || result.loses_sub_roles) {
    const auto leader = universe_.process_state(processes[position]).number;
    const auto is_gone = [&](part_id id) {
      const auto& part = universe_.process_state(id);
      return part.number == leader && (result.loses_sub_roles || part.kind != role_kind::report);
    };
    processes.erase(std::remove_if(processes.begin() + static_cast<std::ptrdiff_t>(fixed_),
                                   processes.end(), is_gone),
                    processes.end());
  }
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

bool successors::finish(const std::function<bool(const transition&)>& visit) {
  std::sort(now_.processes.begin() + static_cast<std::ptrdiff_t>(fixed_), now_.processes.end());
  std::sort(now_.sent.begin(), now_.sent.end());
  now_.sums =
      message_sums_ + process_sums(universe_, now_.processes) + message_sums(universe_, now_.sent);
  return visit(now_);
}

/// `position`: of the process that the step is one of. False: stop.
bool successors::try_step(const cluster_state& s, std::size_t position, const step_key& key,
                          const std::function<bool(const transition&)>& visit) {
  const auto& result = step(key);
  if (result.changes_nothing)
    return true;
  now_.key = key;
  now_.announced = 0;
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
      universe_.process_state(result.after).kind == role_kind::report)
    deliver_report_at_once(position);
  if (!now_.fault.empty())
    return visit(now_);
  return finish(visit);
}

bool successors::deliver(const cluster_state& s, part_id message,
                         const std::function<bool(const transition&)>& visit) {
  const auto& m = universe_.message(message);
  switch (m.to) {
  case role_kind::acceptor:
    return try_step(s, m.number, {s.processes[m.number], input_kind::message, message}, visit);
  case role_kind::leader: {
    const auto at = position_of_leader(m.number);
    return try_step(s, at, {s.processes[at], input_kind::message, message}, visit);
  }
  case role_kind::scout:
  case role_kind::commander:
    for (auto at = fixed_; at < s.processes.size(); ++at) {
      const auto& part = universe_.process_state(s.processes[at]);
      const bool is_other_leaders = part.number != m.number;
      const bool is_same_as_last = at > fixed_ && s.processes[at] == s.processes[at - 1];
      if (part.kind != m.to || is_other_leaders || is_same_as_last)
        continue;
      if (!try_step(s, at, {s.processes[at], input_kind::message, message}, visit))
        return false;
    }
    return true;
  default:
    return true;
  }
}

/// Once all slots below it are decided, a watermark may be announced.
bool successors::announce(const cluster_state& s,
                          const std::function<bool(const transition&)>& visit) {
  for (slot_num slot = 1; slot <= scope_.slots; ++slot) {
    const bool is_decided = std::any_of(s.messages.begin(), s.messages.end(), [&](part_id id) {
      const auto& fact = universe_.message(id).fact;
      return fact.what == message_fact::kind::decision && fact.slot == slot;
    });
    if (!is_decided)
      return true;
    now_.announced = slot + 1;
    now_.result = nullptr;
    now_.processes = s.processes;
    now_.sent.clear();
    now_.fault.clear();
    send(universe_.announcement(slot + 1));
    if (!now_.sent.empty() && !finish(visit))
      return false;
  }
  return true;
}

void successors::for_each(const cluster_state& s,
                          const std::function<bool(const transition&)>& visit) {
  std::fill(is_sent_.begin(), is_sent_.end(), std::uint8_t{0});
  if (!s.messages.empty() && s.messages.back() >= is_sent_.size())
    is_sent_.resize(s.messages.back() + 64);
  for (const auto id : s.messages)
    is_sent_[id] = 1;
  message_sums_ = message_sums(universe_, s.messages);
  for (std::size_t at = 0; at < fixed_; ++at) {
    const auto id = s.processes[at];
    if (!try_step(s, at, {id, input_kind::crash_and_restart, 0}, visit))
      return;
    if (at < scope_.acceptors)
      continue;
    for (const auto kind :
         {input_kind::run_for_office, input_kind::lose_office, input_kind::pass_time})
      if (!try_step(s, at, {id, kind, 0}, visit))
        return;
  }
  for (auto at = fixed_; at < s.processes.size(); ++at) {
    const auto& part = universe_.process_state(s.processes[at]);
    if (part.kind != role_kind::report || (at > fixed_ && s.processes[at] == s.processes[at - 1]))
      continue;
    const auto leader = position_of_leader(part.number);
    if (!try_step(s, leader, {s.processes[leader], input_kind::report, s.processes[at]}, visit))
      return;
  }
  for (const auto id : s.messages)
    if (!deliver(s, id, visit))
      return;
  if (scope_.collect)
    announce(s, visit);
}

} // namespace pmmc::exhaustive
