// Engine `simple`: the replicated log by Paxos Made Simple (L. Lamport, 2001), slot by slot. Each
// slot is an instance of its own; there is no leader, and nothing is carried from one slot to the
// next: two round trips and two syncs a command.
#pragma once

#include "consensus/simple/acceptor.hpp"
#include "consensus/simple/barriers.hpp"
#include "consensus/simple/learner.hpp"
#include "consensus/simple/messages.hpp"
#include "consensus/simple/peers.hpp"
#include "consensus/simple/proposals.hpp"
#include "consensus/simple/server_group.hpp"
#include "consensus/simple/stalls.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace pmmc::simple {

/// The server lacks slots that `server` has only in its snapshot, one that reflects all slots below
/// `slot`. Fetch that one or a later one, from it or somebody else, and call installed().
struct fetch_wish {
  role_id server;
  slot_num slot = 0;
};

/// What a server wants done after it has handled inputs.
/// ORDER: that of the members. Everything in `persist` must be durable (synced) before anything
/// else here has an effect: before a message leaves, before a value is answered for. A driver may
/// join the outputs of many inputs: persist all of them with one sync, then do the rest. If
/// persisting fails, it stops the process, and nothing else happens, ever.
struct outputs {
  std::vector<record> persist;
  std::vector<envelope> send;
  std::vector<simple::chosen> chosen; ///< the next slots of the log, in order and without gaps
  std::vector<readable> reads;        ///< what they need has come in `chosen`, now or before
  /// Own commands whose slot lies below a snapshot that was installed. They may have been chosen:
  /// the state in the snapshot knows (by its sessions), and the server no longer does anything for
  /// them.
  std::vector<command> unresolved;
  std::optional<fetch_wish> fetch; ///< comes again and again while it holds

  bool empty() const {
    return persist.empty() && send.empty() && chosen.empty() && reads.empty() &&
           unresolved.empty() && !fetch;
  }
};

/// A server: proposer, acceptor and learner. Single-threaded; driven by messages, by ticks of about
/// 10 ms, and by news of peers.
///
/// ONCE. A command that propose() took is put into one slot after the other until it is chosen in
/// one, never in two (proposals.hpp). If the server crashes, it may be chosen or not.
/// ORDER. Commands that are proposed while others of the same server are under way may be chosen in
/// another order, unless `pipeline_slots` is 1.
/// FORGETTING. Done and Min: what all servers have in durable snapshots is forgotten by acceptors
/// and learners. A server that is down therefore holds up the forgetting at all of them; what is
/// kept has no other bound.
/// A slot that was begun is finished by somebody, as long as a majority is up: by its proposer, or
/// with a no-op.
class server_core {
public:
  struct settings {
    std::vector<role_id> servers; ///< in the same order at all servers, for ever
    role_id id;
    std::uint64_t seed = 0; ///< another one at each start, and at each server
    slot_num window = 1024; ///< slots from the first unknown one on that are proposed or kept
    unsigned announce_ticks = 10;
    unsigned stalled_ticks = 20;      ///< at least so long without progress before others are asked
    std::size_t page_bytes = 1 << 20; ///< of a learn_reply, about
    proposals::settings proposing = {};
    barriers::settings reading = {};
  };

  /// `recovered` is what the persisted records add up to (empty for a newly formatted server). The
  /// server's durable snapshot reflects all slots below `start`.
  server_core(settings options, acceptor_state recovered, slot_num start = 1);

  void on(const message& m);
  void on_tick();
  void on_peer_down(const role_id& server) { peers_.on_peer_down(server); }

  /// Gets `value` chosen. Returns false, and does nothing, if too much waits ("busy").
  /// Preconditions: it is no no-op, and no command that was proposed elsewhere has the same bytes.
  bool propose(command value);
  /// A linearizable read: `outputs::reads` names the barrier when every value is known that was
  /// chosen before this call. Returns false, and does nothing, if too many wait.
  bool barrier(std::uint64_t number);
  /// The own durable snapshot reflects all slots below `slot`. Precondition: these have come out as
  /// chosen, or were installed.
  void done(slot_num slot);
  /// A fetched snapshot that reflects all slots below `slot` is durable, and in use. What comes out
  /// as chosen from now on begins at `slot`, or where it would have.
  void installed(slot_num slot);

  outputs take();

  const acceptor& own_acceptor() const { return acceptor_; }
  const proposals& own_proposals() const { return proposals_; }
  /// The first slot whose value is not known.
  slot_num slot_out() const { return learner_.slot_out(); }
  slot_num done_slot() const { return done_; }

private:
  friend struct role_contents; // search/simple/contents.cpp

  void handle(const prepare& m);
  void handle(const accept& m);
  void handle(const promise& m) { proposals_.on(m); }
  void handle(const accepted& m) { proposals_.on(m); }
  void handle(const reject& m);
  void handle(const chosen& m) { learn(m.slot, m.value); }
  void handle(const learn_request& m);
  void handle(const learn_reply& m);
  void handle(const announce& m);
  void handle(const collected& m);
  void handle(const read_probe& m) { acceptor_.on(m); }
  void handle(const read_probe_reply& m) { barriers_.on(m); }

  void settle();
  void start_proposals();
  void publish_outcomes();
  std::vector<envelope> gather_sends();
  void check_numbers(std::size_t first) const;
  template <class Body>
  void send_to_others(const Body& body);
  void learn(slot_num slot, const command& value);
  void watch_progress();
  void tell_progress();
  void collect();
  slot_num end_of_use() const;

  std::shared_ptr<const server_group> servers_;
  settings options_;
  random_source random_;
  acceptor acceptor_;
  learner learner_;
  proposals proposals_;
  peers peers_;
  stalls stalls_;
  barriers barriers_;
  std::uint64_t ticks_ = 0;
  slot_num done_;
  slot_num fill_end_ = 0;           ///< what is not known below is filled
  std::map<slot_num, command> won_; ///< own commands that were chosen, and not told yet
  std::vector<envelope> send_;
  outputs out_;
};

} // namespace pmmc::simple
