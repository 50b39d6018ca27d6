#include "known_disk.hpp"

#include "log.hpp"

namespace pmmc {

bool is_known_disk(const role_id& self, storage::role_state& known, const hosted_role& peer) {
  if (peer.kind != hosted_kind::acceptor || known.meet(peer.id, peer.format_id))
    return true;
  spdlog::error(
      "{} does not count acceptor {}: it was formatted again (disk {}, known disk {}), so it "
      "has lost its promises. Bring back its old data directory; without it, stop it for "
      "good (docs/OPERATIONS.md, \"an acceptor lost its disk\")",
      self.view(), peer.id.view(), peer.format_id, known.known_disks().at(peer.id));
  return false;
}

} // namespace pmmc
