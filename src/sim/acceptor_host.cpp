#include "sim/acceptor_host.hpp"

#include <utility>

namespace pmmc::sim {

void acceptor_host::recover() {
  start_from_disk(disk_, [&] { store_.emplace(disk_.directory(), small_segments); });
}

void acceptor_host::start() {
  auto state = store_->take_recovered();
  if (!is_on_wrong_disk()) {
    const bool is_kept = world_.checkers.recovered(number(), state, under_way_);
    if (!std::exchange(under_way_, {}).empty())
      world_.facts.count(is_kept ? fact::write_kept : fact::write_lost);
  }
  role_.emplace(acceptor::settings{id(), world_.options.acceptor_page_bytes}, std::move(state),
                disk_.known());
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

/// Who runs it writes down what it heard of others, some time.
void acceptor_host::on_tick() {
  if (world_.chance.below(4) == 0)
    on_disk([&] { disk_.remember(role_->configurations()); });
}

void acceptor_host::settle() {
  auto out = role_->take();
  if (out.persist.empty()) {
    stamp_records(out.send, records());
    return send_all(std::move(out.send));
  }
  if (world_.dies(*this, fault_kind::crash_before_persist))
    return;
  writing_ = std::move(out);
  block(world_.sync_time(*this));
}

void acceptor_host::unblocked() {
  if (!on_disk([&] { store_->write(writing_.persist); }))
    return;
  note_own_records();
  for (const auto& record : std::exchange(writing_.persist, {})) {
    if (!is_on_wrong_disk())
      world_.checkers.persisted(number(), record);
    world_.facts.count(fact::log_collected, std::holds_alternative<collect_record>(record));
  }
  if (world_.dies(*this, fault_kind::crash_before_send))
    return;
  auto send = std::exchange(writing_.send, {});
  stamp_records(send, records());
  send_all(std::move(send));
}

void acceptor_host::forget(bool power) {
  if (!writing_.persist.empty()) {
    die_within(disk_, 12, [&] { store_->write(writing_.persist); });
    if (!is_on_wrong_disk())
      under_way_ = std::move(writing_.persist);
  }
  writing_ = {};
  disk_.files().stop();
  role_.reset();
  store_.reset();
  disk_.close();
  disk_.files().restart(power);
}

bool acceptor_host::is_quiet(std::string& why) const {
  if (is_blocked())
    why += id().str() + " waits for its disk; ";
  return !is_blocked();
}

} // namespace pmmc::sim
