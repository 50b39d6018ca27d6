// The client as an actor: takes operations, gives outcomes.
#pragma once

#include "parts/shell.hpp"
#include "service/client.hpp"

#include <map>
#include <memory>
#include <string>

namespace pmmc {

enum class submission_kind : std::uint8_t { operation, reconfiguration, query, finish };

/// User → client. Answered, in the end, with a client_done of the same tag.
struct client_submit {
  std::uint64_t tag = 0;
  submission_kind kind = submission_kind::operation;
  std::string op;
  unsigned timeout_ticks = 1'000;
};

struct client_done {
  std::uint64_t tag = 0;
  client_outcome outcome;
};

struct client_shell {
  struct waiting {
    caf::actor user;
    std::uint64_t tag = 0;
  };

  explicit client_shell(client::settings options) : id(options.id), core(options) {}

  role_id id;
  client core;
  peer_directory peers;
  std::map<std::uint64_t, waiting> tickets;
  bool flush_due = false;
  late_ticks ticks{{}};
};

/// client_submit        → client_done
/// client_replies       → the core
/// peer_up, peer_down   → which replicas can be reached
/// export_open          → export_ready, from the replica that it names
caf::behavior client_actor(caf::event_based_actor* self, std::shared_ptr<client_shell> shell);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::client_submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::client_done)
