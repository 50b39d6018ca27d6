#include "known_disk.hpp"

#include "log.hpp"

#include <cstdlib>

namespace pmmc {

namespace {

constexpr std::string_view advice =
    "Bring back its data directory as it was last; without it, replace it by one with another id "
    "(docs/RECONFIGURATION.md, \"replace a dead machine\")";

} // namespace

void log_refusal(const role_id& self, const hosted_role& peer, const std::string& why) {
  spdlog::error("{} does not count {} {}: {}. {}", self.view(), to_string(peer.kind),
                peer.id.view(), why, advice);
}

void stop_if_refused(const role_id& self, const directory_facts& own, const disk_refused& m) {
  const auto why = why_disk_is_wrong(m.known, own);
  if (why.empty())
    return;
  end_process(self.str() + " stops: " + m.by.str() + " remembers it, and says: " + why +
                  ". It must not take part. " + std::string{advice},
              2);
}

} // namespace pmmc
