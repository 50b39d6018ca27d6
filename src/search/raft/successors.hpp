// What can happen next in a state of Raft's servers.
#pragma once

#include "search/raft/universe.hpp"
#include "search/server_successors.hpp"

namespace pmmc::raft::search {

using pmmc::search::server_state;

class successors : public pmmc::search::server_successors<universe> {
public:
  successors(universe& u, const scope& s) : server_successors(u, s.reduce), scope_(s) {}

private:
  bool chosen_events(const server_state& s, unsigned server, const visitor& visit) override;
  bool is_dead(part_id message) const override;
  std::uint32_t forgettable(part_id past) const override;

  bool leaders_events(const server_state& s, unsigned server, const visitor& visit);
  bool crashes(const server_state& s, unsigned server, const visitor& visit);
  bool news_of_terms(const server_state& s, unsigned server, const visitor& visit);
  bool fetched_snapshots(const server_state& s, unsigned server, const visitor& visit);

  scope scope_;
};

using transition = successors::transition;

} // namespace pmmc::raft::search
