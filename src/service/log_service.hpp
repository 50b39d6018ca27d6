// What becomes of the requests and reads of clients above a replicated log: who is let in, what is
// proposed or handed on to the server that leads, what performing the log answers. It knows no
// engine, and no other server but by what the log says of them.
#pragma once

#include "consensus/messages.hpp"
#include "consensus/replicated_log.hpp"
#include "service/counters.hpp"
#include "service/log_reads.hpp"
#include "service/replicated_state.hpp"
#include "service/request_desk.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// Single-threaded; what is to be sent is appended to `send`.
class log_service {
public:
  struct settings {
    role_id id; ///< of the server
    /// Proposed together with requests, as long as the log has not decided which cluster this is: a
    /// random number. 0: left to other servers.
    cluster_identity founds = 0;
    std::size_t batch_bytes = 256 << 10; ///< a slot's command is about this large at the most
    std::size_t batch_requests = 4'096;
    std::size_t eager_slots = 2;    ///< own slots in flight: up to so many open at once
    std::size_t pipeline_slots = 8; ///< then one a tick, up to so many; then full batches only
    std::size_t max_pending_requests = 65'536;
    std::size_t max_pending_bytes = 64 << 20;
    std::size_t max_op_bytes = pmmc::max_op_bytes;
    std::size_t max_queries = 65'536;
    std::size_t read_bytes = 2 << 20; ///< of answers to reads until begin_turn(); the rest waits
    unsigned resend_ticks = 20;
    unsigned explain_ticks = 100;          ///< without progress for so long, clients are told why
    unsigned query_ticks = 300;            ///< then a read is given up as unavailable
    unsigned forget_held_back_ticks = 300; ///< unless its client has asked again
  };

  /// `seed`: another one in each life.
  log_service(settings options, std::unique_ptr<replicated_state> state, std::uint64_t seed);

  // --- Inputs ---
  void on(const role_id& client, request m, std::vector<envelope>& send);
  void on(const role_id& client, query m, std::vector<envelope>& send);
  void on(handoff m);
  void met_disks(std::map<role_id, std::string> disks) { disks_met_ = std::move(disks); }
  /// `why_stalled`: for those whose reads are given up.
  void on_tick(const std::function<std::string()>& why_stalled, std::vector<envelope>& send);
  /// Whether those who wait are to be told why, as nothing has been decided for long.
  bool is_stalled() const;
  void explain(const std::string& why, std::vector<envelope>& send) const;

  /// What the log tells: performs what is decided.
  void hear(const log_outputs& told, std::vector<envelope>& send);
  /// Proposes what waits, or hands it on to who leads, and answers and begins reads. `member`: who
  /// leads as far as a server knows that is no member, and is told nothing by the engine; or empty.
  void flush(replicated_log& log, const role_id& member, std::vector<envelope>& send);
  /// A snapshot's state takes the place of this one, which is older. hear() what the log says to
  /// it next, and then call skipped().
  void install(std::unique_ptr<replicated_state> fetched);
  void skipped(std::vector<envelope>& send);
  /// What has been answered so far is sent.
  void begin_turn() { reads_.begin_turn(); }
  void snapshot_saved() { ++counters_.snapshots_saved; }
  void snapshot_failed() { ++counters_.snapshots_unreadable; }

  const replicated_state& state() const { return *state_; }
  std::size_t pending_requests() const { return desk_.queue().size(); }
  bool has_reads_to_answer() const { return reads_.has_answers(state_->slot_out()); }
  const service_counters& counters() const { return counters_; }
  /// As far as they follow from what it holds.
  service_gauges gauges() const;

private:
  /// To change the members, which waits here to be begun.
  struct waiting_change {
    request_key key;
    std::uint64_t since_tick = 0;
  };

  void perform(const log_outputs::decision& d, std::vector<envelope>& send);
  std::vector<request_key> settle(proposal_ticket mine);
  void lose(const log_outputs::loss& lost);
  void propose(replicated_log& log);
  std::size_t in_flight() const;
  bool may_open() const;
  void propose_batch(replicated_log& log, request_desk::batch batch);
  void propose_changes(replicated_log& log);
  bool begin_change(replicated_log& log, const waiting_change& waiting);
  void give_back_changes();

  settings options_;
  std::unique_ptr<replicated_state> state_;
  std::uint64_t tick_ = 0;
  std::uint64_t progress_tick_ = 0; ///< something was performed, or nothing waited
  std::uint64_t opened_tick_ = 0;   ///< a slot was opened for requests
  role_id leader_;                  ///< whom requests go to, as of the last flush(); empty: nobody
  request_desk desk_;
  log_reads reads_;
  std::map<role_id, std::string> disks_met_;
  std::map<proposal_ticket, std::vector<request_key>> proposed_;
  std::set<request_key> unknown_; ///< proposed in slots that were skipped
  std::deque<waiting_change> changes_;
  proposal_ticket change_ = 0; ///< the one that is under way; 0: none
  service_counters counters_;
};

} // namespace pmmc
