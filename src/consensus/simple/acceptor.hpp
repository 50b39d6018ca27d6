// The acceptor of Paxos Made Simple (sections 2.2 and 2.5), one instance per slot.
#pragma once

#include "consensus/simple/messages.hpp"

#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace pmmc::simple {

/// In `slot`, no proposal numbered less than `number` will be accepted.
struct promise_record {
  slot_num slot = 0;
  proposal_number number;
};

/// `what` was accepted in `slot`, which promises its number too.
struct accept_record {
  slot_num slot = 0;
  proposal what;
};

/// Everything in slots below `below` may go.
struct collect_record {
  slot_num below = 0;
};

using record = std::variant<promise_record, accept_record, collect_record>;

/// "An acceptor needs to remember only the highest-numbered proposal that it has ever accepted and
/// the number of the highest-numbered prepare request to which it has responded" (section 2.2):
/// that, for each slot that was used.
struct acceptor_state {
  struct vote {
    proposal_number promised;
    std::optional<proposal> highest;

    friend bool operator==(const vote&, const vote&) = default;
  };
  std::map<slot_num, vote> votes;
  slot_num min = 1; ///< slots below are forgotten

  /// Replays one record. Records arrive in the order in which they were put out.
  void apply(const record& r);

  friend bool operator==(const acceptor_state&, const acceptor_state&) = default;
};

/// Single-threaded. It answers every message. A repeated one is answered again, without a record.
/// ORDER: everything in `persist` must be durable before anything in `send` leaves the process.
class acceptor {
public:
  struct outputs {
    std::vector<record> persist;
    std::vector<envelope> send;
  };

  /// `recovered` is what the persisted records add up to.
  acceptor(role_id id, acceptor_state recovered);

  void on(const prepare& m);
  void on(const accept& m);
  void on(const read_probe& m);
  /// Forgets the slots below. Precondition: all servers are done with them.
  void collect(slot_num below);

  outputs take();

  const acceptor_state& state() const { return state_; }
  /// Nothing if it has promised nothing in this slot, or forgotten it.
  number_or_none promised(slot_num slot) const;
  /// One past the highest slot that it has promised or accepted anything in, at least `min`.
  slot_num end() const;
  /// The highest slot that it has accepted anything in, at least min - 1.
  slot_num highest_accepted() const { return highest_accepted_; }

private:
  friend struct role_contents; // search/simple/contents.cpp

  void persist(record r);
  bool refuses_as_collected(const role_id& proposer, slot_num slot);

  role_id id_;
  acceptor_state state_;
  slot_num highest_accepted_ = 0;
  outputs out_;
};

} // namespace pmmc::simple
