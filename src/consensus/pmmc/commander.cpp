#include "consensus/pmmc/commander.hpp"

#include <utility>

namespace pmmc {

commander::commander(role_id leader, commander_task task, unsigned resend_ticks)
    : leader_(leader), task_(std::move(task)), resend_ticks_(resend_ticks) {
  for (const auto& acceptor : task_.config->acceptors)
    waitfor_.insert(acceptor.id);
  ask_all();
}

void commander::on(const p2b& m) {
  const auto& value = task_.value;
  if (outcome_ || m.version != task_.config->version || m.asked != value.ballot ||
      m.slot != value.slot)
    return;
  if (m.ballot > value.ballot) {
    outcome_ = preempted{m.ballot};
    return;
  }
  if (m.slot < m.watermark) {
    outcome_ = below_watermark{m.slot, m.watermark};
    return;
  }
  // L4: the exact ballot and a distinct acceptor of this configuration.
  if (m.ballot != value.ballot || waitfor_.erase(m.acceptor) == 0)
    return;
  if (task_.config->acceptors.size() - waitfor_.size() < task_.config->quorum())
    return;
  for (const auto& replica : task_.config->replicas)
    out_.send.push_back({replica.id, decision{task_.config->version, value.slot, value.value}});
  for (const auto& replica : task_.learners)
    out_.send.push_back({replica, decision{task_.config->version, value.slot, value.value}});
  outcome_ = decided{value};
}

void commander::on_tick() {
  if (!outcome_ && ++ticks_ % resend_ticks_ == 0)
    ask_all();
}

void commander::ask_all() {
  for (const auto& acceptor : waitfor_)
    out_.send.push_back({acceptor, p2a{leader_, task_.config->version, task_.value}});
}

outputs<> commander::take() { return std::exchange(out_, {}); }

} // namespace pmmc
