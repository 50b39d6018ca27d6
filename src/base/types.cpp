#include "base/types.hpp"

#include "base/invariant.hpp"

#include <algorithm>

namespace pmmc {

role_id::role_id(std::string_view name) {
  PMMC_INVARIANT(name.size() <= max_size, "an id is at most 31 bytes long");
  std::copy(name.begin(), name.end(), bytes_.begin());
  size_ = static_cast<std::uint8_t>(name.size());
}

std::string to_string(const ballot_num& ballot) {
  return ballot.is_bottom() ? "⊥" : std::to_string(ballot.seqnum) + "." + ballot.leader.str();
}

} // namespace pmmc
