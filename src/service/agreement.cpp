#include "service/agreement.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

void agreement::hear(const role_id& peer, const slot_digest& told) {
  if (told.slot == 0)
    return;
  auto& of_peer = told_[peer];
  of_peer.insert_or_assign(told.slot, told);
  if (of_peer.size() > kept_of_each)
    of_peer.erase(of_peer.begin());
}

void agreement::compare(const std::deque<slot_digest>& own, const role_id& self,
                        const std::vector<member>& replicas) {
  std::erase_if(told_, [&](const auto& entry) {
    return std::none_of(replicas.begin(), replicas.end(),
                        [&](const member& r) { return r.id == entry.first; });
  });
  std::erase_if(differing_, [&](const auto& entry) { return !told_.contains(entry.first); });
  disputed_ = false;
  for (const auto& mine : own) {
    std::size_t agree = 1;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> others;
    for (const auto& [peer, digests] : told_) {
      const auto told = digests.find(mine.slot);
      if (told == digests.end() || peer == self)
        continue;
      if (told->second == mine) {
        differing_.erase(peer); // it was wrong, and got the state anew
        ++agree;
        continue;
      }
      differing_.try_emplace(peer, mine.slot);
      ++others[{told->second.decisions, told->second.state}];
    }
    disputed_ = (disputed_ || !others.empty()) && 2 * agree <= replicas.size();
    for (const auto& [digest, count] : others)
      outvoted_ = outvoted_ || 2 * count > replicas.size();
  }
}

} // namespace pmmc
