#include "node/node_actor.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pmmc {

namespace {

constexpr std::chrono::milliseconds beat_length{100};

std::vector<introduced_role> introduced(const std::vector<hosted_role>& roles) {
  std::vector<introduced_role> result;
  for (const auto& role : roles)
    result.push_back(role.introduced());
  return result;
}

} // namespace

node::node(caf::event_based_actor* self, node_settings settings)
    : self_(self), settings_(std::move(settings)), random_state_(settings_.seed),
      admission_({settings_.cluster, settings_.address, introduced(settings_.roles),
                  settings_.contacts, settings_.config_file, settings_.facts, settings_.rejoins,
                  next_random() | 1},
                 std::move(settings_.known)),
      processes_(admission_, reached(settings_.roles)) {
  redial();
  expect_clocks();
}

std::uint64_t node::next_random() {
  random_source random{random_state_};
  return random_state_ = random.next();
}

caf::behavior node::make_behavior() {
  self_->set_down_handler(
      [this](caf::scheduled_actor*, caf::down_msg& m) { disconnected(m.source); });
  log_left_places({});
  processes_.begin();
  carry_out();
  tell_own_roles();
  self_->send(self_, tick_atom::value);
  return {
      [this](const hello& m) { return greet(m); },
      [this](const heartbeat& m) { heard(m); },
      [this](const members_news& m) {
        demand_own_cluster(m.known);
        learn(m.known);
      },
      [this](const status_request& m) { return status(m); },
      [this](const metrics_request&) { return metrics(); },
      [this](const ask_process_at& m) { return ask_at(m); },
      [this](watch_members) {
        watchers_.push_back(caf::actor_cast<caf::actor>(self_->current_sender()));
        return members_news{known()};
      },
      [this](const log_time_seen& m) { clocks_.see_log_time(m.time_ms); },
      [this](tick_atom) {
        self_->delayed_send(self_, beat_length, tick_atom::value);
        beat();
      },
  };
}

// --- Membership ---------------------------------------------------------------------------------

void node::tell_own_roles() {
  for (const auto& role : settings_.roles)
    if (role.kind != role_kind::client)
      self_->send(role.handle, members_news{known()});
  for (const auto& watcher : watchers_)
    self_->send(watcher, members_news{known()});
}

/// What an own role tells comes from the log, which no other process can contradict.
void node::demand_own_cluster(const membership& news) const {
  const bool is_own_role =
      std::any_of(settings_.roles.begin(), settings_.roles.end(), [this](const hosted_role& role) {
        return role.handle == self_->current_sender();
      });
  if (const auto why = admission_.why_log_differs(news); is_own_role && !why.empty())
    fatal("node", why);
}

void node::learn(const membership& news) {
  const auto before = known().version();
  const bool was_identified = known().identity != 0;
  const auto left_before = admission_.left_places();
  const auto untold_before = admission_.untold_roles();
  if (!admission_.learn(news))
    return;
  if (!was_identified && known().identity != 0 && !is_client())
    spdlog::info("this is the cluster with identity {}", identity_text(known().identity));
  if (known().version() != before && !is_client())
    spdlog::info("configuration {} is known, which governs the slots from {} on", known().version(),
                 known().configurations.latest().first_slot);
  redial();
  expect_clocks();
  tell_own_roles();
  log_left_places(left_before);
  processes_.learned(left_before);
  carry_out();
  for (const auto& [key, link] : links_)
    if (link.now == node_link::state::connected && !is_client()) // nobody believes a client
      self_->send(link.remote, members_news{known()});
  processes_.leave_copies(); // they have heard where the member is
  carry_out();
  if (admission_.untold_roles() != untold_before)
    for (const auto& [key, link] : links_)
      if (link.now == node_link::state::connected && !link.address.empty())
        say_hello_again(link.remote);
  // Nobody waits for the disk. Who acts by what is forgotten again does no harm (a replica always
  // does, by the log): it says whom to dial, and a process that starts is told by those.
  settings_.remember(known());
  report_removed_roles();
}

/// Links to addresses that are no longer dialled stay while they hold, or while the dial is under
/// way: CAF goes on with it, and the other one would be met on its side only.
void node::redial() {
  if (known().configurations.empty())
    return;
  const auto wanted = admission_.wanted();
  for (auto it = links_.begin(); it != links_.end();) {
    auto& link = it->second;
    link.dialled_by_us = !link.address.empty() && wanted.contains(link.address);
    const bool dropped = !link.dialled_by_us && link.now == node_link::state::idle;
    it = dropped ? links_.erase(it) : std::next(it);
  }
  for (const auto& address : wanted) {
    auto& link = links_[address];
    link.key = link.address = address;
    link.dialled_by_us = true;
  }
}

void node::report_removed_roles() {
  if (is_client())
    return;
  for (const auto& role : settings_.roles) {
    const auto* former = known().find_former(role.id);
    if (former == nullptr)
      removed_roles_.erase(role.id);
    else if (removed_roles_.insert(role.id).second)
      spdlog::info("{} was removed in version {}, and nothing needs it any more", role.id.view(),
                   former->removed_in);
  }
}

void node::log_left_places(const std::set<role_id>& left_before) const {
  for (const auto& own : settings_.roles)
    if (admission_.has_left(own.id) && !left_before.contains(own.id))
      spdlog::warn("{} has moved to {}, and does not count here any more: start it there, or at an "
                   "address that it never had, or let `pmmc reconfig` move it back here",
                   own.id.view(), known().find(own.kind, own.id)->address);
}

/// What the log calls the peer: nothing for clients, and in clients.
std::string node::logged_as(const node_link& link) const {
  return is_client() ? std::string{} : link.address;
}

/// Acceptors alone do not dial each other, so only the other roles can tell.
void node::watch_quorum() {
  const auto asks_voters = [](const hosted_role& role) {
    return role.kind == role_kind::leader || serves_clients(role.kind);
  };
  if (known().configurations.empty() ||
      std::none_of(settings_.roles.begin(), settings_.roles.end(), asks_voters))
    return;
  quorum_.beat(known().configurations.latest(),
               [this](const role_id& id) { return processes_.is_reached(id); });
}

// --- The beat ----------------------------------------------------------------------------------

void node::beat() {
  const auto now = settings_.clocks();
  tell_of_clocks(now);
  if (admission_.beat(processes_.addresses()))
    redial();
  processes_.beat();
  carry_out();
  for (auto& [key, link] : links_) {
    if (!processes_.is_announced(key))
      link.trouble.beat(logged_as(link));
    if (link.now == node_link::state::connected) {
      self_->send(link.remote, admission_.next_heartbeat(now.wall_ms));
      if (link.dialled_by_us && processes_.is_given_up(key)) {
        processes_.disconnected(key, {});
        link.now = node_link::state::idle;
        link.remote = nullptr;
      }
    } else if (link.now == node_link::state::idle && link.dialled_by_us &&
               (link.wait_beats == 0 || --link.wait_beats == 0)) {
      dial(link);
    }
  }
  watch_quorum();
  leave_strangers();
}

// --- The actor ----------------------------------------------------------------------------------

caf::behavior node_actor(caf::event_based_actor* self, std::shared_ptr<node_settings> settings) {
  set_shell_handlers(self, "node");
  auto state = std::make_shared<node>(self, std::move(*settings));
  self->attach_functor([state]() mutable { state.reset(); });
  return state->make_behavior();
}

} // namespace pmmc
