// The servers of a scope: Raft's core as it is, with what a driver keeps for it.
#pragma once

#include "consensus/raft/consensus.hpp"
#include "search/part_host.hpp"

#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace pmmc::raft::search {

struct snapshot {
  position base;
  std::shared_ptr<const server_set> members;
};

struct server_process {
  /// What is on its way to the disk, and the messages that wait for it.
  struct write {
    std::vector<record> records;
    std::vector<envelope> sends;
  };

  unsigned number = 0; ///< 0 for s1
  consensus core;
  persistent_state disk;
  std::deque<write> writing;              ///< empty if disks are not slow
  std::optional<outputs::fetch> fetching; ///< a snapshot, since it was offered
  unsigned reads = 0;                     ///< that it was asked for, in all its lives
  slot_num must_see = 0;                  ///< by the read that it waits for
};

using pmmc::search::crash;
// What can happen to a server beside a message and a crash.
struct run_for_office {};
struct hear_of_term { ///< somebody refuses a (pre-)vote, and says in which term it is
  term_num term = 0;
};
struct miss_answers {}; ///< of a majority
struct send_heartbeats {};
struct propose_command {};
struct change_servers {};
struct compact_log {};
struct take_snapshot { ///< that another server has
  snapshot of;
};
struct lose_connection {
  unsigned to = 0;
};
struct finish_write {};
struct begin_read {
  slot_num committed = 0; ///< what must be seen: it may have been acknowledged
};

using input = std::variant<const envelope*, crash, run_for_office, hear_of_term, miss_answers,
                           send_heartbeats, propose_command, change_servers, compact_log,
                           take_snapshot, lose_connection, finish_write, begin_read>;

using step_outcome = pmmc::search::part_outcome<server_process, envelope>;

class byte_writer;
/// Two servers with equal bytes behave alike from now on.
void put(byte_writer& out, const server_process& p);

} // namespace pmmc::raft::search
