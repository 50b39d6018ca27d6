// A server of an engine whose servers are all in one, Raft or simple: the service above a
// replicated log. It talks to the other servers and to its own helpers; what becomes of clients'
// requests is log_service's, what is decided the engine's.
#pragma once

#include "base/random.hpp"
#include "consensus/messages.hpp"
#include "consensus/part.hpp"
#include "consensus/replicated_log.hpp"
#include "membership/membership.hpp"
#include "service/agreement.hpp"
#include "service/counters.hpp"
#include "service/gossip.hpp"
#include "service/log_service.hpp"
#include "service/replicated_state.hpp"
#include "service/snapshot_fetch.hpp"
#include "service/snapshot_schedule.hpp"
#include "service/snapshot_work.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pmmc {

/// What a server wants done.
/// ORDER: `send_early` may leave at once. Everything in `persist` must be durable before anything
/// in `send` leaves, and before that of later outputs does; then call persisted(), in the order of
/// the take()s, and take the outputs that this gives rise to. The work for who writes and reads
/// its snapshots comes behind the sends. If persisting fails, the driver stops the process and
/// sends nothing, ever.
struct server_outputs : outputs<log_record>, snapshot_work {
  std::vector<envelope> send_early; ///< what the own disk need not be waited for

  bool empty() const { return send_early.empty() && outputs<log_record>::empty(); }
  /// Joins later ones: one sync makes all of them durable. A second snapshot is begun when the
  /// first one was reported, and not before.
  void add(server_outputs later);
};

/// A part (part.hpp), driven by `flush` too, which the driver calls when it has no more inputs at
/// hand: only then does the server propose and start reads, so that what came together travels
/// together.
class server {
public:
  struct settings {
    log_service::settings service = {};       ///< its `id` is the server's
    std::uint64_t seed = 0;                   ///< another one in each life
    std::size_t snapshot_log_bytes = 4 << 20; ///< or the size of the state, if that is more
    unsigned ping_ticks = 10;
    unsigned silent_ticks = 60;  ///< a peer not heard for so long counts as gone
    unsigned forget_ticks = 100; ///< now and then, what nobody needs goes from the log
  };

  /// `state`: empty, or restored from the durable snapshot of slot `state->slot_out()`. `log` goes
  /// on there: it was made with that slot and the state's engine_part().
  server(settings options, std::unique_ptr<replicated_log> log,
         std::unique_ptr<replicated_state> state, bool restored_from_snapshot);

  // clients
  void on(const role_id& client, request m) { service_.on(client, std::move(m), out_.send); }
  void on(const role_id& client, query m) { service_.on(client, std::move(m), out_.send); }
  // servers
  void on(handoff m) { service_.on(std::move(m)); }
  void on(const ping& m);
  void on(const pong& m);
  void on(const snapshot_request& m);
  void on(snapshot_chunk m);
  /// The engine's own. Those of another engine are dropped.
  template <log_message M>
  void on(M m) {
    log_->on(message{std::move(m)});
  }

  /// Whom to talk to; what holds for a slot is in its own state, and who votes in the engine's log.
  void learn(const config_history& known);
  void on_peer_down(const role_id& peer);
  /// The disks of servers that were met: the log gets to know those that it does not know yet.
  void met_disks(std::map<role_id, std::string> disks) { service_.met_disks(std::move(disks)); }
  void on_tick();
  void flush();
  /// What one take() gave out is durable. Take again then.
  void persisted(std::span<const log_record> records) { log_->persisted(records); }

  /// Asks for a snapshot of what is not in one yet, if none is being written: before a stop.
  void save_now();
  bool is_saving() const { return snapshots_.is_saving(); }
  /// The snapshot of slots below `slot` is durable.
  void snapshot_saved(slot_num slot);
  /// What was written could not be restored, so it was thrown away. Everything goes on with the
  /// snapshot before; the next attempt is made when the log has grown again.
  void snapshot_failed();
  /// The fetched snapshot is durable, and this is its content.
  void install(std::unique_ptr<replicated_state> fetched);
  /// The first `offset` bytes of another server's snapshot came before a restart: go on there if
  /// the same one is offered.
  void resume_fetch(slot_num slot, std::uint64_t offset) { fetch_.resume(slot, offset); }
  /// The fetched snapshot was damaged.
  void snapshot_rejected() { fetch_.rejected(); }

  server_outputs take();

  /// The configurations of its own state, or later ones that others told it of. Only whom to talk
  /// to depends on these.
  const config_history& known_configurations() const;
  config_version known_version() const { return known_configurations().latest().version; }
  /// The oldest version whose servers are still needed.
  config_version live_from() const;
  membership known_members() const {
    return membership{known_configurations(), live_from(), state().identity()};
  }
  /// Those whom the engine talks to, with their addresses. Newcomers among them, which catch up
  /// before they are in any configuration, must be reached all the same.
  std::vector<member> contacts() const { return log_->contacts(); }
  /// Bytes of another server's snapshot that have come, while one is being fetched.
  std::uint64_t fetched_bytes() const { return fetch_.bytes(); }

  /// Servers that have done something else, by what they tell, and the slot at which that was seen.
  const std::map<role_id, slot_num>& differing() const { return agreement_.differing(); }
  /// It is this one that is wrong: it must stop.
  bool is_outvoted() const { return agreement_.is_outvoted(); }

  // What tests, status and checkers look at.
  const replicated_state& state() const { return service_.state(); }
  const replicated_log& log() const { return *log_; }
  slot_num slot_out() const { return state().slot_out(); }
  slot_num snapshot_slot() const { return snapshots_.slot(); }
  std::size_t pending_requests() const { return service_.pending_requests(); }
  /// Reads that flush() could answer: more than one turn should.
  bool has_reads_to_answer() const { return service_.has_reads_to_answer(); }
  /// Whether what clients ask here goes into the log from here.
  bool proposes() const { return log_->may_propose(); }
  server_vitals current_vitals() const;
  const service_counters& counters() const { return service_.counters(); }
  service_gauges gauges() const;
  log_figures figures() const { return log_->figures(); }
  /// What each server has told last of its slot_out, this one included.
  std::map<role_id, slot_num> slot_outs() const;

private:
  // the engine
  void hear_log();
  void begin_snapshot();
  void forget_log();
  void begin_fetch(const log_outputs::wish& wish);

  // the others
  std::set<role_id> peers() const;
  bool is_member() const;
  role_id member_to_ask() const;
  void send_pings();
  void hear(const role_id& peer, const vitals& told);
  void compare_digests();
  std::string why_stalled() const;

  settings options_;
  random_source random_;
  std::unique_ptr<replicated_log> log_;
  std::uint64_t tick_ = 0;
  log_service service_;
  config_history learned_; ///< later configurations than the state's, or empty
  gossip gossip_;
  agreement agreement_;
  snapshot_schedule snapshots_;
  snapshot_fetch fetch_;
  server_outputs out_;
};

} // namespace pmmc
