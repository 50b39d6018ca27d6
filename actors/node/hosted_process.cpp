#include "node/hosted_process.hpp"

#include "base/invariant.hpp"
#include "config/address.hpp"
#include "node/founding.hpp"
#include "node/host_name.hpp"
#include "node/log.hpp"
#include "node/node_actor.hpp"
#include "node/start_error.hpp"
#include "parts/entropy.hpp"
#include "parts/report_desk.hpp"
#include "storage/posix_disk.hpp"
#include "wire/protocol.hpp"

#include <algorithm>
#include <caf/io/middleman.hpp>
#include <chrono>

namespace pmmc {

namespace {

/// A stop waits no longer than this for the replica's snapshot; `pmmc up` has a little more
/// patience.
constexpr std::chrono::seconds last_snapshot_timeout{8};

/// A read that finds no quorum is told so well before its client's patience ends, also one that
/// waits for the end of a round that began before it. The client asks again until then.
constexpr unsigned query_ticks = 100;

/// The others say that this process was removed: it must not go on as if it were a member.
void stop_removed(const std::string& why) {
  end_process(why + ". This process ends. Take the role out of the config file, or start it with "
                    "--rejoin if it is to be added again",
              2);
}

/// This process would decide otherwise than the others, so it decides nothing.
void stop_differing(const std::string& why) { end_process(why + ". This process ends", 2); }

} // namespace

hosted_process::hosted_process(const config::cluster_file& cluster, const start_options& options,
                               state_machine_factory make_machine)
    : cluster_(cluster), options_(options), make_machine_(std::move(make_machine)),
      members_(own_facts(cluster, make_machine_()->name()), cluster.path.string()) {
  std::vector<storage::data_directory> opened;
  for (const auto& role : options.process.roles) {
    opened.push_back(storage::data_directory::open(
        storage::real_disk(), cluster_.data / role.id.str(), cluster_.name, role.kind, role.id));
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
  if (members_.overrules_window())
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
    replica_ = std::make_shared<replica_shell>(options, std::move(directory), make_state());
    replica_->core.learn(members_.known().configurations);
    break;
  }
  case role_kind::server:
    server_ = make_server(role.id, std::move(directory));
    server_->core.learn(members_.known().configurations);
    break;
  case role_kind::client:
    PMMC_INVARIANT(false, "a client has no directory, and no place in the config file");
  }
}

state_factory hosted_process::make_state() const {
  return [make = make_machine_, facts = members_.facts()] { return first_state(make(), facts); };
}

std::shared_ptr<server_shell> hosted_process::make_server(const role_id& id,
                                                          storage::data_directory directory) {
  server_shell::settings options;
  options.part.seed = fresh_seed();
  options.part.service.id = id;
  options.part.service.query_ticks = query_ticks;
  options.part.service.founds = random_source{options.part.seed}.next();
  return std::make_shared<server_shell>(options, std::move(directory), make_state());
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
  if (server_)
    add(server_->id, role_kind::server, server_->own, system.spawn(server_actor, server_));
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
  const auto server = std::find_if(hosted_.begin(), hosted_.end(), [](const hosted_role& role) {
    return serves_clients(role.kind);
  });
  const auto address =
      server == hosted_.end() ? cluster_.redis.end() : cluster_.redis.find(server->id);
  if (address == cluster_.redis.end())
    return;
  redis_port::settings options;
  options.node = node_;
  options.desk = desk_;
  options.cluster = cluster_;
  options.known = members_.known();
  options.replica = *server;
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
  desk_ = system.spawn(report_desk, std::make_shared<const desk_settings>(desk_settings{
                                        cluster_.name, members_.facts().engine, options_.process,
                                        hosted_, node_, members_.known()}));
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
    if (!serves_clients(role.kind)) // the others go on without it as soon as they can
      caf::anon_send_exit(role.handle, caf::exit_reason::user_shutdown);
  if ((replica_ || server_) && has_started_) // else it has done nothing
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
  server_.reset();
}

} // namespace pmmc
