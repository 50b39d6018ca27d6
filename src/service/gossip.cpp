#include "service/gossip.hpp"

#include <algorithm>
#include <functional>

namespace pmmc {

std::optional<state_vitals> gossip::find(const role_id& peer) const {
  const auto it = news_.find(peer);
  return it == news_.end() ? std::nullopt : state_of(it->second.told);
}

bool gossip::is_heard(const role_id& peer, std::uint64_t tick) const {
  if (peer == self_)
    return true;
  const auto it = news_.find(peer);
  return it != news_.end() && is_recent(it->second, tick);
}

bool gossip::is_far_behind(const role_id& peer) const {
  const auto it = news_.find(peer);
  return it != news_.end() && it->second.is_far_behind;
}

slot_num gossip::highest_slot_end() const {
  slot_num highest = 0;
  for (const auto& [peer, n] : news_)
    highest = std::max(highest, slot_end_of(n.told));
  return highest;
}

std::vector<role_id> gossip::who_performed(slot_num slot, std::uint64_t tick) const {
  std::vector<role_id> ahead;
  for (const auto& [peer, n] : news_)
    if (const auto told = state_of(n.told);
        peer != self_ && told && told->slot_out > slot && is_recent(n, tick))
      ahead.push_back(peer);
  return ahead;
}

std::vector<role_id> gossip::replicas_ahead(slot_num slot, const config_history& known,
                                            std::uint64_t tick) const {
  auto ahead = who_performed(slot, tick);
  std::erase_if(ahead, [&](const role_id& id) {
    return std::none_of(known.all().begin(), known.all().end(), [&](const auto& entry) {
      return entry.second.has_replica(id) || entry.second.has_server(id);
    });
  });
  return ahead;
}

slot_num gossip::least_slot_out(const std::set<role_id>& peers, slot_num own,
                                std::uint64_t tick) const {
  auto least = own;
  for (const auto& peer : peers)
    if (const auto told = find(peer); told && is_heard(peer, tick))
      least = std::min(least, told->slot_out);
  return least;
}

slot_num gossip::durable_slot(const configuration& config, slot_num own) const {
  std::vector<slot_num> durable;
  for (const auto& r : config.state_holders()) {
    const auto told = find(r.id);
    durable.push_back(r.id == self_ ? own : told ? told->snapshot_slot : 0);
  }
  const auto need = config.durable_replicas();
  std::nth_element(durable.begin(), durable.begin() + static_cast<std::ptrdiff_t>(need - 1),
                   durable.end(), std::greater<>{});
  return durable[need - 1];
}

bool gossip::has_quorum(const configuration& config, std::uint64_t tick) const {
  const auto& voters = config.voters();
  return static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), [&](const member& v) {
           return is_heard(v.id, tick);
         })) >= config.quorum();
}

std::string gossip::voters_text(const configuration& config, std::uint64_t tick) const {
  std::string silent;
  std::size_t heard = 0;
  for (const auto& v : config.voters())
    if (is_heard(v.id, tick))
      ++heard;
    else
      silent += " " + v.id.str() + " at " + v.address;
  return std::to_string(heard) + " of " + std::to_string(config.voters().size()) +
         (config.has_servers() ? " servers" : " acceptors") +
         " are heard (needed: " + std::to_string(config.quorum()) + ")" +
         (silent.empty() ? "" : ", not" + silent);
}

std::string gossip::quorum_text(const configuration& config, std::uint64_t tick,
                                const std::vector<const configuration*>& to_come) const {
  bool is_missing = !has_quorum(config, tick);
  auto text = voters_text(config, tick);
  for (const auto* next : to_come)
    if (next->version > config.version && !has_quorum(*next, tick)) {
      text +=
          "; of configuration " + std::to_string(next->version) + ", " + voters_text(*next, tick);
      is_missing = true;
    }
  return (is_missing ? "no quorum: " : "nothing is decided at present: ") + text;
}

} // namespace pmmc
