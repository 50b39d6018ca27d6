#include "parts/acceptor_actor.hpp"

namespace pmmc {

void acceptor_shell::persist(const std::vector<acceptor_record>& records) {
  const auto began = steady_ns();
  store.write(records);
  counted.sync_seconds.observe(seconds_since(began));
  counted.records += records.size();
}

void acceptor_shell::complete(role_status& status, bool) const {
  status.is_fresh = core.state().by_version.empty() && core.state().watermark == 1;
}

acceptor_metrics acceptor_shell::metrics() const {
  auto all = counted;
  all.accepted_bytes = core.accepted_bytes();
  for (const auto& [version, votes] : core.state().by_version)
    all.pvalues += votes.accepted.size();
  return all;
}

caf::behavior acceptor_actor(caf::event_based_actor* self, std::shared_ptr<acceptor_shell> shell) {
  return part_handlers(self, shell).or_else([=](const disk_refused& m) {
    hear_refusal(self, *shell, m);
  });
}

} // namespace pmmc
