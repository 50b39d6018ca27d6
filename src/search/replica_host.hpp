// What replicas, and clients that read, add to the one host: reads, and what every step of a
// replica must fulfil. What it proposes is left to the scope.
#pragma once

#include "search/role_host.hpp"
#include "search/scope.hpp"

#include <span>
#include <string>
#include <vector>

namespace pmmc::search {

/// What the checks of a state need of a replica.
struct replica_fact {
  unsigned number = 0;
  slot_num slot_out = 1;
  std::uint64_t fingerprint = 0;
};

class replica_host final : public role_host<replica_process> {
public:
  explicit replica_host(const scope& s);

  replica_process first(unsigned number) const;

private:
  bool may_crash(const replica_process& p) const override { return p.restarts_left != 0; }
  void restart(running& s) const override;
  bool choose(running& s, const input& in) const override;
  void taken(running& s, const outputs& wanted) const override;
  std::vector<envelope> modelled(std::vector<envelope> sends) const override;
  std::string broken_by(const replayed_replica& core) const;

  scope scope_;
  std::vector<command> changes_; ///< of the members: what slots 1, 2, … must have to bring them
};

/// S1: equal states at equal slots.
std::string broken_invariant(std::span<const replica_fact* const> replicas);

} // namespace pmmc::search
