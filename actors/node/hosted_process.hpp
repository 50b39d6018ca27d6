// The roles of one process and what serves beside them: its ports.
#pragma once

#include "http/http_port.hpp"
#include "node/start_options.hpp"
#include "parts/acceptor_actor.hpp"
#include "parts/leader_actor.hpp"
#include "parts/replica_actor.hpp"
#include "parts/server_actor.hpp"
#include "redis/redis_port.hpp"
#include "storage/process_members.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace pmmc {

/// The roles of one process: opened first, all of them, so that a mistake in one starts none.
class hosted_process {
public:
  hosted_process(const config::cluster_file& cluster, const start_options& options,
                 state_machine_factory make_machine);

  void start(caf::actor_system& system);
  /// `is_urgent` is asked again and again: whether it must not wait for the snapshot.
  void stop(caf::actor_system& system, const std::function<bool()>& is_urgent);

private:
  void save_snapshot(caf::scoped_actor& self, const std::function<bool()>& is_urgent);
  void report_differences() const;
  void make_shell(const config::role& role, storage::data_directory directory);
  state_factory make_state() const;
  std::shared_ptr<server_shell> make_server(const role_id& id, storage::data_directory directory);
  void add(const role_id& id, role_kind kind, directory_facts facts, caf::actor handle);
  void publish(caf::actor_system& system);
  void start_desk(caf::actor_system& system);
  void open_http();
  void open_redis_port(caf::actor_system& system);

  const config::cluster_file& cluster_;
  const start_options& options_;
  state_machine_factory make_machine_;
  storage::process_members members_;
  std::shared_ptr<acceptor_shell> acceptor_;
  std::shared_ptr<leader_shell> leader_;
  std::shared_ptr<replica_shell> replica_;
  std::shared_ptr<server_shell> server_;
  std::vector<hosted_role> hosted_;
  caf::actor node_;
  caf::actor desk_;
  std::unique_ptr<http_port> http_;
  std::optional<redis_actors> redis_;
  bool has_started_ = false;
};

} // namespace pmmc
