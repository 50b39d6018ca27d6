// The servers of a scope: Raft's core as it is, with what a driver keeps for it. A step gives a
// server one input and says everything that came of it.
#pragma once

#include "consensus/raft/consensus.hpp"
#include "search/raft/scope.hpp"
#include "search/server_universe.hpp"

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

// What can happen to a server beside a message.
struct crash {
  unsigned written = 0; ///< so many of the records that are on their way to the disk get through
};
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

using pmmc::search::cut;
using step_outcome = pmmc::search::server_step_outcome<server_process, envelope>;

/// Runs the servers of one scope.
class server_driver {
public:
  explicit server_driver(const scope& s);

  std::vector<server_process> first_processes() const;
  step_outcome step(const server_process& before, const input& in, cut survives) const;
  /// Whether a step may end between two of its records.
  bool may_be_cut() const { return scope_.crashes && !scope_.slow_disks; }

private:
  consensus start(unsigned number, persistent_state recovered) const;
  bool choose(server_process& p, const input& in) const;
  bool propose(consensus& core) const;
  bool change(consensus& core) const;
  bool compact(server_process& p) const;
  void carry_out(server_process& p, step_outcome& out, cut survives) const;
  bool finish(server_process& p, step_outcome& out, cut& survives) const;
  void come_back(server_process& p) const;
  bool deliver(consensus& core, const message& m) const;
  std::vector<envelope> modelled(std::vector<envelope> letters) const;
  bool is_modelled(const message& m) const;

  scope scope_;
  std::vector<std::vector<member>> targets_;
};

class byte_writer;
/// Two servers with equal bytes behave alike from now on.
void put(byte_writer& out, const server_process& p);

} // namespace pmmc::raft::search
