// The servers of a scope: the core of engine `simple` as it is, with what a driver keeps for it.
#pragma once

#include "consensus/simple/consensus.hpp"
#include "search/part_host.hpp"
#include "search/simple/names.hpp"

#include <map>
#include <variant>

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

using pmmc::search::crash;
// What can happen to a server beside a message and a crash.
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

using step_outcome = pmmc::search::part_outcome<server_process, envelope>;

/// The bytes of the command that server `number` proposes as its `count`th: "s1/1".
command command_of(unsigned number, unsigned count);

/// Two servers with equal bytes behave alike from now on.
void put(byte_writer& out, const server_process& p);

} // namespace pmmc::simple::search
