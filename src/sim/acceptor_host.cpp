#include "sim/acceptor_host.hpp"

#include <utility>

namespace pmmc::sim {

void acceptor_host::recover() {
  start_from_disk([&] {
    disk().begin_life();
    store_.emplace(disk().directory(), small_segments);
  });
}

void acceptor_host::start() {
  auto state = store_->take_recovered();
  if (!is_on_wrong_disk()) {
    const bool is_kept = world_.checkers.recovered(number(), state, under_way_);
    if (!std::exchange(under_way_, {}).empty())
      world_.facts.count(is_kept ? fact::write_kept : fact::write_lost);
  }
  start_role(acceptor::settings{id(), world_.options.acceptor_page_bytes}, std::move(state),
             known());
}

void acceptor_host::check(world& w, const role_id&, const message& m) const {
  if (!is_on_wrong_disk())
    w.checkers.acceptor_sent(number(), m);
}

/// From leaders that it does not know, or refuses, it takes nothing, as the actor does.
void acceptor_host::on_message(const role_id& from, message& m) {
  const auto* scouts = std::get_if<p1a>(&m);
  const auto* commands = std::get_if<p2a>(&m);
  if ((scouts != nullptr && !trusts(world_.number_of(scouts->leader))) ||
      (commands != nullptr && !trusts(world_.number_of(commands->leader))))
    return world_.facts.count(fact::unknown_leader_ignored);
  part_host::on_message(from, m);
}

void acceptor_host::written(const records_type& records) {
  for (const auto& record : records) {
    if (!is_on_wrong_disk())
      world_.checkers.persisted(number(), record);
    world_.facts.count(fact::log_collected, std::holds_alternative<collect_record>(record));
  }
}

void acceptor_host::interrupted(records_type records) {
  if (!is_on_wrong_disk())
    under_way_ = std::move(records);
}

bool acceptor_host::is_quiet(std::string& why) const {
  if (is_blocked())
    why += id().str() + " waits for its disk; ";
  return !is_blocked();
}

} // namespace pmmc::sim
