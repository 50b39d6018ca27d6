#include "known_disk.hpp"

#include "log.hpp"

namespace pmmc {

std::string known_disk(storage::role_state& met, const membership& members,
                       const hosted_role& peer) {
  const auto* m = members.find(static_cast<member_kind>(peer.kind), peer.id);
  if (m != nullptr && !m->disk.empty() && m->disk != peer.format_id)
    return m->disk;
  met.meet(peer.id, peer.format_id);
  return met.known_disks().at(peer.id);
}

bool is_known_disk(const role_id& self, storage::role_state& met, const membership& members,
                   const hosted_role& peer) {
  if (peer.kind != hosted_kind::acceptor && peer.kind != hosted_kind::leader)
    return true;
  const auto known = known_disk(met, members, peer);
  if (known == peer.format_id)
    return true;
  spdlog::error(
      "{} does not count {} {}: it was formatted again (disk {}, known disk {}), so it has lost "
      "what "
      "it promised and which ballots it used. Bring back its old data directory; without it, "
      "replace it by one "
      "with another id (docs/RECONFIGURATION.md, \"replace a dead machine\")",
      self.view(), to_string(static_cast<member_kind>(peer.kind)), peer.id.view(), peer.format_id,
      known);
  return false;
}

void stop_if_formatted_again(const role_id& self, const storage::data_directory& directory,
                             const disk_refused& m) {
  const auto& disk = directory.info().format_id;
  if (m.known_format_id != disk)
    fatal(
        self.view(),
        "it was formatted again: " + m.by.str() + " knows it by disk " + m.known_format_id +
            ", and this is disk " + disk +
            ", so it has lost what it promised and which ballots it used, and must not take part. "
            "Bring back its old data directory; without it, replace it by one with another id "
            "(docs/RECONFIGURATION.md, \"replace a dead machine\")");
}

} // namespace pmmc
