// Replicas of a scope, and clients that read: the shipped replica over the shipped replicated
// state. It cannot be copied, so a process keeps what it has heard, and the replica is made anew
// from that for each step. What it proposes is left to the scope.
#pragma once

#include "consensus/messages.hpp"
#include "search/scope.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace pmmc {
class replica;
}

namespace pmmc::search {

/// A read comes in. The slots up to `acknowledged` are decided: some replica may have performed
/// them and answered their clients.
struct begin_read {
  slot_num acknowledged = 0;
};

using replica_event = std::variant<decision, read_probe_reply, begin_read>;

/// What the checks need of a replica.
struct replica_fact {
  unsigned number = 0;
  slot_num slot_out = 1;
  std::uint64_t fingerprint = 0;
};

struct replica_process {
  unsigned number = 0; ///< 0 for r1
  unsigned reads_left = 0;
  unsigned restarts_left = 0;
  unsigned life = 1;
  std::vector<replica_event> heard;     ///< in this life
  std::map<slot_num, command> decided;  ///< what of that are decisions
  std::optional<slot_num> acknowledged; ///< when the read began that is under way
  replica_fact fact;
  std::string core; ///< the replica's canonical bytes
};

/// What is to be decided in slots 1, 2, … in the place of "A1", "A2", …: a batch, as replicas make
/// it, with a change of the members if the scope has one for that slot, or else an operation.
command replica_command(const scope& s, unsigned leader, slot_num slot);

class replica_driver {
public:
  explicit replica_driver(const scope& s);

  struct outcome {
    replica_process after;
    bool happened = false;
    std::vector<envelope> sent; ///< probes
    std::string fault;          ///< the invariant that is broken, or ""
  };

  replica_process first(unsigned number) const;
  outcome step(replica_process p, const replica_event& event) const;
  /// It comes back with nothing, as its snapshot was not written yet.
  outcome restart(replica_process p) const;

private:
  std::unique_ptr<replica> make(const replica_process& p) const;
  void note(replica_process& p, const replica& core) const;
  std::string broken_by(const replica_process& p, const replica& core) const;

  configuration first_config_;
  std::uint64_t window_;
  unsigned reads_;
  unsigned restarts_;
  std::vector<command> changes_; ///< of the members: what slots 1, 2, … must have to bring them
};

/// S1: equal states at equal slots.
std::string broken_invariant(std::span<const replica_fact* const> replicas);

} // namespace pmmc::search
