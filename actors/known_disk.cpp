#include "known_disk.hpp"

#include "log.hpp"

namespace pmmc {

std::string known_disk(storage::role_state& met, const membership& members,
                       const hosted_role& peer) {
  const auto* m = members.find(member_kind::acceptor, peer.id);
  if (m != nullptr && !m->disk.empty() && m->disk != peer.format_id)
    return m->disk;
  met.meet(peer.id, peer.format_id);
  return met.known_disks().at(peer.id);
}

bool is_known_disk(const role_id& self, storage::role_state& met, const membership& members,
                   const hosted_role& peer) {
  if (peer.kind != hosted_kind::acceptor)
    return true;
  const auto known = known_disk(met, members, peer);
  if (known == peer.format_id)
    return true;
  spdlog::error(
      "{} does not count acceptor {}: it was formatted again (disk {}, known disk {}), so it "
      "has lost its promises. Bring back its old data directory; without it, replace it by one "
      "with another id (docs/RECONFIGURATION.md, \"replace a dead machine\")",
      self.view(), peer.id.view(), peer.format_id, known);
  return false;
}

} // namespace pmmc
