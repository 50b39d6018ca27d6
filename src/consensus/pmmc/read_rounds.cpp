#include "consensus/pmmc/read_rounds.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

/// Only acceptors that are asked after a read has come in can vouch for it.
bool read_rounds::start(const replicated_state& state, std::uint64_t tick,
                        std::vector<envelope>& send) {
  if (queue_.waiting() == 0 || asking_)
    return false;
  round next;
  next.number = ++round_number_;
  next.started_tick = tick;
  next.queries = queue_.take_waiting();
  for (const auto* config : state.configurations().from(state.slot_out()))
    next.answered.emplace(config->version, std::set<role_id>{});
  asking_ = std::move(next);
  ask_acceptors(*asking_, state.configurations(), send);
  return true;
}

void read_rounds::ask_acceptors(const round& r, const config_history& configurations,
                                std::vector<envelope>& send) const {
  for (const auto& [version, answered] : r.answered)
    if (const auto* config = configurations.find(version))
      for (const auto& acceptor : config->acceptors)
        if (!answered.contains(acceptor.id))
          send.push_back({acceptor.id, read_probe{options_.id, r.number, version}});
}

void read_rounds::on(const read_probe_reply& m, const replicated_state& state,
                     std::vector<envelope>& send) {
  if (m.round == round_number_) { // late ones count here
    auto& highest = accepted_[m.acceptor];
    highest = std::max(highest, m.highest);
  }
  if (!asking_ || m.round != asking_->number)
    return;
  const auto asked = asking_->answered.find(m.version);
  const auto* config = state.configurations().find(m.version);
  if (asked == asking_->answered.end() || config == nullptr || !config->has_acceptor(m.acceptor))
    return;
  asked->second.insert(m.acceptor);
  asking_->highest = std::max(asking_->highest, m.highest);
  if (has_quorum(*asking_, state))
    answer(state, send);
}

/// What a configuration decided that is over shows in the state: its acceptors, which may be gone,
/// are not waited for.
bool read_rounds::has_quorum(const round& r, const replicated_state& state) const {
  for (const auto& [version, answered] : r.answered)
    if (const auto* config = state.configurations().find(version);
        config != nullptr && answered.size() < config->quorum() &&
        state.configurations().end_of(version) > state.slot_out())
      return false;
  return true;
}

void read_rounds::complete_if_answered(const replicated_state& state) {
  if (!asking_ || !has_quorum(*asking_, state))
    return;
  const auto highest = asking_->highest;
  needed_slot_out_ = std::max(needed_slot_out_, highest + 1);
  complete_[highest].push_back(std::move(*asking_));
  asking_.reset();
}

void read_rounds::answer(const replicated_state& state, std::vector<envelope>& send) {
  complete_if_answered(state); // one of the configurations asked may just have ended
  while (has_answers(state.slot_out()) && !queue_.is_turn_over()) {
    auto& rounds = complete_.begin()->second;
    answer_round(rounds.front(), state, send);
    if (rounds.front().queries.empty())
      rounds.erase(rounds.begin());
    if (rounds.empty())
      complete_.erase(complete_.begin());
  }
}

/// If a configuration came up meanwhile that was not asked, its acceptors may have accepted
/// something newer: ask again.
void read_rounds::answer_round(round& r, const replicated_state& state,
                               std::vector<envelope>& send) {
  if (r.answered.contains(state.configurations().latest().version))
    queue_.answer(r.queries, state, send);
  else
    queue_.put_back(r.queries);
}

/// A round without a quorum is asked again and, in the end, given up; so is one whose slots do not
/// get decided. A read leaves nothing behind, so "unavailable" is the whole truth.
void read_rounds::on_tick(const replicated_state& state, std::uint64_t tick,
                          std::vector<envelope>& send) {
  const auto slot_out = state.slot_out();
  if (asking_ && is_too_old(*asking_, tick)) {
    queue_.give_up(asking_->queries, acceptors_reached(*asking_, state.configurations()), slot_out,
                   send);
    asking_.reset();
  } else if (asking_ && tick > asking_->started_tick &&
             (tick - asking_->started_tick) % options_.resend_ticks == 0) {
    ask_acceptors(*asking_, state.configurations(), send);
  }
  for (auto it = complete_.lower_bound(slot_out); it != complete_.end();) {
    for (const auto& r : it->second)
      if (is_too_old(r, tick))
        queue_.give_up(r.queries,
                       "slot " + std::to_string(it->first) +
                           " may have been decided, but replica " + options_.id.str() +
                           " has performed the slots below " + std::to_string(slot_out) + " only",
                       slot_out, send);
    std::erase_if(it->second, [&](const round& r) { return is_too_old(r, tick); });
    it = it->second.empty() ? complete_.erase(it) : std::next(it);
  }
}

std::string read_rounds::acceptors_reached(const round& r,
                                           const config_history& configurations) const {
  std::string text = "no quorum: acceptors that answered replica " + options_.id.str() + ":";
  for (const auto& [version, answered] : r.answered) {
    const auto* config = configurations.find(version);
    if (config == nullptr)
      continue;
    std::string silent;
    for (const auto& acceptor : config->acceptors)
      if (!answered.contains(acceptor.id))
        silent += " " + acceptor.id.str() + " at " + acceptor.address;
    text += (version == r.answered.begin()->first
                 ? " "
                 : "; of configuration " + std::to_string(version) + ", ") +
            std::to_string(answered.size()) + " of " + std::to_string(config->acceptors.size()) +
            " (needed: " + std::to_string(config->quorum()) + ")" +
            (silent.empty() ? "" : ", no answer from" + silent);
  }
  return text;
}

} // namespace pmmc
