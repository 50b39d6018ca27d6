#include "parts/server_actor.hpp"

#include "redis/redis_messages.hpp"

namespace pmmc {

namespace {

storage::server_store::log_settings log_settings_of(const server_shell::settings& options) {
  auto log = options.log;
  log.id = options.part.service.id;
  log.seed = options.part.seed;
  return log;
}

/// The engine goes on where the newest snapshot ends.
server open_server(const server_shell::settings& options, storage::server_store& store,
                   const storage::snapshot_store& snapshots, const state_factory& make_state) {
  auto state = storage::newest_state(snapshots, make_state);
  auto log = store.open_log(log_settings_of(options), store.take_recovered(), *state);
  return server{options.part, std::move(log), std::move(state), snapshots.latest().has_value()};
}

/// Of the servers that count at present: where they stand, by what they told last. Of this one, as
/// far as its own disk has come.
acceptor_progress progress_of(const server_shell& shell) {
  acceptor_progress progress{shell.core.slot_out(), {}};
  const auto& config = shell.core.state().configurations().latest();
  for (const auto& [id, slot_out] : shell.core.slot_outs())
    if (config.has_server(id))
      progress.accepted[id] = (id == shell.id ? shell.durable_slot_out : slot_out) - 1;
  return progress;
}

} // namespace

server_shell::server_shell(settings options, storage::data_directory opened, state_factory make)
    : state_shell(options.part.service.id, std::move(opened), std::move(make)), store(directory),
      core(open_server(options, store, snapshots, make_state)), durable_slot_out(core.slot_out()),
      writes(store.writes()) {
  durable.begin_life();
  own = {directory.info().format_id, durable.lives(), writes};
  resume_fetch(*this, core);
}

// --- The disk -----------------------------------------------------------------------------------

void server_shell::write_beside(caf::event_based_actor* self, server_outputs out) {
  send_all(caf::actor{self}, id, peers, std::exchange(out.send_early, {}));
  waiting.out.add(std::move(out));
  waiting.slot_out = core.slot_out();
  if (!writing)
    go_on_writing(self);
}

/// All that has come meanwhile is written with one sync.
void server_shell::go_on_writing(caf::event_based_actor* self) {
  auto next = std::exchange(waiting, {});
  if (next.out.persist.empty()) {
    durable_slot_out = next.slot_out;
    return carry_out_durable(self, *this, next.out);
  }
  records = std::make_shared<const std::vector<log_record>>(std::exchange(next.out.persist, {}));
  writing = std::move(next);
  self->send(writer, write_records{records});
}

void server_shell::written(caf::event_based_actor* self, const records_written& m) {
  PMMC_INVARIANT(writing.has_value(), "D1: what is durable was given to the disk");
  writes = m.writes;
  counted.sync_seconds.observe(m.seconds);
  counted.records += records->size();
  auto done = std::move(*writing);
  writing.reset();
  durable_slot_out = done.slot_out;
  core.persisted(*records);
  carry_out_durable(self, *this, done.out);
  carry_out(self, *this); // what follows from it, and whatever else has waited
}

void server_shell::sends(std::vector<envelope>& out) {
  stamp_records(out, writes);
  times.observe(out);
}

// --- What is told of it -------------------------------------------------------------------------

void server_shell::ticked() {
  report_differing(core.differing(), core.is_outvoted());
  log_office();
}

void server_shell::log_office() {
  const auto now = core.current_vitals();
  if (now.term == 0) // nobody leads
    return;
  auto text = now.is_leader ? "leads" : now.leader.empty() ? "" : "follows " + now.leader.str();
  if (text.empty() || text == office)
    return;
  office = std::move(text);
  spdlog::info("{} {} in term {}", id.view(), office, now.term);
}

void server_shell::complete(role_status& status, bool with_fingerprint) const {
  complete_with_state(status, core, with_fingerprint);
  status.is_fresh = status.is_fresh && writes == 1; // the one that formatted it
}

server_metrics server_shell::metrics() const {
  auto all = counted;
  all.service = {core.counters(), core.gauges(), times.by_operation()};
  all.log = core.figures();
  return all;
}

caf::behavior server_actor(caf::event_based_actor* self, std::shared_ptr<server_shell> shell) {
  auto handlers = state_handlers(self, shell);
  shell->writer = spawn_helper(self, *shell, record_writer, shell->id,
                               std::shared_ptr<storage::server_store>{shell, &shell->store});
  return handlers.or_else([=](const records_written& m) { shell->written(self, m); },
                          [=](const disk_refused& m) { hear_refusal(self, *shell, m); },
                          [=](acceptor_progress_request) { return progress_of(*shell); });
}

} // namespace pmmc
