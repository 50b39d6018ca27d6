// L3: leaders never use a ballot twice, whatever they forget when they crash.
#pragma once

#include "consensus/messages.hpp"

#include <map>
#include <vector>

namespace pmmc::sim {

class leader_checker {
public:
  /// The leader starts (again).
  void started(std::size_t leader);
  /// It has made durable that all seqnums below are used up.
  void seqnum_saved(std::size_t leader, std::uint64_t free_seqnum);
  /// One of its scouts or commanders sends a message at `ballot`.
  void used(std::size_t leader, const role_id& id, const ballot_num& ballot);

private:
  struct past {
    std::uint64_t life = 0;
    std::uint64_t durable_free_seqnum = 0;
    std::map<std::uint64_t, std::uint64_t> life_of; ///< by seqnum
  };
  past& at(std::size_t leader);

  std::vector<past> leaders_;
};

} // namespace pmmc::sim
