// Linearizable reads that write nothing (as Paxos Made Moderately Complex, section 4.5).
#pragma once

#include "consensus/simple/messages.hpp"
#include "consensus/simple/server_group.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace pmmc::simple {

/// A read may be answered from a state that reflects all slots below `slot`, or more.
struct readable {
  std::uint64_t number = 0; ///< the barrier's
  slot_num slot = 0;
};

/// What was chosen before a barrier was asked for was accepted by a majority before, and any
/// majority that is asked afterwards meets it: no slot above the highest that it has accepted
/// anything in was chosen before. One round serves all barriers that have come since the last one
/// began. No clock is trusted. Single-threaded.
class barriers {
public:
  struct settings {
    std::size_t max_waiting = 65'536; ///< one more is refused
    unsigned resend_ticks = 20;       ///< acceptors that do not answer are asked again
  };

  /// `last_round`: a random number, or late answers to an earlier life's rounds would count.
  barriers(std::shared_ptr<const server_group> servers, settings options, std::uint64_t last_round)
      : servers_(std::move(servers)), options_(options), round_(last_round) {}

  /// Returns false, and does nothing, if there is no room.
  bool add(std::uint64_t number);
  void on(const read_probe_reply& m);
  void on_tick();

  std::vector<envelope> take();
  /// Those whose slots are all known.
  std::vector<readable> take_readable(slot_num slot_out);
  /// When the slots below are known, all rounds that are over can be answered.
  slot_num end() const { return end_; }
  std::size_t waiting() const { return queued_.size() + asking_.size() + complete_.size(); }

private:
  friend struct role_contents; // search/simple/contents.cpp

  void start();
  void ask();

  std::shared_ptr<const server_group> servers_;
  settings options_;
  std::vector<std::uint64_t> queued_; ///< for the next round
  std::vector<std::uint64_t> asking_; ///< in the round that is under way; empty: there is none
  std::uint64_t round_;
  unsigned ticks_ = 0;
  std::set<role_id> answered_;
  slot_num highest_ = 0;
  slot_num end_ = 0;
  std::vector<readable> complete_; ///< in the order of the rounds
  std::vector<envelope> send_;
};

} // namespace pmmc::simple
