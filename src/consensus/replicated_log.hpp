// The seam between the service and an engine whose servers each are all in one, Raft or simple: a
// replicated log. The service proposes commands and performs what is decided; how it is decided,
// who leads and which servers vote is the engine's. (PMMC has no such seam: its replica is the
// paper's.)
#pragma once

#include "consensus/messages.hpp"
#include "consensus/raft/persistent_state.hpp"
#include "consensus/simple/acceptor.hpp"
#include "membership/reconfiguration.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace pmmc {

/// What a server makes durable, of whichever engine: always the same one.
using log_record = std::variant<raft::record, simple::record>;

/// Those of the engine whose record is `Record`, for its store. Precondition: all of them are.
template <class Record>
std::vector<Record> records_as(std::span<const log_record> records) {
  std::vector<Record> own;
  own.reserve(records.size());
  for (const auto& r : records)
    own.push_back(std::get<Record>(r));
  return own;
}

/// Whether it is a message between the servers of such an engine.
template <class M, class Messages>
inline constexpr bool is_one_of = false;
template <class M, class... Each>
inline constexpr bool is_one_of<M, std::variant<Each...>> = (std::same_as<M, Each> || ...);
template <class M>
concept log_message = is_one_of<M, raft::message> || is_one_of<M, simple::message>;

/// Gives `m` to `take` if it is one of an engine's own `Messages`. Returns whether it is.
template <class Messages, class Take>
bool pass_on(const message& m, const Take& take) {
  return std::visit(
      [&]<class Body>(const Body& body) {
        if constexpr (is_one_of<Body, Messages>)
          take(body);
        return is_one_of<Body, Messages>;
      },
      m);
}

/// A proposal of this server, in this life. Never 0.
using proposal_ticket = std::uint64_t;

/// What an engine wants done, and has to tell.
/// ORDER: `send_early` may leave at once; everything in `persist` must be durable before anything
/// in `send` leaves, and before that of later outputs does. Then call persisted() with what was
/// persisted, in the order of the take()s. The rest is for the service, whose answers are `send`s,
/// too: they leave behind what is to be persisted. Outputs may be joined, if each part keeps its
/// order. If persisting fails, the driver stops the process and sends nothing, ever.
struct log_outputs {
  std::vector<envelope> send_early;
  std::vector<log_record> persist;
  std::vector<envelope> send;

  struct decision {
    slot_num slot = 0;
    command value;
    proposal_ticket mine = 0;                  ///< 0: another server's, or one of an earlier life
    std::optional<voting_servers> change = {}; ///< holds for the state when it is performed
  };
  std::vector<decision> decided; ///< in the order of the slots, without gaps, each once

  /// Own proposals that will never be decided. They may be proposed again.
  struct loss {
    proposal_ticket mine = 0;
    std::string why; ///< of a change() that the engine gave up: English, for people; else empty
  };
  std::vector<loss> displaced;
  /// Own proposals whose slots lie below an installed snapshot: only the state in it knows.
  std::vector<proposal_ticket> unknown;

  struct readable_at {
    std::uint64_t number = 0; ///< the barrier()'s
    slot_num slot = 0;        ///< a state that reflects all slots below, or more, may answer
  };
  std::vector<readable_at> readable;

  /// Slots are missing that others have in snapshots only: fetch one that reflects all slots below
  /// `slot`, or more, from `server` or somebody else, and call installed(). Comes again and again
  /// while it holds.
  struct wish {
    role_id server;
    slot_num slot = 0;
  };
  std::optional<wish> fetch;

  bool empty() const {
    return send_early.empty() && persist.empty() && send.empty() && decided.empty() &&
           displaced.empty() && unknown.empty() && readable.empty() && !fetch;
  }
};

/// What an engine counts for its operators, since the process began, and how it is at the moment.
struct log_figures {
  std::uint64_t elections = 0; ///< Raft: how often it ran for office; pre-votes do not count
  std::uint64_t offices = 0;   ///< Raft: how often it was elected
  std::uint64_t votes = 0;     ///< Raft: granted to others
  std::uint64_t numbers = 0;   ///< simple: that its proposers took
  std::uint64_t log_slots = 0; ///< slots that it holds in memory, and on the disk
  std::uint64_t log_bytes = 0; ///< Raft: of their entries
  std::size_t in_flight = 0;   ///< own proposals without an outcome
};

/// Single-threaded; driven by messages, by ticks of about 10 ms, and by news of peers. Slots begin
/// at 1; "slot_out" is the first one that did not come in `decided`, and lies in no snapshot.
class replicated_log {
public:
  virtual ~replicated_log() = default;

  // --- Inputs ---
  /// Whether it takes such messages.
  virtual bool on(const message& m) = 0;
  virtual void on_tick() = 0;
  virtual void on_peer_down(const role_id& peer) = 0;
  /// `records` of one take(), all of them, are durable.
  virtual void persisted(std::span<const log_record> records) = 0;
  virtual log_outputs take() = 0;

  // --- Proposals ---
  /// Whether propose() would take a command. Where one server leads: whether this is the one.
  virtual bool may_propose() const = 0;
  /// Precondition: may_propose(); `value` is no no-op. In the outputs the ticket comes back once:
  /// with its decision, as displaced, or as unknown. If the process ends first, it may be decided
  /// or not.
  virtual proposal_ticket propose(command value) = 0;
  /// Asks up to which slot the state must go to answer what was asked before. The answer is in
  /// `readable`, when a majority can be reached; of several questions, perhaps to the last one
  /// only. Returns false, and does nothing, if too many wait.
  virtual bool barrier(std::uint64_t number) = 0;
  /// Who decides what goes into the log, so that requests are best asked there: empty if it is not
  /// known, or any server may.
  virtual role_id leader() const = 0;
  /// Whether somebody is to lead, so that nothing is decided while it is not known who.
  virtual bool elects_leaders() const = 0;

  // --- Members ---
  /// Whether the servers can be changed at all, by change() and not by a request in the log.
  virtual bool changes_servers() const = 0;
  /// Whether change() would be taken on now: if not, later perhaps.
  virtual bool may_change() const = 0;
  /// Begins to change the servers from those of version `replaces`, which must be the latest one,
  /// to `servers`; `value` goes into the log with it. The ticket comes back as that of a proposal
  /// does. Precondition: may_change().
  virtual proposal_ticket change(config_version replaces, std::vector<member> servers,
                                 command value) = 0;
  /// A server has asked for this piece of a snapshot. If it is a newcomer, and another piece than
  /// before, it catches up.
  virtual void note_piece(const role_id& server, slot_num slot, std::uint64_t offset) = 0;
  /// Whether the servers before the last change that came in `decided` are not needed any more, so
  /// that those that are not in it can be switched off.
  virtual bool is_settled() const = 0;
  /// Whom it talks to: those who vote by the latest entry in the log, decided or not, and those who
  /// catch up so that they may. These may be in no configuration that the state knows, and messages
  /// to and from them must be carried all the same.
  virtual std::vector<member> contacts() const = 0;

  // --- Snapshots ---
  /// The engine's part of a snapshot of the state as performed now, that is, of all slots that came
  /// in `decided` or were installed: bytes that mean nothing to anybody else. May be empty.
  virtual std::string part_of_snapshot() const = 0;
  /// A snapshot of all slots below `slot` is durable; `needed_from`: servers that are a little
  /// behind need what lies from here on, which is kept up to a bound of bytes.
  virtual void snapshot_durable(slot_num slot, slot_num needed_from) = 0;
  /// A fetched snapshot of all slots below `slot` is durable and taken over; `part` is the engine's
  /// part of it. Nothing happens if the log here goes as far.
  virtual void installed(slot_num slot, const std::string& part) = 0;

  // --- What services, status and checkers look at ---
  virtual slot_num slot_out() const = 0;
  /// Own proposals without an outcome.
  virtual std::size_t in_flight() const = 0;
  /// Sets what the engine knows: term, leader, slot_in, watermark.
  virtual void describe(server_vitals& v) const = 0;
  virtual log_figures figures() const = 0;
};

} // namespace pmmc
