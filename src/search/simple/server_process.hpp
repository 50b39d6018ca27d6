// The servers of a scope: the core of engine `simple` as it is, with what a driver keeps for it. A
// step gives a server one input and says everything that came of it.
#pragma once

#include "consensus/simple/consensus.hpp"
#include "search/server_universe.hpp"
#include "search/simple/names.hpp"
#include "search/simple/scope.hpp"

#include <map>
#include <variant>
#include <vector>

namespace pmmc::simple::search {

struct server_process {
  unsigned number = 0; ///< 0 for s1
  server_core core;
  acceptor_state disk;
  slot_num snapshot = 1;                      ///< a durable one reflects all slots below
  unsigned asked = 0;                         ///< commands, in all its lives
  unsigned rounds = 0;                        ///< numbers that it took, in all its lives
  unsigned reads = 0;                         ///< that it was asked for, in all its lives
  std::map<std::uint64_t, slot_num> must_see; ///< the last slot chosen when a read was asked for
};

// What can happen to a server beside a message.
struct crash {};
struct propose_command {};
struct try_next_number { ///< after a refusal
  slot_num slot = 0;
};
struct fill_slots {};
struct tell_progress {};
struct save_snapshot {};
struct take_snapshot { ///< that another server has; it reflects all slots below
  slot_num slot = 0;
};
struct begin_read {
  slot_num chosen = 0; ///< the last slot in which a value is chosen
};

using input = std::variant<const envelope*, crash, propose_command, try_next_number, fill_slots,
                           tell_progress, save_snapshot, take_snapshot, begin_read>;

using pmmc::search::cut;
using step_outcome = pmmc::search::server_step_outcome<server_process, envelope>;

/// The bytes of the command that server `number` proposes as its `count`th: "s1/1".
command command_of(unsigned number, unsigned count);

/// Runs the servers of one scope.
class server_driver {
public:
  explicit server_driver(const scope& s);

  std::vector<server_process> first_processes() const;
  step_outcome step(const server_process& before, const input& in, cut survives) const;
  /// Whether a step may end between two of its records.
  bool may_be_cut() const { return scope_.crashes; }

private:
  server_core start(unsigned number, acceptor_state recovered, slot_num snapshot,
                    unsigned last_read) const;
  step_outcome try_step(const server_process& before, const input& in, cut survives,
                        bool may_start) const;
  bool choose(server_process& p, const input& in) const;
  bool choose_for_proposer(server_process& p, const input& in) const;
  bool is_beyond_bounds(const server_process& p) const;
  void carry_out(server_process& p, step_outcome& out, cut survives) const;
  void answer_reads(server_process& p, const std::vector<readable>& reads, step_outcome& out) const;
  std::vector<envelope> all_sent(std::vector<envelope> sends) const;
  void come_back(server_process& p) const;

  scope scope_;
  std::vector<role_id> servers_;
};

/// Two servers with equal bytes behave alike from now on.
void put(byte_writer& out, const server_process& p);

} // namespace pmmc::simple::search
