#include "consensus/simple/barriers.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::simple {

bool barriers::add(std::uint64_t number) {
  if (waiting() >= options_.max_waiting)
    return false;
  queued_.push_back(number);
  if (asking_.empty())
    start();
  return true;
}

/// Only acceptors that are asked after a barrier has come can vouch for it.
void barriers::start() {
  asking_ = std::exchange(queued_, {});
  ++round_;
  ticks_ = 0;
  answered_.clear();
  highest_ = 0;
  ask();
}

void barriers::ask() {
  for (const auto& acceptor : servers_->members())
    if (!answered_.contains(acceptor))
      send_.push_back({acceptor, read_probe{servers_->self(), round_}});
}

void barriers::on(const read_probe_reply& m) {
  if (asking_.empty() || m.round != round_ || !servers_->contains(m.acceptor) ||
      !answered_.insert(m.acceptor).second)
    return;
  highest_ = std::max(highest_, m.highest);
  if (answered_.size() < servers_->quorum())
    return;
  for (const auto number : std::exchange(asking_, {}))
    complete_.push_back({number, highest_ + 1});
  end_ = std::max(end_, highest_ + 1);
  if (!queued_.empty())
    start();
}

void barriers::on_tick() {
  if (!asking_.empty() && ++ticks_ % options_.resend_ticks == 0)
    ask();
}

std::vector<envelope> barriers::take() { return std::exchange(send_, {}); }

std::vector<readable> barriers::take_readable(slot_num slot_out) {
  const auto is_open = [&](const readable& r) { return r.slot > slot_out; };
  const auto done = std::stable_partition(complete_.begin(), complete_.end(), is_open);
  const std::vector<readable> found(done, complete_.end());
  complete_.erase(done, complete_.end());
  return found;
}

} // namespace pmmc::simple
