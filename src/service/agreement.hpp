// Whether the replicas did the same: each tells digests of its decisions and its state at fixed
// slots, and compares those of the others with its own. Digests are chains, so replicas that differ
// once differ from then on.
#pragma once

#include "consensus/messages.hpp"
#include "membership/configuration.hpp"

#include <deque>
#include <map>
#include <vector>

namespace pmmc {

class agreement {
public:
  /// `peer` told this of itself.
  void hear(const role_id& peer, const slot_digest& told);

  /// Compares all that is known at equal slots. `own`: ascending; `replicas`: those that count.
  void compare(const std::deque<slot_digest>& own, const role_id& self,
               const std::vector<member>& replicas);

  /// Who differs, and the first slot at which that was seen. Empty: nobody.
  const std::map<role_id, slot_num>& differing() const { return differing_; }
  /// More than half of the replicas agree with each other, and not with this one: it is the one
  /// that is wrong, and has to stop. Of all replicas, these are always fewer than half: whoever
  /// agreed with a majority at a slot does not differ from it at an earlier one.
  bool is_outvoted() const { return outvoted_; }

  /// Somebody differs, and no majority of the replicas agrees with this one: nobody should take its
  /// state over.
  bool is_disputed() const { return disputed_; }

private:
  static constexpr std::size_t kept_of_each = 32;

  std::map<role_id, std::map<slot_num, slot_digest>> told_;
  std::map<role_id, slot_num> differing_;
  bool outvoted_ = false;
  bool disputed_ = false;
};

} // namespace pmmc
