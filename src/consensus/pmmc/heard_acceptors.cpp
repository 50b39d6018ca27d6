#include "consensus/pmmc/heard_acceptors.hpp"

namespace pmmc {

bool heard_acceptors::hear(const role_id& acceptor, std::uint64_t leader_ping, std::uint64_t tick) {
  const auto [known, is_new] = news_.try_emplace(acceptor);
  const bool is_other = is_new || known->second.leader_ping != leader_ping;
  known->second = {tick, leader_ping};
  return is_other;
}

bool heard_acceptors::has_quorum(const configuration& config, std::uint64_t tick) const {
  std::size_t heard = 0;
  for (const auto& acceptor : config.acceptors) {
    const auto it = news_.find(acceptor.id);
    heard += it != news_.end() && it->second.heard_tick >= tick;
  }
  return heard >= config.quorum();
}

} // namespace pmmc
