#include "connection.hpp"

#include "entropy.hpp"
#include "node_actor.hpp"

#include <set>

namespace pmmc {

namespace {

/// "c-" and 16 random hex digits: nobody else's.
role_id fresh_client_id() {
  char name[32];
  std::snprintf(name, sizeof name, "c-%016llx", static_cast<unsigned long long>(fresh_seed()));
  return role_id{name};
}

std::vector<std::string> replica_addresses(const configuration& members) {
  std::set<std::string> addresses;
  for (const auto& r : members.replicas)
    addresses.insert(r.address);
  return {addresses.begin(), addresses.end()};
}

unsigned ticks_of(std::chrono::milliseconds time) {
  return static_cast<unsigned>(time / tick_length) + 1;
}

} // namespace

connection::connection(const config::cluster_file& cluster, std::chrono::milliseconds timeout)
    : timeout_(timeout), config_(1), system_(config_), self_(system_) {
  client::settings options;
  options.id = fresh_client_id();
  options.seed = fresh_seed();
  client_ = system_.spawn(client_actor, std::make_shared<client_shell>(options));
  auto settings = std::make_shared<node_settings>();
  settings->cluster = cluster.name;
  settings->seed = fresh_seed();
  settings->roles = {{options.id, hosted_kind::client, {}, client_}};
  settings->members = cluster.first;
  settings->dial = replica_addresses(cluster.first);
  node_ = system_.spawn(node_actor, settings);
}

connection::~connection() {
  if (wrote_) {
    const auto tag = submit(submission_kind::finish, {}, std::chrono::seconds{1});
    while (next().tag != tag) {
    }
  }
  caf::anon_send_exit(node_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(client_, caf::exit_reason::user_shutdown);
}

std::uint64_t connection::submit(submission_kind kind, std::string op,
                                 std::chrono::milliseconds timeout) {
  self_->send(client_, client_submit{++tags_, kind, std::move(op), ticks_of(timeout)});
  return tags_;
}

std::uint64_t connection::submit(std::string op) {
  wrote_ = true;
  return submit(submission_kind::operation, std::move(op), timeout_);
}

std::uint64_t connection::submit_query(std::string op) {
  return submit(submission_kind::query, std::move(op), timeout_);
}

client_done connection::next() {
  client_done result;
  self_->receive([&](client_done& m) { result = std::move(m); });
  return result;
}

std::optional<client_done> connection::next_if_ready() {
  if (!self_->has_next_message())
    return std::nullopt;
  return next();
}

client_outcome connection::call(std::string op) {
  submit(std::move(op));
  return next().outcome;
}

client_outcome connection::call_query(std::string op) {
  submit_query(std::move(op));
  return next().outcome;
}

std::optional<export_ready> connection::open_export(const role_id& replica, std::string& error) {
  std::optional<export_ready> result;
  self_->request(client_, timeout_, export_open{replica})
      .receive([&](export_ready& m) { result = std::move(m); },
               [&](const caf::error& e) {
                 error =
                     "replica " + replica.str() + " did not open the export: " + system_.render(e);
               });
  return result;
}

std::optional<std::string> connection::read_export(const caf::actor& reader, std::string op,
                                                   std::string& error) {
  std::optional<std::string> result;
  self_->request(reader, timeout_, export_page{std::move(op)})
      .receive([&](std::string& answer) { result = std::move(answer); },
               [&](const caf::error& e) {
                 error = "the replica stopped answering in the middle: " + system_.render(e);
               });
  return result;
}

} // namespace pmmc
