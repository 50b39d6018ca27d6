#include "node_actor.hpp"

#include "caf_error.hpp"
#include "config/address.hpp"
#include "random.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <utility>

namespace pmmc {

namespace {

constexpr std::chrono::milliseconds beat_length{100};
/// Silence of 600 ms counts as gone. Counted in our own beats, so that a process that was stopped
/// itself does not blame the others.
constexpr unsigned most_silent_beats = 6;
constexpr unsigned most_backoff_beats = 10;
constexpr std::chrono::seconds dial_timeout{5};
constexpr std::chrono::seconds hello_timeout{2};
constexpr std::chrono::milliseconds status_timeout{900};

} // namespace

std::vector<std::string> addresses_to_dial(const configuration& members, const std::string& own) {
  const auto holds_more_than_acceptor = [&](const std::string& address) {
    const auto at = [&](const member& m) { return m.address == address; };
    return std::any_of(members.leaders.begin(), members.leaders.end(), at) ||
           std::any_of(members.replicas.begin(), members.replicas.end(), at);
  };
  std::vector<std::string> addresses;
  for (const auto* group : {&members.acceptors, &members.leaders, &members.replicas})
    for (const auto& m : *group)
      if (own < m.address && (holds_more_than_acceptor(own) || holds_more_than_acceptor(m.address)))
        addresses.push_back(m.address);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

node::node(caf::event_based_actor* self, node_settings settings)
    : self_(self), settings_(std::move(settings)) {
  random_source random{settings_.seed};
  incarnation_ = random.next() | 1;
  random_state_ = random.next();
  for (const auto& address : settings_.dial) {
    auto& link = links_[address];
    link.address = address;
    link.dialled_by_us = true;
  }
}

caf::behavior node::make_behavior() {
  self_->set_down_handler(
      [this](caf::scheduled_actor*, caf::down_msg& m) { disconnected(m.source); });
  introduce_own_roles();
  self_->send(self_, tick_atom::value);
  return {
      [this](const hello& m) { return greet(m); },
      [this](const heartbeat& m) { heard(m); },
      [this](const status_request& m) { return status(m); },
      [this](tick_atom) {
        self_->delayed_send(self_, beat_length, tick_atom::value);
        beat();
      },
  };
}

void node::introduce_own_roles() {
  for (const auto& role : settings_.roles)
    for (const auto& other : settings_.roles)
      self_->send(role.handle, peer_up{other, settings_.address});
}

// --- Dialling -----------------------------------------------------------------------------------

void node::beat() {
  for (auto& [key, link] : links_) {
    if (link.now == node_link::state::connected) {
      self_->send(link.remote, heartbeat{incarnation_});
      if (++link.silent_beats > most_silent_beats && link.announced)
        withdraw(link, "has been silent for 600 ms (stopped, overloaded or cut off)");
    } else if (link.now == node_link::state::idle && link.dialled_by_us &&
               (link.wait_beats == 0 || --link.wait_beats == 0)) {
      dial(link);
    }
  }
}

void node::dial(node_link& link) {
  std::string error;
  const auto where = config::parse_address(link.address, error);
  link.now = node_link::state::dialling;
  if (!where)
    return dial_failed(link.address, error);
  auto& middleman = self_->system().middleman();
  self_
      ->request(middleman.actor_handle(), dial_timeout, caf::connect_atom::value, where->host,
                where->port)
      .then(
          [this, address = link.address](const caf::node_id&, const caf::strong_actor_ptr& remote,
                                         const std::set<std::string>&) {
            if (remote)
              dialled(address, caf::actor_cast<caf::actor>(remote));
            else
              dial_failed(address, "answers, but is no pmmc process (nothing is published there)");
          },
          [this, address = link.address](const caf::error& e) {
            dial_failed(address, "cannot be reached: " + explain(e, self_->system()));
          });
}

void node::dialled(const std::string& address, const caf::actor& remote) {
  self_
      ->request(remote, hello_timeout,
                hello{settings_.cluster, settings_.address, incarnation_, self_, settings_.roles})
      .then([this, address, remote](const welcome& m) { welcomed(address, remote, m); },
            [this, address](const caf::error& e) {
              dial_failed(address,
                          "does not answer as a pmmc process does: " + explain(e, self_->system()));
            });
}

void node::dial_failed(const std::string& address, const std::string& why) {
  auto& link = links_.at(address);
  if (link.now != node_link::state::dialling)
    return;
  link.now = node_link::state::idle;
  if (std::exchange(link.trouble, why) != why) {
    if (!settings_.address.empty())
      spdlog::info("the process at {} {}; trying again", address, why);
    for (const auto& role : settings_.roles)
      for (const auto& missing : role_ids_at(address))
        self_->send(role.handle, peer_down{missing, "at " + address + " " + why});
  }
  // Jitter, so that processes that lost each other do not all come back at the same moment.
  link.backoff_beats = std::min(most_backoff_beats, 2 * link.backoff_beats + 1);
  random_source random{random_state_};
  random_state_ = random.next();
  link.wait_beats = 1 + static_cast<unsigned>(random_state_ % link.backoff_beats);
}

std::vector<role_id> node::role_ids_at(const std::string& address) const {
  std::vector<role_id> ids;
  for (const auto* group :
       {&settings_.members.acceptors, &settings_.members.leaders, &settings_.members.replicas})
    for (const auto& m : *group)
      if (m.address == address)
        ids.push_back(m.id);
  return ids;
}

void node::welcomed(const std::string& address, const caf::actor& remote, const welcome& m) {
  if (!m.refusal.empty())
    return dial_failed(address, "refuses this process: " + m.refusal);
  if (m.cluster != settings_.cluster)
    return dial_failed(address, "belongs to cluster \"" + m.cluster + "\", not to \"" +
                                    settings_.cluster + "\"");
  connected(links_.at(address), remote, m.incarnation, m.roles);
}

// --- Being dialled ------------------------------------------------------------------------------

welcome node::greet(const hello& m) {
  auto refusal = why_unwelcome(m);
  if (!refusal.empty()) {
    spdlog::warn("refused a process at {}: {}",
                 m.address.empty() ? "an unknown address" : m.address, refusal);
    return {std::move(refusal), settings_.cluster, settings_.address, incarnation_, {}};
  }
  const auto key = m.address.empty() ? caf::to_string(m.node.address()) : m.address;
  auto& link = links_[key];
  if (link.now == node_link::state::connected && link.remote != m.node)
    withdraw(link, "was started again");
  link.address = m.address;
  connected(link, m.node, m.incarnation, m.roles);
  return {{}, settings_.cluster, settings_.address, incarnation_, settings_.roles};
}

std::string node::why_unwelcome(const hello& m) const {
  if (m.cluster != settings_.cluster)
    return "it belongs to cluster \"" + m.cluster + "\", and this is \"" + settings_.cluster + "\"";
  for (const auto& role : m.roles) {
    const auto expected = settings_.members.address_of(role.id);
    if (role.kind == hosted_kind::client) {
      if (!expected.empty())
        return "a client must not have the id of a member, " + role.id.str();
      continue;
    }
    if (expected.empty())
      return role.id.str() + " is not a member of this cluster";
    if (expected != m.address)
      return role.id.str() + " has the address " + std::string{expected} + " here";
    if (!is_member(role))
      return role.id.str() + " is of another kind here";
  }
  return {};
}

bool node::is_member(const hosted_role& role) const {
  const auto& members = role.kind == hosted_kind::acceptor ? settings_.members.acceptors
                        : role.kind == hosted_kind::leader ? settings_.members.leaders
                                                           : settings_.members.replicas;
  return std::any_of(members.begin(), members.end(),
                     [&](const member& m) { return m.id == role.id; });
}

// --- Connections --------------------------------------------------------------------------------

void node::connected(node_link& link, const caf::actor& remote, std::uint64_t incarnation,
                     std::vector<hosted_role> roles) {
  if (link.announced)
    withdraw(link, "connected anew");
  link.now = node_link::state::connected;
  link.remote = remote;
  link.incarnation = incarnation;
  link.roles = std::move(roles);
  link.backoff_beats = 0;
  link.trouble.clear();
  self_->monitor(remote);
  announce(link);
  if (!settings_.address.empty() && !link.address.empty())
    spdlog::info("connected with the process at {}", link.address);
}

void node::announce(node_link& link) {
  link.announced = true;
  link.silent_beats = 0;
  for (const auto& role : settings_.roles)
    for (const auto& peer : link.roles)
      self_->send(role.handle, peer_up{peer, link.address});
}

void node::withdraw(node_link& link, const std::string& why) {
  link.announced = false;
  link.trouble = why;
  if (!settings_.address.empty() && !link.address.empty())
    spdlog::info("the process at {} {}", link.address, why);
  for (const auto& role : settings_.roles)
    for (const auto& peer : link.roles)
      self_->send(role.handle, peer_down{peer.id, "at " + link.address + " " + why});
}

void node::disconnected(const caf::actor_addr& remote) {
  for (auto it = links_.begin(); it != links_.end(); ++it) {
    auto& link = it->second;
    if (link.now != node_link::state::connected || link.remote.address() != remote)
      continue;
    if (link.announced)
      withdraw(link, "has closed the connection");
    link.remote = nullptr;
    link.now = node_link::state::idle;
    link.wait_beats = 0;
    if (!link.dialled_by_us)
      links_.erase(it);
    return;
  }
}

void node::heard(const heartbeat& m) {
  for (auto& [key, link] : links_) {
    if (link.now != node_link::state::connected || link.incarnation != m.incarnation)
      continue;
    link.silent_beats = 0;
    if (!link.announced)
      announce(link);
    return;
  }
}

// --- Status -------------------------------------------------------------------------------------

/// Asks all roles at once; one that does not answer in time is missing from the answer.
caf::result<process_status> node::status(const status_request& m) {
  struct collected_status {
    caf::typed_response_promise<process_status> promise;
    process_status result;
    std::size_t missing = 0;

    void one_less() {
      if (--missing == 0)
        promise.deliver(std::move(result));
    }
  };
  auto all = std::make_shared<collected_status>();
  all->promise = self_->make_response_promise<process_status>();
  all->result.cluster = settings_.cluster;
  all->result.address = settings_.address;
  all->missing = settings_.roles.size();
  for (const auto& role : settings_.roles)
    self_->request(role.handle, status_timeout, m)
        .then(
            [all](role_status& s) {
              all->result.roles.push_back(std::move(s));
              all->one_less();
            },
            [all](const caf::error&) { all->one_less(); });
  return all->promise;
}

caf::behavior node_actor(caf::event_based_actor* self, std::shared_ptr<node_settings> settings) {
  set_shell_handlers(self, "node");
  auto state = std::make_shared<node>(self, std::move(*settings));
  self->attach_functor([state]() mutable { state.reset(); });
  return state->make_behavior();
}

} // namespace pmmc
