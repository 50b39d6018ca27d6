#include "sim/acceptor_host.hpp"

#include <utility>

namespace pmmc::sim {

void acceptor_host::start() {
  role_.emplace(acceptor::settings{id(), world_.options.acceptor_page_bytes}, disk_.now.state,
                known_);
  if (!is_on_wrong_disk())
    world_.checkers.recovered(number(), role_->state());
}

void acceptor_host::check(world& w, const role_id&, const message& m) const {
  if (!is_on_wrong_disk())
    w.checkers.acceptor_sent(number(), m);
}

/// From leaders that it does not know, or refuses, it takes nothing, as the actor does.
void acceptor_host::on_message(const role_id& from, message& m) {
  const auto* scouts = std::get_if<p1a>(&m);
  const auto* commands = std::get_if<p2a>(&m);
  if ((scouts != nullptr && !counts(world_.number_of(scouts->leader))) ||
      (commands != nullptr && !counts(world_.number_of(commands->leader))))
    return world_.facts.count(fact::unknown_leader_ignored);
  dispatch(*role_, from, m);
}

void acceptor_host::settle() {
  auto out = role_->take();
  stamp_records(out.send, records() + out.persist.size());
  if (out.persist.empty())
    return send_all(out.send);
  if (world_.dies(*this, fault_kind::crash_before_persist))
    return;
  writing_ = std::move(out);
  block(world_.sync_time(*this));
}

void acceptor_host::unblocked() {
  if (world_.process_at(process_number()).disk_fails)
    return world_.crash(process_number()); // nobody knows whether it was written: forget() decides
  write();
  if (world_.dies(*this, fault_kind::crash_before_send))
    return;
  auto send = std::exchange(writing_.send, {});
  send_all(send);
}

void acceptor_host::write() {
  for (const auto& record : writing_.persist) {
    disk_.now.state.apply(record);
    ++disk_.now.records;
    if (!is_on_wrong_disk())
      world_.checkers.persisted(number(), record);
    if (std::holds_alternative<collect_record>(record))
      world_.facts.count(fact::log_collected);
  }
  writing_.persist.clear();
}

/// A write is one record of the store's log: all of it is found again, or it is torn, and none.
void acceptor_host::forget() {
  if (!writing_.persist.empty()) {
    const bool kept = world_.chance.below(2) == 0;
    world_.facts.count(kept ? fact::write_kept : fact::write_lost);
    if (kept)
      write();
  }
  writing_ = {};
  if (world_.chance.below(2) == 0) // later configurations may be remembered, or heard of again
    known_ = role_->configurations();
  role_.reset();
}

bool acceptor_host::is_quiet(std::string& why) const {
  if (is_blocked())
    why += id().str() + " waits for its disk; ";
  return !is_blocked();
}

} // namespace pmmc::sim
