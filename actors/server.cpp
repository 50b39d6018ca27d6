#include "server.hpp"

#include "acceptor_actor.hpp"
#include "config/address.hpp"
#include "entropy.hpp"
#include "leader_actor.hpp"
#include "log.hpp"
#include "node_actor.hpp"
#include "replica_actor.hpp"
#include "system.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace pmmc {

namespace {

storage::role_kind storage_kind(config::role_kind kind) {
  switch (kind) {
  case config::role_kind::acceptor:
    return storage::role_kind::acceptor;
  case config::role_kind::leader:
    return storage::role_kind::leader;
  case config::role_kind::replica:
    return storage::role_kind::replica;
  }
  throw std::logic_error{"a role kind that does not exist"};
}

/// Signals are taken by sigwait in the main thread, so they must be blocked before any other thread
/// is there to receive them.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// The roles of one process: opened first, all of them, so that a mistake in one starts none.
class hosted_process {
public:
  hosted_process(const config::cluster_file& cluster, const config::process& process,
                 state_machine_factory make_machine)
      : cluster_(cluster), process_(process), make_machine_(std::move(make_machine)) {
    for (const auto& role : process.roles)
      open(role);
  }

  void start(caf::actor_system& system);
  void stop(caf::actor_system& system);

private:
  void open(const config::role& role);
  void add(const role_id& id, hosted_kind kind, const storage::data_directory& directory,
           caf::actor handle);
  void publish(caf::actor_system& system);

  const config::cluster_file& cluster_;
  const config::process& process_;
  state_machine_factory make_machine_;
  std::shared_ptr<acceptor_shell> acceptor_;
  std::shared_ptr<leader_shell> leader_;
  std::shared_ptr<replica_shell> replica_;
  std::vector<hosted_role> hosted_;
  caf::actor node_;
};

void hosted_process::open(const config::role& role) {
  auto directory = storage::data_directory::open(cluster_.data / role.id.str(), cluster_.name,
                                                 storage_kind(role.kind), role.id);
  const auto window = directory.info().window;
  if (window != cluster_.window)
    spdlog::warn("{}: the config file says window = {}, but the cluster was created with {}, which "
                 "stays in force",
                 role.id.view(), cluster_.window, window);
  const config_history configurations{directory.info().initial};
  switch (role.kind) {
  case config::role_kind::acceptor:
    acceptor_ = std::make_shared<acceptor_shell>(role.id, std::move(directory));
    break;
  case config::role_kind::leader: {
    leader::settings options;
    options.id = role.id;
    options.seed = fresh_seed();
    options.window = window;
    leader_ = std::make_shared<leader_shell>(options, std::move(directory), configurations);
    break;
  }
  case config::role_kind::replica: {
    replica::settings options;
    options.id = role.id;
    options.seed = fresh_seed();
    replica_ = std::make_shared<replica_shell>(
        options, std::move(directory), [make = make_machine_, configurations, window] {
          return std::make_unique<replicated_state>(make(), configurations, window);
        });
    break;
  }
  }
}

void hosted_process::add(const role_id& id, hosted_kind kind,
                         const storage::data_directory& directory, caf::actor handle) {
  hosted_.push_back({id, kind, directory.info().format_id, std::move(handle)});
}

void hosted_process::start(caf::actor_system& system) {
  if (acceptor_)
    add(acceptor_->id, hosted_kind::acceptor, acceptor_->directory,
        system.spawn<caf::detached>(acceptor_actor, acceptor_));
  if (leader_)
    add(leader_->id, hosted_kind::leader, leader_->directory, system.spawn(leader_actor, leader_));
  if (replica_)
    add(replica_->id, hosted_kind::replica, replica_->directory,
        system.spawn(replica_actor, replica_));
  auto settings = std::make_shared<node_settings>();
  settings->cluster = cluster_.name;
  settings->address = process_.address;
  settings->seed = fresh_seed();
  settings->roles = hosted_;
  settings->members = cluster_.first;
  settings->dial = addresses_to_dial(cluster_.first, process_.address);
  node_ = system.spawn(node_actor, settings);
  publish(system);
}

void hosted_process::publish(caf::actor_system& system) {
  std::string error;
  const auto where = config::parse_address(process_.address, error);
  if (!where)
    throw start_error{"cannot listen at " + process_.address + ": " + error};
  // `reuse` from the first start on, or a restart finds the port in TIME_WAIT.
  const auto port = system.middleman().publish(node_, where->port, where->host.c_str(), true);
  if (!port)
    throw start_error{"cannot listen at " + process_.address + ": " + system.render(port.error()) +
                      "; is another program using the port? (`ss -ltnp` shows which)"};
}

/// Returns when every role has handled what it had begun, and is gone.
void hosted_process::stop(caf::actor_system& system) {
  caf::anon_send_exit(node_, caf::exit_reason::user_shutdown);
  caf::scoped_actor self{system};
  for (const auto& role : hosted_) {
    self->monitor(role.handle);
    caf::anon_send_exit(role.handle, caf::exit_reason::user_shutdown);
  }
  for (std::size_t gone = 0; gone < hosted_.size();)
    self->receive([&](const caf::down_msg&) { ++gone; });
  node_ = nullptr;
  hosted_.clear();
  acceptor_.reset();
  leader_.reset();
  replica_.reset();
}

} // namespace

void format_role(const config::cluster_file& cluster, const config::role& role) {
  storage::data_directory::format(cluster.data / role.id.str(), {.cluster = cluster.name,
                                                                 .kind = storage_kind(role.kind),
                                                                 .id = role.id,
                                                                 .window = cluster.window,
                                                                 .format_id = {},
                                                                 .initial = cluster.first});
}

void serve(const config::cluster_file& cluster, const config::process& process,
           const state_machine_factory& make_machine) {
  const auto signals = block_stop_signals();
  start_log(process.ids());
  hosted_process hosted{cluster, process, make_machine};
  system_config options{2};
  caf::actor_system system{options};
  try {
    hosted.start(system);
  } catch (...) {
    hosted.stop(system); // or the actor system would wait for its actors for ever
    throw;
  }
  std::printf("ready %s\n", process.ids().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stops on {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  hosted.stop(system);
  // The actor system's destructor would wait for the threads of detached actors, and those for the
  // last reference to their actors, which a message to a peer that has just gone may hold for ever.
  spdlog::default_logger()->flush();
  std::_Exit(0);
}

} // namespace pmmc
