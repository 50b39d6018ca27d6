// Single-decree Paxos, slot by slot: one value a slot is chosen, by a majority of durable
// acceptances; promises are kept, whatever servers forget when they crash (Paxos Made Simple,
// section 2).
#pragma once

#include "consensus/messages.hpp"
#include "consensus/simple/acceptor.hpp"
#include "sim/checkers/log_checker.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::sim {

/// Servers are known by numbers. The votes of a slot are counted as PMMC's are, with the numbers of
/// proposals in the place of ballots: P2a to P2c are A4, A5, C1 and C2.
class simple_checker {
public:
  explicit simple_checker(const configuration_book& book) : book_(book), log_(book) {}

  /// `r` is durable now; `all_hold`: all servers have a durable snapshot of what lies below, if it
  /// forgets something. Returns whether this has chosen a slot's value.
  bool persisted(std::size_t server, const simple::record& r, bool all_hold);
  bool holds(std::size_t server, const simple::acceptor_state& state) {
    return same(disk_of(server), state);
  }
  /// D2: the server starts with `state`.
  void recovered(std::size_t server, const simple::acceptor_state& state);
  /// `snapshot`: the slot of its newest durable one, or 0.
  void sent(std::size_t server, const role_id& id, slot_num snapshot, const pmmc::message& m);

  const log_checker& log() const { return log_; }

  struct tally {
    std::uint64_t rejections = 0; ///< of numbers: duels
    std::uint64_t fills = 0;      ///< no-ops that were asked for
    std::uint64_t taken_over = 0; ///< another's value was asked for, as phase 1 found it
    std::uint64_t learned = 0;    ///< values that a server had to ask for
    std::uint64_t forgotten = 0;  ///< a server was told to fetch a snapshot
    std::uint64_t collections = 0;
  };
  const tally& seen() const { return seen_; }

private:
  struct vote {
    simple::number_or_none promised;
    std::optional<simple::proposal> highest;
  };
  struct disk {
    std::map<slot_num, vote> votes;
    slot_num min = 1;
    slot_num told_highest = 0; ///< of the acceptances that it has told anybody about
    std::map<std::pair<slot_num, std::uint64_t>, std::uint64_t> used_in; ///< number → life
    std::uint64_t life = 0;
  };
  using number_in_slot = std::pair<slot_num, std::uint64_t>;

  disk& disk_of(std::size_t server);
  static bool same(const disk& mine, const simple::acceptor_state& theirs);
  const vote* find(const disk& d, slot_num slot) const;

  bool write(std::size_t server, const simple::promise_record& r, bool all_hold);
  bool write(std::size_t server, const simple::accept_record& r, bool all_hold);
  bool write(std::size_t server, const simple::collect_record& r, bool all_hold);

  /// Who says it.
  struct speaker {
    std::size_t number = 0;
    const role_id& id;
    slot_num snapshot = 0;
  };
  void hear(const speaker& by, const simple::prepare& m);
  void hear(const speaker& by, const simple::promise& m);
  void hear(const speaker& by, const simple::accept& m);
  void hear(const speaker& by, const simple::accepted& m);
  void hear(const speaker& by, const simple::reject& m);
  void hear(const speaker& by, const simple::chosen& m);
  void hear(const speaker& by, const simple::learn_reply& m);
  void hear(const speaker& by, const simple::announce& m);
  void hear(const speaker& by, const simple::collected& m);
  void hear(const speaker& by, const simple::read_probe_reply& m);

  const configuration_book& book_;
  log_checker log_;
  std::map<std::size_t, disk> disks_;                        ///< by server
  std::map<number_in_slot, std::set<std::size_t>> promises_; ///< told
  std::map<number_in_slot, simple::proposal> highest_told_;  ///< with them
  tally seen_;
};

} // namespace pmmc::sim
