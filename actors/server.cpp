#include "server.hpp"

#include "acceptor_actor.hpp"
#include "config/address.hpp"
#include "entropy.hpp"
#include "hangup.hpp"
#include "host_name.hpp"
#include "http/http_port.hpp"
#include "invariant.hpp"
#include "leader_actor.hpp"
#include "log.hpp"
#include "node_actor.hpp"
#include "probe.hpp"
#include "protocol.hpp"
#include "redis_port.hpp"
#include "replica_actor.hpp"
#include "report_desk.hpp"
#include "storage/posix_disk.hpp"
#include "storage/process_members.hpp"
#include "system.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace pmmc {

namespace {

/// A stop waits no longer than this for the replica's snapshot; `pmmc up` has a little more
/// patience.
constexpr std::chrono::seconds last_snapshot_timeout{8};

/// A read that finds no quorum is told so well before its client's patience ends, also one that
/// waits for the end of a round that began before it. The client asks again until then.
constexpr unsigned query_ticks = 100;

bool is_told_to_stop_again() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  constexpr timespec at_once{};
  return sigtimedwait(&stops, nullptr, &at_once) > 0;
}

/// Signals are taken by sigwait in the main thread, so they must be blocked before any other thread
/// is there to receive them.
sigset_t block_our_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN); // a limit of a file's size is an error of the write, which is told
  return signals;
}

/// SIGHUP: "take up logs and settings again". Nobody should wonder afterwards what came of it.
void take_up_again(const config::cluster_file& cluster) {
  const auto read = config::load_cluster_file(cluster.path);
  for (const auto& error : read.errors)
    spdlog::warn("SIGHUP: a mistake in the config file: {}", error);
  spdlog::info("SIGHUP: the log goes to stderr, so there is no file to reopen; the config file {}, "
               "and nothing in it can change while the process runs: restart it for that",
               read.errors.empty() ? "was read again, and is good" : "has mistakes");
  spdlog::default_logger()->flush();
}

/// Returns what for. In the main thread.
std::string_view await_stop(const sigset_t& signals, const hangup& terminal,
                            const config::cluster_file& cluster) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGTERM)
      return "SIGTERM";
    if (signal == SIGINT)
      return "SIGINT";
    if (terminal.terminal_is_gone())
      return "SIGHUP: its terminal is gone";
    take_up_again(cluster);
  }
}

/// The others say that this process was removed: it must not go on as if it were a member.
void stop_removed(const std::string& why) {
  end_process(why + ". This process ends. Take the role out of the config file, or start it with "
                    "--rejoin if it is to be added again",
              2);
}

/// This process would decide otherwise than the others, so it decides nothing.
void stop_differing(const std::string& why) { end_process(why + ". This process ends", 2); }

/// What `facts` would have to be for this program.
cluster_facts facts_of_program(cluster_facts facts, std::string_view machine) {
  facts.engine = current_engine;
  facts.protocol = protocol_name();
  facts.machine = machine;
  return facts;
}

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
  std::vector<hosted_role> hosted_;
  caf::actor node_;
  caf::actor desk_;
  std::unique_ptr<http_port> http_;
  std::optional<redis_actors> redis_;
  bool has_started_ = false;
};

hosted_process::hosted_process(const config::cluster_file& cluster, const start_options& options,
                               state_machine_factory make_machine)
    : cluster_(cluster), options_(options), make_machine_(std::move(make_machine)) {
  std::vector<storage::data_directory> opened;
  const auto machine = make_machine_();
  for (const auto& role : options.process.roles) {
    opened.push_back(storage::data_directory::open(
        storage::real_disk(), cluster_.data / role.id.str(), cluster_.name, role.kind, role.id));
    const auto& facts = opened.back().info().facts;
    if (const auto why =
            why_facts_differ(facts, facts_of_program(facts, machine->name()), "in this program");
        !why.empty())
      throw start_error{"the data directory " + opened.back().path().string() +
                        " is not one for this program: " + why};
    if (const auto why = members_.add(opened.back()); !why.empty())
      throw start_error{why};
  }
  for (const auto& damage : members_.damage())
    spdlog::warn("{}; this role asks the others again", damage);
  report_differences();
  for (const auto& directory : opened)
    directory.demand_room();
  for (std::size_t i = 0; i < opened.size(); ++i)
    make_shell(options.process.roles[i], std::move(opened[i]));
}

/// Where the config file and the cluster's own configuration differ, the latter holds.
void hosted_process::report_differences() const {
  if (members_.facts().window != cluster_.window)
    spdlog::warn("the config file says window = {}, but the cluster was created with {}, which "
                 "stays in force",
                 cluster_.window, members_.facts().window);
  const auto& latest = members_.known().configurations.latest();
  config::process newcomers;
  for (const auto& role : options_.process.roles)
    if (latest.address_of(role.id).empty())
      newcomers.roles.push_back(role);
  if (!newcomers.roles.empty())
    spdlog::info("{} yet; add {} with `pmmc reconfig`",
                 newcomers.ids() +
                     (newcomers.roles.size() == 1 ? " is no member" : " are no members"),
                 newcomers.roles.size() == 1 ? "it" : "them");
  if (!members_.has_heard() && newcomers.roles.size() == options_.process.roles.size())
    return; // it knows how the cluster began, and not what became of it
  for (const auto& role : config::roles_of(cluster_.first))
    if (latest.address_of(role.id) != role.address &&
        std::find(newcomers.roles.begin(), newcomers.roles.end(), role) == newcomers.roles.end())
      spdlog::warn("the config file has {} at {}, but in configuration {}, the latest that this "
                   "process knows, it is {}",
                   role.id.view(), role.address, latest.version,
                   latest.address_of(role.id).empty()
                       ? "no member"
                       : "at " + std::string{latest.address_of(role.id)});
  for (const auto& role : config::roles_of(latest))
    if (!config::find_role(cluster_.first, role.id))
      spdlog::warn("{} at {} is a member in configuration {}, the latest that this process knows, "
                   "but is not in the config file",
                   role.id.view(), role.address, latest.version);
}

void hosted_process::make_shell(const config::role& role, storage::data_directory directory) {
  switch (role.kind) {
  case role_kind::acceptor:
    acceptor_ = std::make_shared<acceptor_shell>(role.id, std::move(directory),
                                                 members_.known().configurations);
    break;
  case role_kind::leader: {
    leader::settings options;
    options.id = role.id;
    options.seed = fresh_seed();
    options.window = members_.facts().window;
    leader_ = std::make_shared<leader_shell>(options, std::move(directory),
                                             members_.known().configurations);
    break;
  }
  case role_kind::replica: {
    replica::settings options;
    options.id = role.id;
    options.query_ticks = query_ticks;
    options.seed = fresh_seed();
    options.founds = random_source{options.seed}.next();
    replica_ = std::make_shared<replica_shell>(
        options, std::move(directory), [make = make_machine_, facts = members_.facts()] {
          return std::make_unique<replicated_state>(make(), config_history{facts.first},
                                                    facts.window, facts.protocol);
        });
    replica_->core.learn(members_.known().configurations);
    break;
  }
  case role_kind::client:
    PMMC_INVARIANT(false, "a client has no directory, and no place in the config file");
  }
}

void hosted_process::add(const role_id& id, role_kind kind, directory_facts facts,
                         caf::actor handle) {
  hosted_.push_back({id, kind, std::move(facts.format_id), std::move(handle),
                     std::move(facts.lives), facts.records});
}

void hosted_process::start(caf::actor_system& system) {
  if (acceptor_)
    add(acceptor_->id, role_kind::acceptor, acceptor_->own,
        system.spawn<caf::detached>(acceptor_actor, acceptor_));
  if (leader_)
    add(leader_->id, role_kind::leader, leader_->own, system.spawn(leader_actor, leader_));
  if (replica_)
    add(replica_->id, role_kind::replica, {replica_->directory.info().format_id, {}, 0},
        system.spawn(replica_actor, replica_));
  auto settings = std::make_shared<node_settings>();
  settings->cluster = cluster_.name;
  settings->address = options_.process.address;
  settings->seed = fresh_seed();
  settings->roles = hosted_;
  settings->known = members_.known();
  settings->contacts = membership{cluster_.first}.addresses();
  settings->facts = members_.facts();
  settings->rejoins = options_.rejoins;
  settings->remember = [members = members_](const membership& known) { members.remember(known); };
  settings->removed = stop_removed;
  settings->differs = stop_differing;
  settings->config_file = cluster_.path.string();
  node_ = system.spawn(node_actor, settings);
  publish(system);
  start_desk(system);
  open_http();
  open_redis_port(system);
  has_started_ = true;
}

void hosted_process::open_redis_port(caf::actor_system& system) {
  const auto address = replica_ ? cluster_.redis.find(replica_->id) : cluster_.redis.end();
  if (address == cluster_.redis.end())
    return;
  redis_port::settings options;
  options.node = node_;
  options.desk = desk_;
  options.cluster = cluster_;
  options.known = members_.known();
  for (const auto& role : hosted_)
    if (role.kind == role_kind::replica)
      options.replica = role;
  options.version = protocol_name();
  std::string error;
  if (const auto where = config::parse_address(address->second, error))
    options.port = where->port;
  options.seed = fresh_seed();
  redis_ = start_redis_port(system, address->second, std::move(options));
  spdlog::info("{}: Redis protocol at {}", options_.process.ids(), address->second);
}

void hosted_process::publish(caf::actor_system& system) {
  std::string error;
  const auto where = config::parse_address(options_.process.address, error);
  if (!where)
    throw start_error{"cannot listen at " + options_.process.address + ": " + error};
  // `reuse` from the first start on, or a restart finds the port in TIME_WAIT.
  const auto port = system.middleman().publish(node_, where->port, where->host.c_str(), true);
  if (!port)
    throw start_error{"cannot listen at " + options_.process.address + ": " +
                      why_cannot_listen(*where)};
}

/// For the ports; without any, nobody asks it.
void hosted_process::start_desk(caf::actor_system& system) {
  desk_ = system.spawn(report_desk,
                       std::make_shared<const desk_settings>(desk_settings{
                           cluster_.name, options_.process, hosted_, node_, members_.known()}));
}

void hosted_process::open_http() {
  const auto address = http_address(cluster_, options_.process);
  if (address.empty())
    return;
  std::string error;
  const auto where = config::parse_address(address, error);
  if (!where)
    throw start_error{"cannot listen at the [http] address " + address + ": " + error};
  try {
    http_ = std::make_unique<http_port>(http_settings{*where, desk_, options_.pages});
  } catch (const http::listen_error& e) {
    throw start_error{std::string{e.what()} + " ([http] address); is another program using the "
                                              "port? (`ss -ltnp` shows which)"};
  }
  spdlog::info("{}: HTTP at {}", options_.process.ids(), address);
}

/// So that it begins where it ended. It need not: the others have the rest.
void hosted_process::save_snapshot(caf::scoped_actor& self,
                                   const std::function<bool()>& is_urgent) {
  const auto deadline = std::chrono::steady_clock::now() + last_snapshot_timeout;
  self->send(hosted_.back().handle, save_atom::value);
  for (bool saved = false; !saved;) {
    if (is_urgent() || std::chrono::steady_clock::now() >= deadline) {
      spdlog::warn("{} stops without a snapshot of what it did last; it will ask the others",
                   hosted_.back().id.view());
      return;
    }
    self->receive([&](save_atom) { saved = true; },
                  caf::after(std::chrono::milliseconds{50}) >> [] {});
  }
}

/// Returns when every role has handled what it had begun, and is gone.
void hosted_process::stop(caf::actor_system& system, const std::function<bool()>& is_urgent) {
  http_.reset();
  caf::anon_send_exit(desk_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(node_, caf::exit_reason::user_shutdown);
  if (redis_) {
    caf::anon_send_exit(redis_->broker, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(redis_->port, caf::exit_reason::user_shutdown);
  }
  caf::scoped_actor self{system};
  for (const auto& role : hosted_)
    if (role.kind != role_kind::replica) // the others go on without it as soon as they can
      caf::anon_send_exit(role.handle, caf::exit_reason::user_shutdown);
  if (replica_ && has_started_) // else it has done nothing
    save_snapshot(self, is_urgent);
  for (const auto& role : hosted_) {
    self->monitor(role.handle);
    caf::anon_send_exit(role.handle, caf::exit_reason::user_shutdown);
  }
  for (std::size_t gone = 0; gone < hosted_.size();)
    self->receive([&](const caf::down_msg&) { ++gone; });
  desk_ = nullptr;
  node_ = nullptr;
  redis_.reset();
  hosted_.clear();
  acceptor_.reset();
  leader_.reset();
  replica_.reset();
}

/// For the replica, the leader and its sub-actors; the network, the acceptor and the disk have
/// threads of their own. On a small machine more of them cost more in wake-ups than they do: there
/// the network's does their work, too.
std::size_t scheduler_threads() { return std::thread::hardware_concurrency() > 4 ? 2 : 0; }

} // namespace

void hold_signals() { block_our_signals(); }

void format_role(const config::cluster_file& cluster, const config::role& role,
                 const founding& origin) {
  storage::data_directory::format(storage::real_disk(), cluster.data / role.id.str(),
                                  {.cluster = cluster.name,
                                   .kind = role.kind,
                                   .id = role.id,
                                   .format_id = {},
                                   .facts = origin.facts});
}

namespace {

founding joinable(const cluster_facts& facts, std::string_view machine, const std::string& whose) {
  if (const auto why = why_facts_differ(facts, facts_of_program(facts, machine), "in this program");
      !why.empty())
    throw start_error{"nothing was formatted: there is a cluster already, as " + whose +
                      " knows, and this program cannot join it: " + why};
  return {facts};
}

} // namespace

founding find_founding(const config::cluster_file& cluster, std::string_view machine,
                       std::chrono::milliseconds timeout) {
  std::error_code none_there;
  for (const auto& entry : std::filesystem::directory_iterator{cluster.data, none_there}) {
    try {
      if (!storage::real_disk().exists(entry.path() / "FORMAT"))
        continue;
      const auto info =
          storage::data_directory::open_read_only(storage::real_disk(), entry.path()).info();
      if (info.cluster == cluster.name)
        return joinable(info.facts, machine, "the data directory " + entry.path().string());
    } catch (const storage::storage_error& e) {
      spdlog::warn("{}; another source is asked how the cluster began", e.what());
    }
  }
  const auto probed = probe(cluster, false, timeout);
  for (const auto& [address, process] : probed.processes)
    if (process.why.empty() && !process.status.known.configurations.empty())
      return joinable(process.status.facts, machine, "the process at " + address);
  return {facts_of_program({cluster.first, cluster.window}, machine), false};
}

void serve(const config::cluster_file& cluster, const start_options& options,
           const state_machine_factory& make_machine) {
  const auto signals = block_our_signals();
  const hangup terminal;
  start_log(options.process.ids(), options.log);
  hosted_process hosted{cluster, options, make_machine};
  system_config settings{scheduler_threads()};
  caf::actor_system system{settings};
  try {
    hosted.start(system);
  } catch (...) {
    hosted.stop(system,
                [] { return true; }); // or the actor system would wait for its actors for ever
    throw;
  }
  std::printf("ready %s\n", options.process.ids().c_str());
  std::fflush(stdout);
  spdlog::info("stops on {}", await_stop(signals, terminal, cluster));
  hosted.stop(system, is_told_to_stop_again);
  // The actor system's destructor would wait for the threads of detached actors, and those for the
  // last reference to their actors, which a message to a peer that has just gone may hold for ever.
  spdlog::default_logger()->flush();
  std::_Exit(0);
}

} // namespace pmmc
