// The acceptor (paper, section 2.2, figure 3), with state reduction (4.1), garbage collection (4.2)
// and one set of votes per configuration (4.4).
#pragma once

#include "consensus/messages.hpp"
#include "consensus/part.hpp"
#include "membership/membership.hpp"

#include <map>
#include <variant>

namespace pmmc {

/// The acceptor's ballot_num in `version` is now `ballot`.
struct promise_record {
  config_version version = 0;
  ballot_num ballot;
};

/// `value` was accepted, which promises value.ballot too.
struct accept_record {
  config_version version = 0;
  pvalue value;
};

/// Everything below `watermark` may go, in every configuration.
struct collect_record {
  slot_num watermark = 0;
};

using acceptor_record = std::variant<promise_record, accept_record, collect_record>;

/// The state of an acceptor, kept per configuration version so that votes never leak from one
/// configuration into another.
struct acceptor_state {
  struct votes {
    ballot_num ballot;
    std::map<slot_num, pvalue> accepted; ///< highest ballot per slot
  };
  std::map<config_version, votes> by_version;
  slot_num watermark = 1; ///< slots below are gone

  /// Replays one record. Records arrive in the order in which they were put out.
  void apply(const acceptor_record& record);
};

/// Single-threaded; the driver feeds inputs and takes the outputs (see part.hpp for the order).
class acceptor {
public:
  struct settings {
    role_id id;
    std::size_t page_bytes = 1 << 20; ///< a p1b carries about this much at the most
  };

  /// `recovered` is what the persisted records add up to (empty for a newly formatted acceptor).
  /// `configurations`: those that it knows; may be empty.
  acceptor(settings options, acceptor_state recovered, config_history configurations = {});

  void on(const p1a& m);
  void on(const p2a& m);
  void on(const read_probe& m);
  /// Also takes over the watermark that replicas announce (G1 is theirs to keep), and remembers the
  /// active leader's sign of life for those leaders that its pings do not reach.
  void on(const ping& m);
  void on(const pong&) {}
  /// What it has not heard of is served as asked; what it knows of only within its slots.
  void learn(const config_history& known);

  /// It waits for nothing, and for nobody.
  void on_tick() {}
  void on_peer_down(const role_id&) {}

  outputs<acceptor_record> take();

  const acceptor_state& state() const { return state_; }
  const config_history& configurations() const { return configurations_; }
  config_version known_version() const {
    return configurations_.empty() ? 0 : configurations_.latest().version;
  }
  membership known_members() const;
  /// The highest slot with a pvalue in `version`, never below watermark - 1.
  slot_num highest_accepted(config_version version) const;
  /// Bytes of the commands held.
  std::size_t accepted_bytes() const { return accepted_bytes_; }
  acceptor_vitals current_vitals() const;

private:
  void persist(acceptor_record record);
  void collect(slot_num watermark);
  p1b answer(const p1a& m) const;
  bool serves(config_version version) const;
  bool may_govern(config_version version, slot_num slot) const;
  bool serves(config_version version, slot_num slot) const;
  ballot_num promised(config_version version) const;
  const pvalue* find(config_version version, slot_num slot) const;

  settings options_;
  acceptor_state state_;
  config_history configurations_;
  std::size_t accepted_bytes_ = 0;
  std::uint64_t leader_ping_ = 0; ///< not durable: a hint for leaders that cannot reach each other
  outputs<acceptor_record> out_;
};

} // namespace pmmc
