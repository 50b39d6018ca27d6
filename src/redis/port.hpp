// A Redis port without its sockets: the front and the client behind it, the time that both go by,
// and whether the replica can serve at all.
#pragma once

#include "kv/log_clock.hpp"
#include "membership/membership.hpp"
#include "redis/acceptor_waits.hpp"
#include "redis/connection_event.hpp"
#include "redis/front.hpp"
#include "service/client.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::redis {

/// Who listens; then what to do, in any order.
struct port_outputs {
  std::vector<envelope> send; ///< to the replica of this process
  std::vector<front_outputs::reply> replies;
  /// Answered with `answered`; never about the acceptors, and one change of the members at a time.
  /// What is wrong with a change by itself should be answered before the next `take`: then those
  /// that came with it do not find the port busy.
  std::vector<question> ask;
  /// For all WAITs: how many acceptors hold the slot before `slot`? Answered with `counted`.
  struct count {
    std::uint64_t round = 0; ///< see acceptor_waits
    slot_num slot = 0;       ///< 0: there is no quorum, so none
  };
  std::vector<count> counts;
  std::vector<client_outcome> proposed; ///< see `propose`
  std::optional<kv::log_time> log_time; ///< if it is another one than before
  bool room_wanted = false;             ///< large replies wait until others have been read
};

/// Talks to the replica of its process as a client does: one session for all connections, so their
/// operations survive it when the replica hands them on, and are executed once each. While the
/// replica is no member of the cluster, not yet or not any more, whatever needs it is refused with
/// the reason. Until the time is known, or cannot be known soon, connections wait: their first
/// commands are not to count from wherever the log time stands.
///
/// Single-threaded; reads no clock: `at` says what time it is.
class port {
public:
  struct settings {
    role_id replica; ///< of this process
    pmmc::client::settings client;
    pmmc::redis::front::settings front;
    unsigned timeout_ticks = 500; ///< then an operation or a read is given up
  };
  /// Those of a process. `seed`: another one at every start, or answers to an earlier life count.
  static settings usual(const role_id& replica, role_kind kind, std::string version,
                        std::uint16_t number, std::uint64_t seed, unsigned timeout_ticks);

  explicit port(settings options);

  /// As its replica knows it.
  const role_id& id() const { return options_.client.id; }

  /// Both clocks at once. Before any other input: what is used was never further off than
  /// kv::log_clock allows, whatever has happened to the wall clock since.
  void at(const kv::moment_here& now);
  /// A majority of the replicas' clocks had reached `wall_ms` at `steady_ms`.
  void agreed(std::int64_t wall_ms, std::int64_t steady_ms);
  void learn(const membership& known);

  void on(connection_events&& events);
  void on(const role_id& replica, response m);
  void on(const role_id& replica, query_reply m) { client_.on(replica, std::move(m)); }
  /// About every 10 ms.
  void on_tick();
  /// `reply`: as kv::reply_writer wrote it.
  void answered(std::uint64_t ticket, std::string_view reply);
  /// Acceptor → highest slot that it said it accepted. Nothing: asked again on a tick.
  void counted(const port_outputs::count& asked,
               const std::optional<std::map<role_id, slot_num>>& accepted);
  /// A reconfiguration for the log: its outcome comes with the ticket that is returned. It may wait
  /// for newcomers to catch up, and holds up nobody: it has a session of its own.
  std::uint64_t propose(std::string op);
  /// Why the replica can serve nobody; empty: it can.
  const std::string& why_unavailable() const { return why_unavailable_; }
  const front& front_state() const { return front_; }

  port_outputs take();

private:
  /// The PMMC RECONFIG that is under way.
  struct member_change {
    std::uint64_t ticket = 0;    ///< 0: none is
    bool is_new = false;         ///< put out by the last `take`, so it may be refused at once
    std::deque<question> behind; ///< wait until that is known
  };

  void begin();
  void handle(connection_events&& events);
  void submit(front_outputs::submission& s);
  void finish(client_outcome outcome);
  void ask(question&& q);
  void ask_to_change(question&& q);
  void probe_acceptors();
  void end_waits();
  void answer_with_error(std::uint64_t ticket, const std::string& error);

  settings options_;
  front front_;
  pmmc::client client_;
  pmmc::client changes_; ///< of the members
  kv::log_clock clock_;
  kv::moment_here now_;
  bool begun_ = false; ///< requests are taken
  held_events held_;   ///< that came before
  std::optional<kv::log_time> told_;
  acceptor_waits waits_;
  member_change change_;
  std::string why_unavailable_;
  std::uint64_t tick_ = 0;
  port_outputs out_;
};

} // namespace pmmc::redis
