// What commands use to talk to the cluster: blocking calls over the client actor.
#pragma once

#include "config/cluster_file.hpp"
#include "service/client.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pmmc {

/// An operation or query that has come to its end.
struct finished_operation {
  std::uint64_t tag = 0; ///< as `submit` returned it
  client_outcome outcome;
};

/// One client of a cluster. Operations are executed once each, in the order of submission; reads
/// are linearizable. Not thread-safe.
class blocking_client {
public:
  /// Begins to connect; never waits. `timeout` bounds each operation. `on_silence` is called once,
  /// when an outcome is waited for and none has come for a second.
  blocking_client(const config::cluster_file& cluster, std::chrono::milliseconds timeout,
                  std::function<void()> on_silence = {});
  /// Ends the session, if one was opened, but does not wait for it longer than a second.
  ~blocking_client();
  blocking_client(const blocking_client&) = delete;
  blocking_client& operator=(const blocking_client&) = delete;

  /// Queues an operation or a query. Its outcome comes from `next`, with the tag returned here.
  std::uint64_t submit(std::string op);
  std::uint64_t submit_query(std::string op);
  /// Waits for the next outcome, whichever it is. Precondition: something is under way.
  finished_operation next();
  /// Takes an outcome that is there already.
  std::optional<finished_operation> next_if_ready();

  /// Submits and waits. Precondition: nothing else is under way.
  client_outcome call(std::string op);
  client_outcome call_query(std::string op);
  /// An encoded reconfiguration (reconfiguration.hpp); the body is its encoded outcome.
  client_outcome reconfigure(std::string op);

  /// Freezes the state of `replica` as it is, in place of an earlier frozen one. False, with
  /// `error` set, if it cannot be reached.
  bool freeze(const role_id& replica, std::string& error);
  /// A read-only operation on the frozen state. Nothing, with `error` set, if it is gone.
  std::optional<std::string> read_frozen(std::string op, std::string& error);

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc
