// What a server keeps through a crash (Raft paper, figure 2, "Persistent state"), and the records
// that it is made of.
#pragma once

#include "consensus/raft/log.hpp"

#include <memory>
#include <variant>

namespace pmmc::raft {

/// The server is in `term`, and has voted for `voted_for` there; empty: for nobody.
struct term_record {
  term_num term = 0;
  role_id voted_for;
};

/// `what` is the last entry now, at `index`.
struct append_record {
  slot_num index = 0;
  entry what;
};

/// The entries from `from` on are gone: another leader's stand there. Never an edit in place.
struct truncate_record {
  slot_num from = 0;
};

/// Everything up to `base` is in a durable snapshot. Entries behind it stay if there was one at
/// `base`; if not, the log begins anew behind it.
struct base_record {
  position base;
  std::shared_ptr<const server_set> members; ///< who votes there
};

using record = std::variant<term_record, append_record, truncate_record, base_record>;

struct persistent_state {
  term_num term = 0;
  role_id voted_for;
  raft::log log;

  /// Replays one record. Records arrive in the order in which they were put out.
  void apply(const record& r);

  friend bool operator==(const persistent_state&, const persistent_state&) = default;
};

/// That of a server of a new cluster, whose first members are `first`.
persistent_state founding_state(server_set first);

} // namespace pmmc::raft
