// The slots that a replica has proposed for, and that are not decided yet (paper, figure 1:
// `proposals`).
#pragma once

#include "consensus/messages.hpp"
#include "consensus/pmmc/kept_decisions.hpp"
#include "membership/configuration.hpp"
#include "service/request_queue.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace pmmc {

/// Which leaders a proposal goes to: the active one, if it may lead the slot, or else all that may.
/// Those of the slot's configuration and of the latest one may.
struct proposal_route {
  const config_history& configurations; ///< of the state: they govern the slots
  const configuration& latest;          ///< that is known, from others perhaps
  role_id active_leader;                ///< empty: none is known

  std::set<role_id> leaders_for(slot_num slot) const;
};

/// Sends each proposal again, ever more seldom, until its slot is settled. Single-threaded; what is
/// to be sent is appended to `send`.
class slot_proposals {
public:
  struct settings {
    role_id id;                      ///< of the replica that proposes
    std::size_t eager_slots = 2;     ///< up to so many open at once
    std::size_t pipeline_slots = 8;  ///< then one a tick, up to so many
    std::size_t filling_slots = 256; ///< up to so many open while gaps are filled with no-ops
    unsigned resend_ticks = 20;      ///< the first time; then twice as long, up to 10 times
  };
  struct proposal {
    command value;
    std::vector<request_key> requests; ///< those that it carries; none: a no-op
  };

  explicit slot_proposals(settings options) : options_(options) {}

  /// R5 is the caller's: `slot` lies inside the window, and nothing is proposed for it yet.
  void propose(slot_num slot, proposal p, const proposal_route& route, std::uint64_t tick,
               std::vector<envelope>& send);
  /// Not for slots whose decision is here, and waits for those before it: a leader that has
  /// forgotten it would look there instead of where something is missing.
  void resend(const proposal_route& route, const kept_decisions& decided, std::uint64_t tick,
              std::vector<envelope>& send);
  /// Another leader is active: resend() sends all of them, and the waiting times begin anew.
  void leader_changed(std::uint64_t tick);
  /// What comes while a slot is on its way waits for the next: few large slots cost everybody less
  /// than many small ones. Where a decision takes longer than a tick, one more opens every tick.
  bool may_open(std::uint64_t tick) const;
  /// Whether there is room for a no-op: WINDOW may be large, and whoever gets all of it at once is
  /// taken for silent.
  bool may_fill() const { return by_slot_.size() < options_.filling_slots; }
  /// A slot for requests is opened, not just a gap filled.
  void opened(std::uint64_t tick) { opened_tick_ = tick; }

  /// The slot is decided: its proposal, if there was one, is none any more.
  std::optional<proposal> settle(slot_num slot);
  /// All slots below `slot` are, unseen: the requests that were proposed there.
  std::set<request_key> settle_below(slot_num slot);

  bool contains(slot_num slot) const { return by_slot_.contains(slot); }
  std::size_t size() const { return by_slot_.size(); }

private:
  struct entry {
    proposal what;
    std::uint64_t next_send_tick = 0;
    unsigned wait_ticks = 0;
  };

  void send_one(slot_num slot, entry& e, const proposal_route& route, std::uint64_t tick,
                std::vector<envelope>& send);

  settings options_;
  std::map<slot_num, entry> by_slot_;
  std::uint64_t opened_tick_ = 0;
};

} // namespace pmmc
