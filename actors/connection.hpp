// What commands use to talk to the cluster: blocking calls over the client actor.
#pragma once

#include "client_actor.hpp"
#include "config/cluster_file.hpp"
#include "system.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace pmmc {

/// One client of a cluster. Operations are executed once each, in the order of submission; reads
/// are linearizable. Not thread-safe.
class connection {
public:
  /// Begins to connect; never waits. `timeout` bounds each operation.
  connection(const config::cluster_file& cluster, std::chrono::milliseconds timeout);
  /// Ends the session, if one was opened, but does not wait for it longer than a second.
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Queues an operation or a query. Its outcome comes from `next`, with the tag returned here.
  std::uint64_t submit(std::string op);
  std::uint64_t submit_query(std::string op);
  /// Waits for the next outcome, whichever it is. Precondition: something is under way.
  client_done next();
  /// Takes an outcome that is there already.
  std::optional<client_done> next_if_ready();

  /// Submits and waits. Precondition: nothing else is under way.
  client_outcome call(std::string op);
  client_outcome call_query(std::string op);

  /// Freezes the state of `replica`. Nothing, with `error` set, if it cannot be reached.
  std::optional<export_ready> open_export(const role_id& replica, std::string& error);
  /// A read-only operation on a frozen state. Nothing, with `error` set, if it is gone.
  std::optional<std::string> read_export(const caf::actor& reader, std::string op,
                                         std::string& error);

private:
  std::uint64_t submit(submission_kind kind, std::string op, std::chrono::milliseconds timeout);

  std::chrono::milliseconds timeout_;
  system_config config_;
  caf::actor_system system_;
  caf::actor client_;
  caf::actor node_;
  caf::scoped_actor self_;
  std::uint64_t tags_ = 0;
  bool wrote_ = false;
};

} // namespace pmmc
