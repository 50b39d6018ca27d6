#include "sim/checkers/leader_checker.hpp"

#include "sim/checkers/violation.hpp"

namespace pmmc::sim {

leader_checker::past& leader_checker::at(std::size_t leader) {
  if (leader >= leaders_.size())
    leaders_.resize(leader + 1);
  return leaders_[leader];
}

void leader_checker::started(std::size_t leader) { ++at(leader).life; }

void leader_checker::seqnum_saved(std::size_t leader, std::uint64_t free_seqnum) {
  auto& l = at(leader);
  demand(free_seqnum >= l.durable_free_seqnum,
         [] { return std::string{"L3: the durable seqnum goes back"}; });
  l.durable_free_seqnum = free_seqnum;
}

void leader_checker::used(std::size_t leader, const role_id& id, const ballot_num& ballot) {
  auto& l = at(leader);
  demand(ballot.leader == id,
         [&] { return "L3: " + id.str() + " uses a ballot of another leader"; });
  demand(ballot.seqnum < l.durable_free_seqnum,
         [&] { return "L3: " + to_string(ballot) + " is used before it is durable that it is"; });
  const auto [it, first] = l.life_of.emplace(ballot.seqnum, l.life);
  demand(it->second == l.life,
         [&] { return "L3: " + to_string(ballot) + " is used again after a restart"; });
}

} // namespace pmmc::sim
