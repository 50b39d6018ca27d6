// The server of an engine whose servers are all in one, Raft or simple, as an actor.
#pragma once

#include "parts/record_writer.hpp"
#include "parts/state_shell.hpp"
#include "service/server.hpp"
#include "storage/server_store.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace pmmc {

/// Who says that the message is from it, of those between servers.
template <class M>
const role_id* sender_of(const M& m) {
  if constexpr (requires { m.candidate; })
    return &m.candidate;
  else if constexpr (requires { m.voter; })
    return &m.voter;
  else if constexpr (requires { m.leader; })
    return &m.leader;
  else if constexpr (requires { m.from; })
    return &m.from;
  else if constexpr (requires { m.proposer; })
    return &m.proposer;
  else if constexpr (requires { m.acceptor; })
    return &m.acceptor;
  else if constexpr (requires { m.learner; })
    return &m.learner;
  else if constexpr (requires { m.server; })
    return &m.server;
  else
    return nullptr; // simple's `chosen`: true, whoever says it
}

struct server_shell : state_shell {
  struct settings {
    server::settings part;
    storage::server_store::log_settings log; ///< but for its id and seed, which are the part's
  };

  /// Restores the newest snapshot, if there is one, and recovers the engine's log. Throws
  /// storage_error if either is damaged.
  server_shell(settings options, storage::data_directory opened, state_factory make);

  static constexpr bool writes_beside = true;
  using role_shell::admits;
  /// Who has lost its votes must not give others, and one that was formatted again may be on its
  /// way here before it is introduced. What is dropped is sent again.
  template <log_message M>
  bool admits(const M& m, const caf::strong_actor_ptr& from) const {
    const auto* sender = sender_of(m);
    return sender == nullptr || peers.is_up(*sender, from);
  }
  void ticked();
  /// The log gets to know their disks.
  void has_met() { core.met_disks(durable.known().format_ids()); }
  void flush() { flush_state(*this); }
  /// What need not wait for the disk leaves now; the rest waits for its turn, and with it all that
  /// comes behind it.
  void write_beside(caf::event_based_actor* self, server_outputs out);
  /// The writer has done what it was given.
  void written(caf::event_based_actor* self, const records_written& m);
  void sends(std::vector<envelope>& out);
  void carry_out_rest(caf::event_based_actor* self, server_outputs& out) {
    carry_out_state(self, *this, out);
  }
  void complete(role_status& status, bool with_fingerprint) const;
  server_metrics metrics() const;

  /// Outputs of one take() or more, in their order.
  struct joined_outputs {
    server_outputs out;
    slot_num slot_out = 0; ///< of the state that they are of
  };

  storage::server_store store; ///< the writer's, once that is there
  server core;
  caf::actor writer;
  joined_outputs waiting;                ///< until what is being written is durable
  std::optional<joined_outputs> writing; ///< without its records
  std::shared_ptr<const std::vector<log_record>> records; ///< those
  slot_num durable_slot_out;                              ///< slots below are performed, and here
  std::uint64_t writes;                                   ///< durable, since it was formatted
  server_metrics counted;                                 ///< what the core does not know
  std::string office;                                     ///< as logged

private:
  void log_office();
  void go_on_writing(caf::event_based_actor* self);
};

/// All messages that are in the mailbox are handled before the server proposes or answers, so that
/// what comes together travels together; and what comes while the disk works is written with one
/// sync when it is done. If the disk fails, the process ends and sends nothing more.
///
/// client_requests           → client_replies, in the end
/// handoff, ping, pong,
/// snapshot_request,
/// snapshot_chunk,
/// the engine's own messages → the core
/// members_news              → which configurations others know
/// peer_up, peer_down        → whom it can reach; who comes back with another disk, or an old copy
///                             of its own, is refused
/// disk_refused              → the process ends: its promises are lost
/// status_request            → role_status
/// metrics_request           → role_metrics
/// acceptor_progress_request → acceptor_progress: who has performed what
/// save_atom                 → save_atom, when all that is performed is in a snapshot
/// export_open               → export_ready, or an error in words
caf::behavior server_actor(caf::event_based_actor* self, std::shared_ptr<server_shell> shell);

} // namespace pmmc
