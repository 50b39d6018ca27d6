// Looks on while a cluster of engine `simple` runs: what Paxos promises, told from the records that
// became durable and the messages that were sent, not from what servers believe.
#pragma once

#include "consensus/simple/acceptor.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace pmmc::simple::test {

/// Something was promised and not kept.
struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Every function throws `broken`.
class checker {
public:
  explicit checker(std::size_t servers) : servers_(servers), disks_(servers), logs_(servers) {}

  /// A client has proposed it. Commands are unique.
  void proposed(const command& value);
  /// A server's record is on its disk.
  void durable(std::size_t server, const record& r);
  void sent(std::size_t server, const message& m) const;
  /// A server puts a value out as chosen.
  void learnt(std::size_t server, slot_num slot, const command& value);
  /// A server has a durable snapshot, `in_use`: its log goes on behind it.
  void snapshot(std::size_t server, slot_num slot, bool in_use);

  const acceptor_state& disk(std::size_t server) const { return disks_[server]; }
  const std::map<slot_num, command>& chosen() const { return chosen_; }
  bool is_chosen(const command& value) const { return slot_of_.contains(value.bytes()); }
  /// One past the highest slot in which a value was chosen.
  slot_num end() const { return chosen_.empty() ? 1 : chosen_.rbegin()->first + 1; }
  /// Of the server: the next slot that it puts out.
  slot_num log_end(std::size_t server) const { return logs_[server].next; }
  slot_num snapshot_of(std::size_t server) const { return logs_[server].snapshot; }

private:
  struct vote {
    command value;
    std::set<std::size_t> acceptors;
  };
  struct log {
    slot_num next = 1;
    slot_num snapshot = 1;
  };

  void accepted(std::size_t server, slot_num slot, const proposal& what);
  void choose(slot_num slot, const proposal& what);

  std::size_t servers_;
  std::vector<acceptor_state> disks_; ///< what each server's records add up to
  std::vector<log> logs_;
  std::set<std::string, std::less<>> proposed_;
  std::map<slot_num, std::map<proposal_number, vote>> votes_; ///< nothing is forgotten here
  std::map<slot_num, command> chosen_;
  std::map<slot_num, proposal_number> chosen_at_; ///< the least number
  std::map<std::string, slot_num, std::less<>> slot_of_;
};

} // namespace pmmc::simple::test
