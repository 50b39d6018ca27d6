// Every message between processes: PMMC's and the service's here (paper, figures 1-7; the last five
// groups are ours), those of the other engines' servers in their own folders. Plain values: the
// actors know how to send them, the simulator how to lose them.
#pragma once

#include "base/types.hpp"
#include "consensus/raft/messages.hpp"
#include "consensus/simple/messages.hpp"
#include "membership/configuration.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc {

// --- Phase 1 and 2 (paper, sections 2.2 and 2.3) ------------------------------------------------

/// Scout → acceptor: "promise `ballot`, and tell me what you accepted from `from_slot` on".
struct p1a {
  role_id leader;
  config_version version = 0;
  ballot_num ballot;
  slot_num from_slot = 1;
  slot_num to_slot = 0; ///< what lies from here on need not be told now; 0: all is asked for
};

/// Acceptor → scout. Names the ballot that was asked and the acceptor's own one: only a higher own
/// ballot preempts, everything else that does not match is stale. Large states come in pages.
struct p1b {
  role_id acceptor;
  config_version version = 0;
  ballot_num asked;
  ballot_num ballot;            ///< the acceptor's ballot_num after the request
  slot_num from_slot = 1;       ///< as asked
  slot_num next_slot = 0;       ///< ask again from here for the rest; 0: `accepted` is complete
  slot_num watermark = 1;       ///< slots below are decided, durable at f+1 replicas, and gone here
  std::vector<pvalue> accepted; ///< highest-ballot pvalue of each slot in [from_slot, next_slot)
};

/// Commander → acceptor: "accept `value`".
struct p2a {
  role_id leader;
  config_version version = 0;
  pvalue value;
};

/// Acceptor → commander. Accepted if and only if `ballot == asked` and `slot >= watermark`.
struct p2b {
  role_id acceptor;
  config_version version = 0;
  ballot_num asked;
  ballot_num ballot;
  slot_num slot = 0;
  slot_num watermark = 1;
};

// --- Replica and leader (paper, section 2.1) ----------------------------------------------------

struct propose {
  role_id replica;
  config_version version = 0; ///< of the configuration that governs `slot`
  slot_num slot = 0;
  command value;
};

struct decision {
  config_version version = 0;
  slot_num slot = 0;
  command value;
};

/// Leader → replica: a proposal for `slot` cannot be answered with a decision, because the
/// acceptors dropped everything below `watermark`; fetch a snapshot from another replica.
struct collected {
  slot_num watermark = 0;
};

// --- Clients ------------------------------------------------------------------------------------

/// Given out by the log itself: the slot and the place in the batch at which the session was
/// opened.
using session_id = std::uint64_t;

enum class request_kind : std::uint8_t {
  operation = 1, ///< `op` goes to the state machine, once
  open_session =
      2, ///< `session` is 0, `sequence` a random number; the answer's body holds the new id
  end_session = 3,
  reconfigure =
      4, ///< `op` is a reconfiguration, the answer's body its outcome (reconfiguration.hpp)
  found =
      5, ///< `op` is a cluster identity, as a varint. The first one in the log holds, the others
         ///< do nothing. Replicas propose it; from clients it is refused. Nobody is answered
  refusal = 6, ///< the request of this number was refused, `op` says why: that is its answer, and
               ///< the session goes on behind it
};

/// Of an operation or a query. A client refuses what is larger before it has spent a number on it.
inline constexpr std::size_t max_op_bytes = (1 << 20) + (4 << 10);

/// The sentence for one of `bytes` bytes.
inline std::string too_large_text(std::size_t bytes, std::size_t most = max_op_bytes) {
  return "the operation has " + std::to_string(bytes) + " bytes, and one may have " +
         std::to_string(most);
}

/// What a driver notes when a request or query comes in, and gets back with the answer, so that it
/// can tell how long that took. Means nothing to the core, and is not sent to other processes.
struct arrival {
  std::uint64_t at_ns = 0; ///< by the driver's own clock; 0: nothing noted
  std::uint8_t operation = 0;

  friend bool operator==(const arrival&, const arrival&) = default;
};

/// Client → replica, and between replicas. (session, sequence) is the request's identity. Sequence
/// numbers of a session start at 1 and have no gaps; the operations take effect in their order.
struct request {
  request_kind kind = request_kind::operation;
  session_id session = 0;
  std::uint64_t sequence = 0;
  std::uint64_t acknowledged = 0; ///< the client has the answers to all sequence numbers up to this
  shared_bytes op;                ///< the client keeps it, and so do replicas: it may be sent again
  arrival arrived = {};

  friend bool operator==(const request&, const request&) = default;
};

enum class reply_status : std::uint8_t {
  ok = 0,            ///< executed; the body is the state machine's answer
  session_ended = 1, ///< not executed by this request: the session is not known (any more)
  busy = 2,          ///< not executed, and this replica will not try; its number is still to come
  refused = 3,       ///< not executed: malformed or too large; the body says what. Its number is
                     ///< used up, by the log: what follows it in the session is executed
  unavailable = 4,   ///< query: not answered, no quorum; request: still under way, but nothing is
                     ///< decided at present; the body says who was reached
  too_large = 5,     ///< query: the answer has more than query::max_reply bytes; the body says how
                     ///< many, as a varint
  put_off = 6,       ///< not executed where it was decided, as too much of its session waits; but
                     ///< another copy of the request may be executed all the same
};

/// Replica → client. `body` belongs to the state machine, but for errors, where it is English text.
struct response {
  session_id session = 0;
  std::uint64_t sequence = 0;
  reply_status status = reply_status::ok;
  std::string body;
  arrival arrived = {}; ///< of the request; nothing, if it goes on

  friend bool operator==(const response&, const response&) = default;
};

/// Client → replica: a read-only operation, answered linearizably without a log entry.
struct query {
  std::uint64_t number = 0; ///< chosen by the client to recognise the answer
  std::string op;
  arrival arrived = {};
  std::uint64_t max_reply = 0; ///< bytes of an answer that the client has room for; 0: any number
};

struct query_reply {
  std::uint64_t number = 0;
  reply_status status = reply_status::ok;
  slot_num slot = 0; ///< the answer reflects all slots below this one, and no other
  std::string body;
  arrival arrived = {}; ///< of the query
};

/// Replica → the replica that proposes at present: "get these decided".
struct handoff {
  role_id replica;
  std::vector<request> requests;
};

/// Replica → client: "I hand your requests on to `better`: ask it, and save a hop".
struct better_replica {
  role_id replica;
  role_id better;
};

// --- Linearizable reads (paper, section 4.5) ----------------------------------------------------

/// Replica → acceptor: "what is the highest slot that you accepted anything in?"
struct read_probe {
  role_id replica;
  std::uint64_t round = 0;
  config_version version = 0;
};

struct read_probe_reply {
  role_id acceptor;
  std::uint64_t round = 0;
  config_version version = 0;
  slot_num highest = 0; ///< at least watermark - 1
};

// --- Failure detection and gossip (paper, section 3) --------------------------------------------

/// What the decisions of all slots below `slot` were, and what states they led to: equal at all
/// replicas. A chain: differing once is differing from then on.
struct slot_digest {
  slot_num slot = 0; ///< 0: none
  std::uint64_t decisions = 0;
  std::uint64_t state = 0; ///< over the state machine's fingerprints at this slot and those before

  friend bool operator==(const slot_digest&, const slot_digest&) = default;
};

/// What an acceptor tells of itself in each pong.
struct acceptor_vitals {
  ballot_num ballot = {};        ///< its ballot_num in the latest configuration that it voted in
  std::uint64_t leader_ping = 0; ///< number of the last ping of `ballot`'s active leader
  slot_num accepted_end = 0;     ///< one past the highest slot that it accepted there; 0: none
  slot_num watermark = 0;        ///< in force
  /// Writes that are durable. Others remember it, to tell an old copy of its directory. Set by the
  /// driver when it sends.
  std::uint64_t records = 0;

  friend bool operator==(const acceptor_vitals&, const acceptor_vitals&) = default;
};

/// What a leader tells of itself in each ping and pong.
struct leader_vitals {
  ballot_num ballot = {};    ///< its own, or the one that preempted it
  bool active = false;       ///< `ballot` is its own, and adopted
  slot_num decided_end = 0;  ///< one past the highest slot that it knows to be decided
  slot_num watermark = 0;    ///< the highest that it has heard of
  std::uint64_t records = 0; ///< the least seqnum that it never used; else as an acceptor's

  friend bool operator==(const leader_vitals&, const leader_vitals&) = default;
};

/// What a replica tells of itself in each ping and pong.
struct replica_vitals {
  ballot_num active_ballot = {}; ///< of the leader that it takes for active; ⊥: of none
  slot_num slot_in = 0;
  slot_num slot_out = 0;
  slot_num snapshot_slot = 0; ///< slots below are in its durable snapshot
  slot_num watermark = 0;     ///< as it computes it
  slot_digest digest = {};    ///< the latest one

  friend bool operator==(const replica_vitals&, const replica_vitals&) = default;
};

/// What a server of another engine tells of itself in each ping and pong.
struct server_vitals {
  std::uint64_t term = 0;     ///< Raft: its current one. Simple, which has none: 0
  role_id leader = {};        ///< the one it follows, itself if it leads; empty: none
  bool is_leader = false;     ///< of `term`
  slot_num slot_in = 0;       ///< one past the highest slot that it has anything in
  slot_num slot_out = 0;      ///< as a replica's
  slot_num snapshot_slot = 0; ///< as a replica's
  slot_num watermark = 0;     ///< slots below are gone here
  slot_digest digest = {};    ///< as a replica's
  std::uint64_t records = 0;  ///< as an acceptor's

  friend bool operator==(const server_vitals&, const server_vitals&) = default;
};

using vitals = std::variant<acceptor_vitals, leader_vitals, replica_vitals, server_vitals>;

inline slot_num watermark_of(const vitals& told) {
  return std::visit([](const auto& v) { return v.watermark; }, told);
}

/// Of a replica that is no member where it is: what is durable there, and the watermark that it
/// computes from that, does not count for the member that has its id (G1), nor does its digest.
inline void leave_out_what_members_say(vitals& told) {
  if (auto* replica = std::get_if<replica_vitals>(&told)) {
    replica->snapshot_slot = replica->watermark = 0;
    replica->digest = {};
  }
}

/// Slots below are in use as far as the role knows: accepted, decided or performed.
slot_num slot_end_of(const vitals& told);

/// What those who hold the state tell of it: replicas and servers.
struct state_vitals {
  slot_num slot_in = 0;
  slot_num slot_out = 0;
  slot_num snapshot_slot = 0;
  slot_num watermark = 0;
  slot_digest digest = {};
};

/// Nothing of acceptors and leaders.
std::optional<state_vitals> state_of(const vitals& told);

/// See acceptor_vitals; 0 of a replica, which promises nothing.
std::uint64_t records_of(const vitals& told);
void set_records(vitals& told, std::uint64_t records);

/// What a role of this kind tells that knows nothing, if the one that told is of another kind.
template <class Kind>
Kind vitals_as(const vitals& told) {
  const auto* v = std::get_if<Kind>(&told);
  return v == nullptr ? Kind{} : *v;
}

struct ping {
  role_id from;
  std::uint64_t number = 0;
  vitals state;
};

struct pong {
  role_id from;
  std::uint64_t number = 0; ///< of the ping
  vitals state;
};

// --- Catching up --------------------------------------------------------------------------------

/// Replica → replica: "send me the decisions from `from_slot` on".
struct catchup {
  role_id replica;
  slot_num from_slot = 0;
};

/// The decisions of slots from_slot, from_slot+1, …; none, with `snapshot_slot` set, if they are
/// gone.
struct catchup_reply {
  role_id replica;
  slot_num from_slot = 0;
  slot_num snapshot_slot = 0; ///< ask for this snapshot instead; 0: not needed
  std::vector<command> decisions;
};

/// Replica → replica: "send me a piece of your durable snapshot".
struct snapshot_request {
  role_id replica;
  slot_num slot = 0; ///< 0: the latest
  std::uint64_t offset = 0;
};

struct snapshot_chunk {
  role_id replica;
  slot_num slot = 0; ///< 0: no such snapshot (any more); begin again with the latest
  std::uint64_t offset = 0;
  std::uint64_t total = 0; ///< bytes of the whole snapshot
  std::string bytes;
};

using message =
    std::variant<p1a, p1b, p2a, p2b, propose, decision, collected, request, response, query,
                 query_reply, handoff, better_replica, read_probe, read_probe_reply, ping, pong,
                 catchup, catchup_reply, snapshot_request, snapshot_chunk,
                 //
                 raft::request_vote, raft::vote, raft::append_entries, raft::append_reply,
                 raft::snapshot_offer, raft::timeout_now, raft::read_index, raft::read_index_reply,
                 //
                 simple::prepare, simple::promise, simple::accept, simple::accepted, simple::reject,
                 simple::chosen, simple::learn_request, simple::learn_reply, simple::announce,
                 simple::collected, simple::read_probe, simple::read_probe_reply>;

/// A message and whom it is for.
struct envelope {
  role_id to;
  message body;
};

/// What an engine's core sends, which knows no messages but its own (raft::envelope,
/// simple::envelope), among all the others.
template <class Own>
envelope widened(Own e) {
  return {e.to, std::visit([](auto& m) { return message{std::move(m)}; }, e.body)};
}

} // namespace pmmc
