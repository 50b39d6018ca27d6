#include "sim/operator_host.hpp"

#include "sim/checkers/violation.hpp"

#include <utility>

namespace pmmc::sim {

namespace {
constexpr unsigned patience_ticks = 3'000;
}

/// As a node does: connections come and go, those to replicas that were removed as well.
void client_connections::look_around(world& w, const host& self, client& core) {
  const auto reached = w.up() & ~w.net.deaf_to(self.process_number());
  const auto is_up = [&](const role_id& id) {
    const auto* replica = w.host_at(w.number_of(id));
    return replica != nullptr && (reached >> replica->process_number() & 1) != 0;
  };
  for (const auto& r : w.checkers.truth().state().configurations().latest().state_holders())
    if (is_up(r.id) && up_.insert(r.id).second)
      core.on_replica_up(r.id, r.address);
  for (auto it = up_.begin(); it != up_.end();)
    if (is_up(*it)) {
      ++it;
    } else {
      core.on_replica_down(*it, "cannot be reached");
      it = up_.erase(it);
    }
}

void operator_host::start() {
  client::settings settings;
  settings.id = id();
  settings.seed = world_.chance.next();
  core_.emplace(settings);
}

void operator_host::ask_for(reconfiguration r) {
  const auto ticket = core_->submit(encode(r), patience_ticks, request_kind::reconfigure);
  open_.emplace(ticket, std::move(r));
  settle();
}

void operator_host::on_message(const role_id& from, message& m) {
  if (const auto* r = std::get_if<response>(&m))
    core_->on(from, *r);
}

void operator_host::on_tick() {
  const auto ticks = world_.process_at(process_number()).ticks;
  if (ticks % 10 == 1)
    connections_.look_around(world_, *this, *core_);
  if (ticks % 50 == 1) {
    roster_.switch_off_retired();
    roster_.follow_moves();
  }
  core_->on_tick();
}

void operator_host::settle() {
  auto out = core_->take();
  send_all(std::move(out.send));
  for (const auto& f : out.finished) {
    const auto asked = std::move(open_.extract(f.ticket).mapped());
    if (f.kind != outcome_kind::done) {
      // As with any operation: what one copy of it was refused for, another one may not be.
      if (f.kind == outcome_kind::unknown || (f.busy && may_repeat_messages(world_.options)))
        roster_.lose_sight();
      else
        roster_.withdraw(asked);
      continue;
    }
    const auto outcome = decode_reconfiguration_outcome(f.body);
    demand(outcome.has_value(),
           [] { return std::string{"X1: a reconfiguration's answer is none"}; });
    world_.facts.count(fact::reconfiguration_stale,
                       outcome->status == reconfiguration_status::conflict);
    if (world_.log.is_told())
      world_.tell(id().str() + ": reconfiguration " +
                  (outcome->status == reconfiguration_status::accepted
                       ? "accepted, version " + std::to_string(outcome->version) + " from slot " +
                             std::to_string(outcome->first_slot)
                       : "refused: " + outcome->text));
    world_.facts.count(fact::change_not_made, world_.options.engine == engine_kind::simple);
    if (outcome->status != reconfiguration_status::accepted)
      roster_.withdraw(asked);
  }
}

bool operator_host::is_quiet(std::string& why) const {
  if (open_.empty())
    return true;
  why += id().str() + " waits for " + std::to_string(open_.size()) + " reconfigurations; ";
  return false;
}

} // namespace pmmc::sim
