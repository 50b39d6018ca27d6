#include "node/known_disk.hpp"

#include "node/log.hpp"

#include <cstdlib>
#include <utility>

namespace pmmc {

namespace {

std::string advice(role_kind kind) {
  return std::string{"Bring back its data directory as it was last; without it, "} +
         (kind == role_kind::server ? "with engine `simple` it stays down; else " : "") +
         "replace it by one with another id (docs/RECONFIGURATION.md, \"replace a dead machine\")";
}

} // namespace

void log_refusal(const role_id& self, const hosted_role& peer, const std::string& why) {
  spdlog::error("{} does not count {} {}: {}. {}", self.view(), to_string(peer.kind),
                peer.id.view(), why, advice(peer.kind));
}

void log_own_refusal(const role_id& self, const role_id& own, const std::string& why) {
  spdlog::warn(
      "{} does not count {} of this process: {}. If it has moved elsewhere or was removed, "
      "do not start it here any more",
      self.view(), own.view(), why);
}

void stop_if_refused(const role_id& self, role_kind kind, const directory_facts& own,
                     disk_refusals& said) {
  for (const auto& m : said.take())
    if (const auto why = why_disk_is_wrong(m.known, own); !why.empty())
      end_process(self.str() + " stops: " + m.by.str() + " remembers it, and says: " + why +
                      ". It must not take part. " + advice(kind),
                  2);
}

} // namespace pmmc
