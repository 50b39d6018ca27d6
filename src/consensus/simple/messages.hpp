// Every message between the servers of an engine `simple` (L. Lamport, Paxos Made Simple, 2001,
// sections 2.2 and 2.3; the last three groups are ours). Plain values. Each slot is an instance of
// its own: a message says which one it is for.
#pragma once

#include "base/types.hpp"
#include "consensus/simple/number.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace pmmc::simple {

/// "A proposal consists of a proposal number and a value" (section 2.2).
struct proposal {
  proposal_number number;
  command value;

  friend bool operator==(const proposal&, const proposal&) = default;
};

// --- Phase 1 and 2 (section 2.2) ----------------------------------------------------------------

/// Proposer → acceptor: "promise never again to accept a proposal numbered less than `number`, and
/// tell me the proposal with the highest number that you have accepted, if any".
struct prepare {
  role_id proposer;
  slot_num slot = 0;
  proposal_number number;
};

/// Acceptor → proposer.
struct promise {
  role_id acceptor;
  slot_num slot = 0;
  proposal_number number;          ///< as asked
  std::optional<proposal> highest; ///< that it has accepted
};

/// Proposer → acceptor.
struct accept {
  role_id proposer;
  slot_num slot = 0;
  proposal what;
};

/// Acceptor → proposer.
struct accepted {
  role_id acceptor;
  slot_num slot = 0;
  proposal_number number;
};

/// Acceptor → proposer, to a prepare or accept: "I have promised a higher number". The paper asks
/// for it for performance only: the proposer should abandon its proposal.
struct reject {
  role_id acceptor;
  slot_num slot = 0;
  proposal_number asked;
  proposal_number promised;
};

// --- Learning (section 2.3) ---------------------------------------------------------------------

/// Who knows → learner, and the answer to a prepare or accept for a slot that is known to be
/// chosen.
struct chosen {
  slot_num slot = 0;
  command value;

  friend bool operator==(const chosen&, const chosen&) = default;
};

/// Learner → server: "which values were chosen from this slot on?"
struct learn_request {
  role_id learner;
  slot_num from_slot = 0;
};

/// Those of from_slot, from_slot + 1, …: a page of bounded size.
struct learn_reply {
  role_id server;
  slot_num from_slot = 0;
  slot_num slot_out = 0; ///< the server knows those of all slots below
  std::vector<command> values;
};

// --- Forgetting: Done and Min -------------------------------------------------------------------

/// To all others, again and again.
struct announce {
  role_id server;
  slot_num done = 0;     ///< the server does not need slots below: they are in its durable snapshot
  slot_num slot_out = 0; ///< it knows the values of all slots below
  slot_num end = 0;      ///< slots from here on have not been used, as far as it knows
};

/// To whom asks for a slot that is forgotten here: "fetch a snapshot". Mine, or that of any server
/// if the slot is below the minimum, reflects all slots below `snapshot_slot`.
struct collected {
  role_id server;
  slot_num slot = 0; ///< as asked
  slot_num snapshot_slot = 0;
};

// --- Linearizable reads -------------------------------------------------------------------------

/// Server → acceptor: "what is the highest slot that you accepted anything in?"
struct read_probe {
  role_id server;
  std::uint64_t round = 0;
};

struct read_probe_reply {
  role_id acceptor;
  std::uint64_t round = 0;
  slot_num highest = 0; ///< 0: none. Slots that it has forgotten count
};

/// A core's own messages. All engines' are in consensus/messages.hpp.
using message = std::variant<prepare, promise, accept, accepted, reject, chosen, learn_request,
                             learn_reply, announce, collected, read_probe, read_probe_reply>;

/// A message and whom it is for.
struct envelope {
  role_id to;
  message body;
};

} // namespace pmmc::simple
