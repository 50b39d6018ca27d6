#include "node/blocking_client.hpp"

#include "caf/caf_error.hpp"
#include "caf/system.hpp"
#include "node/node_actor.hpp"
#include "node/probe.hpp"
#include "parts/client_actor.hpp"
#include "parts/entropy.hpp"

namespace pmmc {

namespace {

constexpr std::chrono::seconds patience{1};

/// "c-" and 16 random hex digits: nobody else's.
role_id fresh_client_id() {
  char name[32];
  std::snprintf(name, sizeof name, "c-%016llx", static_cast<unsigned long long>(fresh_seed()));
  return role_id{name};
}

unsigned ticks_of(std::chrono::milliseconds time) {
  return static_cast<unsigned>(time / tick_length) + 1;
}

} // namespace

struct blocking_client::implementation {
  implementation(std::chrono::milliseconds t, std::function<void()> f)
      : timeout(t), on_silence(std::move(f)), options(1), system(options), self(system) {}

  void start(const config::cluster_file& cluster);

  std::uint64_t submit(submission_kind kind, std::string op, std::chrono::milliseconds limit) {
    self->send(client, client_submit{++tags, kind, std::move(op), ticks_of(limit)});
    return tags;
  }

  finished_operation next() {
    finished_operation result;
    bool has_come = false;
    const auto take = [&](client_done& m) {
      result = {m.tag, std::move(m.outcome)};
      has_come = true;
    };
    if (on_silence)
      self->receive(
          take, caf::after(patience) >> [&] { std::exchange(on_silence, {})(); });
    if (!has_come)
      self->receive(take);
    const auto kind = result.outcome.kind;
    if (kind == outcome_kind::not_executed || kind == outcome_kind::unknown)
      wrote = false; // nobody answers, so nobody would confirm the session's end either
    return result;
  }

  std::chrono::milliseconds timeout;
  std::function<void()> on_silence;
  system_config options;
  caf::actor_system system;
  caf::actor client;
  caf::actor node;
  caf::actor frozen; ///< reads the frozen state
  caf::scoped_actor self;
  std::uint64_t tags = 0;
  bool wrote = false;
};

void blocking_client::implementation::start(const config::cluster_file& cluster) {
  client::settings settings;
  settings.id = fresh_client_id();
  settings.served_by = cluster.first.has_servers() ? role_kind::server : role_kind::replica;
  settings.seed = fresh_seed();
  client = system.spawn(client_actor, std::make_shared<client_shell>(settings));
  auto node_options = std::make_shared<node_settings>();
  node_options->cluster = cluster.name;
  node_options->config_file = cluster.path.string();
  node_options->seed = fresh_seed();
  node_options->roles = {{settings.id, role_kind::client, {}, client}};
  node_options->known = members_on_disk(cluster);
  node_options->contacts = membership{cluster.first}.addresses();
  node = system.spawn(node_actor, node_options);
}

blocking_client::blocking_client(const config::cluster_file& cluster,
                                 std::chrono::milliseconds timeout,
                                 std::function<void()> on_silence)
    : implementation_(std::make_unique<implementation>(timeout, std::move(on_silence))) {
  implementation_->start(cluster);
}

blocking_client::~blocking_client() {
  auto& i = *implementation_;
  i.on_silence = {};
  if (i.wrote) {
    const auto tag = i.submit(submission_kind::finish, {}, std::chrono::seconds{1});
    while (next().tag != tag) {
    }
  }
  caf::anon_send_exit(i.node, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(i.client, caf::exit_reason::user_shutdown);
  // Left to the end of the process: the actor system's destructor waits for connections that are
  // being made, and a server that is no pmmc process can keep those waiting.
  static_cast<void>(implementation_.release());
}

std::uint64_t blocking_client::submit(std::string op) {
  implementation_->wrote = true;
  return implementation_->submit(submission_kind::operation, std::move(op),
                                 implementation_->timeout);
}

std::uint64_t blocking_client::submit_query(std::string op) {
  return implementation_->submit(submission_kind::query, std::move(op), implementation_->timeout);
}

finished_operation blocking_client::next() { return implementation_->next(); }

std::optional<finished_operation> blocking_client::next_if_ready() {
  if (!implementation_->self->has_next_message())
    return std::nullopt;
  return next();
}

client_outcome blocking_client::call(std::string op) {
  submit(std::move(op));
  return next().outcome;
}

client_outcome blocking_client::call_query(std::string op) {
  submit_query(std::move(op));
  return next().outcome;
}

client_outcome blocking_client::reconfigure(std::string op) {
  auto& i = *implementation_;
  i.wrote = true;
  i.submit(submission_kind::reconfiguration, std::move(op), i.timeout);
  return next().outcome;
}

bool blocking_client::freeze(const role_id& replica, std::string& error) {
  auto& i = *implementation_;
  bool good = false;
  i.self->request(i.client, i.timeout, export_open{replica})
      .receive(
          [&](export_ready& m) {
            i.frozen = std::move(m.reader);
            good = true;
          },
          [&](const caf::error& e) {
            error = replica.str() + " did not open the export: " + explain(e, i.system);
          });
  return good;
}

std::optional<std::string> blocking_client::read_frozen(std::string op, std::string& error) {
  auto& i = *implementation_;
  std::optional<std::string> result;
  i.self->request(i.frozen, i.timeout, export_page{std::move(op)})
      .receive([&](std::string& answer) { result = std::move(answer); },
               [&](const caf::error& e) {
                 error = "it stopped answering in the middle: " + i.system.render(e);
               });
  return result;
}

} // namespace pmmc
