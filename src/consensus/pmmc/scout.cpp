#include "consensus/pmmc/scout.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

scout::scout(role_id leader, scout_task task, unsigned resend_ticks)
    : leader_(leader), task_(std::move(task)), resend_ticks_(resend_ticks) {
  result_.version = task_.config->version;
  result_.ballot = task_.ballot;
  result_.from_slot = task_.from_slot;
  result_.to_slot = task_.to_slot;
  for (const auto& acceptor : task_.config->acceptors) {
    waitfor_.emplace(acceptor.id, task_.from_slot);
    ask(acceptor.id, task_.from_slot);
  }
}

void scout::on(const p1b& m) {
  if (outcome_ || m.version != task_.config->version || m.asked != task_.ballot)
    return;
  if (m.ballot > task_.ballot) {
    outcome_ = preempted{m.ballot};
    return;
  }
  // L4: the exact ballot, a distinct acceptor of this configuration, and the page that is due.
  auto waiting = waitfor_.find(m.acceptor);
  if (m.ballot != task_.ballot || waiting == waitfor_.end() || m.from_slot != waiting->second)
    return;
  result_.watermark = std::max(result_.watermark, m.watermark);
  for (const auto& p : m.accepted) {
    if (task_.to_slot != 0 && p.slot >= task_.to_slot)
      break;
    auto& pmax = result_.pvalues[p.slot];
    if (p.ballot > pmax.ballot)
      pmax = p;
  }
  if (m.next_slot != 0 && (task_.to_slot == 0 || m.next_slot < task_.to_slot)) {
    waiting->second = m.next_slot;
    ask(m.acceptor, m.next_slot);
    return;
  }
  waitfor_.erase(waiting);
  finish_if_adopted();
}

void scout::finish_if_adopted() {
  const auto answered = task_.config->acceptors.size() - waitfor_.size();
  if (answered < task_.config->quorum())
    return;
  // Below the watermark everything is decided; an acceptor that lags may still hold some of it.
  result_.pvalues.erase(result_.pvalues.begin(), result_.pvalues.lower_bound(result_.watermark));
  outcome_ = std::move(result_);
}

void scout::on_tick() {
  if (outcome_ || ++ticks_ % resend_ticks_ != 0)
    return;
  for (const auto& [acceptor, from_slot] : waitfor_)
    ask(acceptor, from_slot);
}

void scout::ask(const role_id& acceptor, slot_num from_slot) {
  out_.send.push_back(
      {acceptor, p1a{leader_, task_.config->version, task_.ballot, from_slot, task_.to_slot}});
}

outputs<> scout::take() { return std::exchange(out_, {}); }

} // namespace pmmc
