// The load of `pmmc bench` over the native protocol. Free of CAF.
#pragma once

#include "config/cluster_file.hpp"
#include "load/recorder.hpp"

#include <memory>
#include <string>

namespace pmmc {

/// The plan's clients, as actors in one thread beside that of the sockets. They share `sessions`
/// client sessions, each an actor with requests of its own, and all of these one connection to each
/// process of the cluster.
class native_load {
public:
  /// Begins to connect and to send. `replica`: all clients talk to this one; empty: each session
  /// to one that it chooses.
  native_load(const config::cluster_file& cluster, const load::plan& p, std::size_t sessions,
              const role_id& replica, load::recorder& r);
  ~native_load();
  native_load(const native_load&) = delete;
  native_load& operator=(const native_load&) = delete;

  /// No further operations; waits for those under way, and ends the sessions.
  void stop();

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc
