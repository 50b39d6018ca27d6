// What can happen next in a state of the servers of engine `simple`.
#pragma once

#include "search/server_successors.hpp"
#include "search/simple/universe.hpp"

namespace pmmc::simple::search {

using pmmc::search::server_state;

class successors : public pmmc::search::server_successors<universe> {
public:
  successors(universe& u, const scope& s) : server_successors(u, s.reduce), scope_(s) {}

private:
  bool chosen_events(const server_state& s, unsigned server, const visitor& visit) override;
  bool is_dead(part_id message) const override;
  /// An answer is dead once its proposer has gone on; so is what would be answered by it.
  bool may_kill_messages_to_others() const override { return true; }
  std::uint32_t forgettable(part_id past) const override;
  void act_at_once() override;

  bool proposers_events(const server_state& s, unsigned server, const visitor& visit);
  bool snapshots(const server_state& s, unsigned server, const visitor& visit);

  scope scope_;
};

using transition = successors::transition;

} // namespace pmmc::simple::search
