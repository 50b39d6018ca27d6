// The servers of a cluster. Each one is proposer, acceptor and learner; which ones there are never
// changes.
#pragma once

#include "base/invariant.hpp"
#include "base/types.hpp"
#include "consensus/simple/number.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace pmmc::simple {

/// As one of them sees it. Immutable.
class server_group {
public:
  /// Preconditions: `self` is one of `members`; these are distinct, and in the same order at all
  /// servers, since a server's place says which numbers are its own.
  server_group(std::vector<role_id> members, role_id self)
      : members_(std::move(members)), self_(self) {
    const auto place = std::find(members_.begin(), members_.end(), self);
    PMMC_INVARIANT(place != members_.end(), "a server is one of the cluster's");
    index_ = static_cast<server_index>(place - members_.begin());
  }

  const std::vector<role_id>& members() const { return members_; }
  const role_id& self() const { return self_; }
  std::size_t quorum() const { return members_.size() / 2 + 1; }
  bool contains(const role_id& server) const {
    return std::find(members_.begin(), members_.end(), server) != members_.end();
  }

  /// This server's least number that is above `other`.
  proposal_number next_above(const number_or_none& other) const {
    return numbers().next_above(other, index_);
  }
  /// Whether `server` may use this number. A cluster whose servers have different lists of each
  /// other would give one number to two of them.
  bool is_owner(const role_id& server, proposal_number number) const {
    return number.value <= numbering::largest && members_[numbers().owner(number)] == server;
  }

private:
  numbering numbers() const { return numbering{members_.size()}; }

  std::vector<role_id> members_;
  role_id self_;
  server_index index_ = 0;
};

} // namespace pmmc::simple
