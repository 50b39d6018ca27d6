#include "parts/replica_actor.hpp"

#include "redis/redis_messages.hpp"

namespace pmmc {

namespace {

/// Of the acceptors that count at present.
acceptor_progress progress_of(const replica& core) {
  acceptor_progress progress{core.slot_out(), core.accepted()};
  const auto& config = core.state().configurations().latest();
  std::erase_if(progress.accepted, [&](const auto& a) { return !config.has_acceptor(a.first); });
  return progress;
}

} // namespace

replica_shell::replica_shell(replica::settings options, storage::data_directory opened,
                             state_factory make)
    : state_shell(options.id, std::move(opened), std::move(make)),
      core(options, storage::newest_state(snapshots, make_state), snapshots.latest().has_value()) {
  resume_fetch(*this, core);
}

replica_metrics replica_shell::metrics() const {
  return {core.counters(), core.gauges(), times.by_operation()};
}

caf::behavior replica_actor(caf::event_based_actor* self, std::shared_ptr<replica_shell> shell) {
  return state_handlers(self, shell).or_else([=](acceptor_progress_request) {
    return progress_of(shell->core);
  });
}

} // namespace pmmc
