#include "consensus/simple/proposals.hpp"

#include "base/invariant.hpp"

#include <iterator>
#include <utility>

namespace pmmc::simple {

proposals::proposals(std::shared_ptr<const server_group> servers, settings options,
                     std::uint64_t seed)
    : servers_(std::move(servers)), options_(options), random_(seed) {}

bool proposals::add(command own) {
  PMMC_INVARIANT(!own.is_noop(), "a no-op is nobody's command");
  if (queue_.size() >= options_.max_queued ||
      queued_bytes_ + own.size() > options_.max_queued_bytes)
    return false;
  queued_bytes_ += own.size();
  queue_.push_back(std::move(own));
  return true;
}

void proposals::start_next(slot_num slot, const acceptor& own) {
  auto next = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= next.size();
  ++commands_;
  start(slot, std::move(next), own);
}

void proposals::fill(slot_num slot, const acceptor& own) { start(slot, command{}, own); }

void proposals::start(slot_num slot, command value, const acceptor& own) {
  const auto [at, is_new] = in_slots_.try_emplace(slot, servers_, slot, std::move(value),
                                                  options_.proposing, random_.next());
  PMMC_INVARIANT(is_new, "C1: a server proposes one value at a time in a slot");
  begin(at->second, own);
}

void proposals::begin(proposer& p, const acceptor& own) {
  p.begin(own.promised(p.slot()));
  ++numbers_;
}

void proposals::on_tick(const acceptor& own) {
  for (auto& [slot, p] : in_slots_) {
    p.on_tick();
    if (p.is_due())
      begin(p, own);
  }
}

bool proposals::settle(slot_num slot, const command& value) {
  const auto at = in_slots_.find(slot);
  if (at == in_slots_.end())
    return false;
  const auto own = at->second.own();
  in_slots_.erase(at);
  if (own.is_noop())
    return false;
  --commands_;
  if (own == value)
    return true;
  queued_bytes_ += own.size(); // it had room before
  queue_.push_front(own);
  return false;
}

std::vector<command> proposals::abandon_below(slot_num slot) {
  std::vector<command> unresolved;
  const auto end = in_slots_.lower_bound(slot);
  for (auto it = in_slots_.begin(); it != end; ++it)
    if (!it->second.own().is_noop())
      unresolved.push_back(it->second.own());
  in_slots_.erase(in_slots_.begin(), end);
  commands_ -= unresolved.size();
  return unresolved;
}

std::vector<envelope> proposals::take() {
  std::vector<envelope> send;
  for (auto& [slot, p] : in_slots_) {
    auto of_slot = p.take();
    send.insert(send.end(), std::make_move_iterator(of_slot.begin()),
                std::make_move_iterator(of_slot.end()));
  }
  return send;
}

std::vector<chosen> proposals::outcomes() const {
  std::vector<chosen> found;
  for (const auto& [slot, p] : in_slots_)
    if (p.outcome())
      found.push_back({slot, *p.outcome()});
  return found;
}

} // namespace pmmc::simple
