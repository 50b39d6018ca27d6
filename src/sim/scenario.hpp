// What a seed chooses before a run begins: the cluster, its surroundings, and when which fault
// hits.
#pragma once

#include "base/engine_kind.hpp"
#include "consensus/pmmc/leader.hpp"
#include "consensus/pmmc/replica.hpp"
#include "consensus/raft/engine.hpp"
#include "consensus/simple/engine.hpp"
#include "door/basp.hpp"
#include "kv/store_limits.hpp"
#include "service/server.hpp"
#include "service/sessions.hpp"
#include "wire/grouping.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pmmc::sim {

/// Microseconds since the run began. There is no other clock.
using sim_time = std::uint64_t;
inline constexpr sim_time millisecond = 1'000;
inline constexpr sim_time second = 1'000'000;

enum class fault_kind : std::uint8_t {
  crash,                ///< a process stops between two inputs
  crash_before_persist, ///< … with outputs of which nothing is durable
  crash_before_send,    ///< … when they are durable, and nothing has been sent
  crash_while_sending,  ///< … when some of them have been sent
  power_cut,            ///< all processes at once
  pause,                ///< a process is stopped and goes on later
  broken_connection,    ///< two living processes are told that they lost each other
  isolate,              ///< a process reaches nobody
  split,                ///< two halves
  one_way,              ///< some links carry nothing in one direction
  ring,                 ///< each process reaches its two neighbours: everybody sees a majority
  bridge,               ///< two halves that share one process
  flapping,             ///< a process is cut off and comes back, over and over
  loss,
  duplication,
  delay, ///< large and varying, so messages overtake each other
  slow_disk,
  failed_sync,     ///< a sync fails, or all of them, or the disk is full: the process stops
  bit_flip,        ///< a file is damaged: the role is refused, unless that does no harm
  rotten_snapshot, ///< a replica reads damaged pieces of its snapshot to others
  lost_directory,  ///< a role's data is gone, so it never comes back
  clock_drift,     ///< ticks come too fast or too slowly
  clock_jump,      ///< many ticks at once
  reconfigure,     ///< no fault: an operator adds, removes or replaces roles
  // Operators' mistakes:
  formatted_again,   ///< a role's directory is lost, and formatted under its id
  old_copy,          ///< a copy of such a directory is put back
  other_cluster,     ///< a forgotten process of another cluster runs at a member's address
  other_window,      ///< one that was formatted with another config file does
  swapped_addresses, ///< two processes are started with each other's address
  removed_started,   ///< a process that was removed is started again
  old_config,        ///< a member is started with a config file from the beginning
  other_engine,      ///< as other_window, formatted for another engine
  wrong_config,     ///< a member is started with a config file that says another window, or another
                    ///< engine; or its directories are lost, and formatted from it
  copied_elsewhere, ///< a copy of a member's directories runs at another address
};
inline constexpr std::size_t fault_kinds = 34;
/// Runs of PMMC have no other_engine: its roles are called otherwise.
constexpr bool has_fault(engine_kind engine, fault_kind kind) {
  return kind != fault_kind::other_engine || engine != engine_kind::pmmc;
}

std::string_view to_string(fault_kind kind);
std::optional<fault_kind> parse_fault_kind(std::string_view name);

/// `dice` decides everything else (whom it hits, how hard), so a fault is the same whatever other
/// faults are left out.
struct fault {
  sim_time at = 0;
  sim_time lasts = 0;
  fault_kind kind = fault_kind::crash;
  std::uint64_t dice = 0;
};

/// A run to limits that others do not reach, without faults.
enum class trial_kind : std::uint8_t {
  none,
  many_sessions, ///< of Redis clients, and many answers of one
  large_answers, ///< and requests
  far_ahead,     ///< a session of the protocol itself numbers its requests as far ahead as it may
  many_openings, ///< of sessions of the protocol itself
  full_session,  ///< of the protocol itself: of what waits, and of answers
};

struct scenario {
  std::uint64_t seed = 0;
  /// Nothing happens by itself: a test delivers the messages, ticks, crashes and restarts.
  bool is_scripted = false;

  engine_kind engine = engine_kind::pmmc;
  std::size_t servers = 0; ///< of another engine, which has none of the following
  std::size_t acceptors = 3;
  std::size_t leaders = 2;
  std::size_t replicas = 3;
  bool colocated = false;       ///< the n-th of each kind share a process
  bool disks_are_named = false; ///< the first members know each other's disks, as from the log
  bool members_are_remembered = true; ///< by processes, in the directories of their roles
  std::uint64_t window = 16;
  pmmc::leader::settings leader;     ///< id, seed and window are filled in later
  pmmc::replica::settings replica;   ///< id and seed are filled in later
  pmmc::server::settings server;     ///< likewise; of what a replica has too, that one's hold
  pmmc::raft::engine::settings raft; ///< likewise
  pmmc::simple::server_core::settings simple; ///< likewise, and its servers
  session_limits sessions;
  kv::store_limits store;
  std::size_t acceptor_page_bytes = 1 << 20;
  std::size_t snapshot_piece_bytes = 1 << 16;

  sim_time delay_least = 100; ///< of a message on an undisturbed network
  sim_time delay_spread = 400;
  bool in_order = true; ///< each link keeps the order of its messages, as a TCP connection does
  unsigned loss_permille = 0;
  unsigned duplicate_permille = 0;
  bool breaks_lose_messages = false; ///< connections that end, and power cuts, take along what is
                                     ///< on its way
  std::size_t group_bytes = wire::max_group_bytes;
  door::basp_limits door;      ///< of each process's port
  bool breaks_are_told = true; ///< who loses a peer is told so, by its connection
  sim_time sync_least = 200;
  sim_time sync_spread = 2'000;
  sim_time report_spread = 0;              ///< how late leaders hear of their scouts and commanders
  sim_time save_spread = 50 * millisecond; ///< how long it takes to write a snapshot

  std::size_t clients = 2;
  std::size_t raw_clients = 1;  ///< send each request again and again, to several replicas
  std::size_t operations = 100; ///< of each client
  std::size_t keys = 3;
  std::size_t in_flight = 4;
  std::size_t value_bytes = 8;
  sim_time client_pause = 200 * millisecond; ///< on average, between operations
  unsigned timeout_ticks = 1'000;            ///< of an operation; raw clients never give up
  bool sessions_end = false; ///< clients end their sessions: the real one at its end, raw ones now
                             ///< and then

  std::size_t redis_clients = 1;
  std::size_t redis_operations = 60; ///< of each
  std::size_t redis_keys = 4;
  std::size_t redis_in_flight = 4;    ///< replies that are waited for, before more is asked
  unsigned redis_timeout_ticks = 500; ///< of a port
  bool redis_has_little_room = false; ///< ports meet their limits
  bool redis_flushes = false;         ///< FLUSHALL
  trial_kind trial = trial_kind::none;
  std::size_t wrong_clocks = 0; ///< wall clocks of replicas' processes; never a majority

  sim_time fault_phase = 60 * second;
  sim_time calm_phase = 120 * second; ///< at the most; then everything must be done
  std::vector<fault> faults;          ///< by time
};

/// How many have a Redis port, and clients.
inline std::size_t state_holders(const scenario& s) {
  return s.engine == engine_kind::pmmc ? s.replicas : s.servers;
}

/// Whether a message may arrive twice: no connection does that, but the protocol must bear it.
bool may_repeat_messages(const scenario& s);

/// Whether operations are refused for their size.
inline bool operations_are_refused(const scenario& s) {
  return s.replica.max_op_bytes < max_op_bytes;
}

/// Whether sessions of PMMC SESSION end for others' room.
inline bool named_sessions_end(const scenario& s) {
  return s.store.sessions < kv::store_limits{}.sessions;
}

/// Whether the store has room for few bytes of replies.
inline bool replies_are_refused(const scenario& s) {
  return s.store.whole_reply_bytes < kv::max_whole_reply_bytes;
}

/// With which engine a seed is run, and parts of the scenario that are left out: how a user, or the
/// shrinker, makes it smaller.
struct reduction {
  engine_kind engine = engine_kind::pmmc;
  std::optional<std::size_t> nodes = {};             ///< of each kind, colocated; or servers
  std::optional<std::uint64_t> steps = {};           ///< events, after which faults end
  std::optional<std::vector<std::size_t>> keep = {}; ///< faults, by their place in the scenario
  std::vector<fault_kind> without = {};              ///< faults of these kinds
  std::optional<std::size_t> clients = {};           ///< at most, and as many raw ones
  std::optional<std::size_t> operations = {};        ///< at most, of each client
  bool calm_network = false; ///< no loss, duplication or reordering between faults
};

/// A small cluster without faults, and one client that goes to limits.
scenario trial_scenario(std::uint64_t seed, trial_kind trial);

/// A function of its arguments.
scenario choose_scenario(std::uint64_t seed, const reduction& less = {});

} // namespace pmmc::sim
