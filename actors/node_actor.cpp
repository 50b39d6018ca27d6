#include "node_actor.hpp"

#include "caf_error.hpp"
#include "config/address.hpp"
#include "guarded_middleman.hpp"
#include "random.hpp"
#include "reconfiguration.hpp"
#include "text/escape.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <iterator>
#include <utility>

namespace pmmc {

namespace {

constexpr std::chrono::milliseconds beat_length{100};
/// Silence of 600 ms counts as gone. Counted in our own beats, so that a process that was stopped
/// itself does not blame the others.
constexpr unsigned most_silent_beats = 6;
constexpr unsigned most_backoff_beats = 10;
constexpr unsigned lonely_beats_until_all_are_dialled = 15;
/// A connection that is there, but over which nothing comes: to a process that has forgotten it.
constexpr unsigned silent_beats_until_redialled = 50;
constexpr std::chrono::seconds hello_timeout{2};
constexpr std::size_t max_hosted_roles = 64; ///< of one process
/// Processes that are no members may become some; anybody can say so.
constexpr std::size_t max_guests = 32;
constexpr std::chrono::milliseconds status_timeout{900};
constexpr std::string_view refusal_text = "refuses this process: ";
constexpr std::size_t most_shown = 400;

/// What a stranger has sent, for the log.
std::string shown(std::string_view bytes) { return text::escape(bytes.substr(0, most_shown)); }

/// Its facts are made durable here, in files that have bounds.
bool has_sane_disk(const hosted_role& role) {
  constexpr auto most_lives = std::uint64_t{1} << 62;
  return role.format_id.size() <= max_address_bytes && role.lives.first > 0 &&
         role.lives.first <= most_lives &&
         role.lives.nonces.size() <= storage::life_history::max_kept;
}

} // namespace

std::set<std::string> addresses_to_dial(const membership& known, const std::string& own) {
  const auto holds_more_than_acceptor = [&](const std::string& address) {
    const auto at = [&](const member& m) { return m.address == address; };
    for (const auto* config : known.live())
      if (std::any_of(config->leaders.begin(), config->leaders.end(), at) ||
          std::any_of(config->replicas.begin(), config->replicas.end(), at))
        return true;
    return false;
  };
  auto addresses = known.addresses();
  if (addresses.erase(own) == 0)
    return addresses;
  const bool acceptor_only = !holds_more_than_acceptor(own);
  std::erase_if(addresses, [&](const std::string& address) {
    return address < own || (acceptor_only && !holds_more_than_acceptor(address));
  });
  return addresses;
}

std::set<std::string> replica_addresses(const membership& known) {
  std::set<std::string> addresses;
  for (const auto& r : known.configurations.latest().replicas)
    addresses.insert(r.address);
  return addresses;
}

node::node(caf::event_based_actor* self, node_settings settings)
    : self_(self), settings_(std::move(settings)) {
  random_source random{settings_.seed};
  incarnation_ = random.next() | 1;
  random_state_ = random.next();
  redial();
  expect_clocks();
}

caf::behavior node::make_behavior() {
  self_->set_down_handler(
      [this](caf::scheduled_actor*, caf::down_msg& m) { disconnected(m.source); });
  introduce_own_roles();
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
      [this](watch_members) {
        watchers_.push_back(caf::actor_cast<caf::actor>(self_->current_sender()));
        return members_news{settings_.known};
      },
      [this](const log_time_seen& m) { clocks_.see_log_time(m.time_ms); },
      [this](tick_atom) {
        self_->delayed_send(self_, beat_length, tick_atom::value);
        beat();
      },
  };
}

/// Without their lives: if this process began with copies of directories that are in use elsewhere,
/// its roles would take those for wrong.
void node::introduce_own_roles() {
  for (const auto& role : settings_.roles)
    for (auto other : settings_.roles) {
      other.lives = {};
      self_->send(role.handle, peer_up{std::move(other), settings_.address});
    }
  tell_own_roles();
}

// --- Membership ---------------------------------------------------------------------------------

void node::tell_own_roles() {
  for (const auto& role : settings_.roles)
    if (role.kind != role_kind::client)
      self_->send(role.handle, members_news{settings_.known});
  for (const auto& watcher : watchers_)
    self_->send(watcher, members_news{settings_.known});
}

/// What an own role tells comes from the log, which no other process can contradict.
void node::demand_own_cluster(const membership& news) const {
  if (news.is_of_other_cluster(settings_.known) &&
      std::any_of(settings_.roles.begin(), settings_.roles.end(), [this](const hosted_role& role) {
        return role.handle == self_->current_sender();
      }))
    fatal("node", "the log is that of the cluster with identity " + identity_text(news.identity) +
                      ", but another process, or the file `members` here, has it that this is " +
                      identity_text(settings_.known.identity) +
                      ". Stop the processes of the cluster that is not to be, remove their data "
                      "directories, and here the file `members`");
}

void node::learn(const membership& news) {
  const auto before = settings_.known.version();
  const bool was_identified = settings_.known.identity != 0;
  if (news.configurations.empty() || !settings_.known.learn(news))
    return;
  settings_.remember(settings_.known);
  if (!was_identified && settings_.known.identity != 0 && !is_client())
    spdlog::info("this is the cluster with identity {}", identity_text(settings_.known.identity));
  if (settings_.known.version() != before && !is_client())
    spdlog::info("configuration {} is known, which governs the slots from {} on",
                 settings_.known.version(), settings_.known.configurations.latest().first_slot);
  redial();
  expect_clocks();
  tell_own_roles();
  for (auto& [key, link] : links_) {
    if (link.announced)
      announce(link);                                            // guests may be members now
    if (link.now == node_link::state::connected && !is_client()) // nobody believes a client
      self_->send(link.remote, members_news{settings_.known});
  }
  report_removed_roles();
  leave_removed_replicas();
}

/// Links to addresses that are no longer dialled stay while they hold.
void node::redial() {
  if (settings_.known.configurations.empty())
    return;
  auto wanted = is_client() ? replica_addresses(settings_.known)
                            : addresses_to_dial(settings_.known, settings_.address);
  const bool lonely = lonely_beats_ >= lonely_beats_until_all_are_dialled;
  if (lonely)
    wanted = settings_.known.addresses();
  if (lonely || is_guest_itself())
    wanted.insert(settings_.contacts.begin(), settings_.contacts.end());
  wanted.erase(settings_.address);
  for (auto it = links_.begin(); it != links_.end();) {
    auto& link = it->second;
    link.dialled_by_us = !link.address.empty() && wanted.contains(link.address);
    const bool dropped = !link.dialled_by_us && link.now != node_link::state::connected;
    it = dropped ? links_.erase(it) : std::next(it);
  }
  for (const auto& address : wanted) {
    auto& link = links_[address];
    link.address = address;
    link.dialled_by_us = true;
  }
}

void node::report_removed_roles() {
  if (is_client())
    return;
  for (const auto& role : settings_.roles) {
    const auto* former = settings_.known.find_former(role.id);
    if (former == nullptr)
      removed_roles_.erase(role.id);
    else if (removed_roles_.insert(role.id).second)
      spdlog::info("{} was removed in version {}, and nothing needs it any more", role.id.view(),
                   former->removed_in);
  }
}

/// A process that was running when it was removed stays, and answers with what replaced it, until
/// it is switched off or added again.
bool node::knows_of_removal() const {
  return !is_client() && std::all_of(settings_.roles.begin(), settings_.roles.end(),
                                     [this](const hosted_role& role) {
                                       return settings_.known.find_former(role.id) != nullptr;
                                     });
}

/// A client whose replica was removed goes on to another one.
void node::leave_removed_replicas() {
  if (!is_client())
    return;
  const auto& latest = settings_.known.configurations.latest();
  for (const auto& [key, link] : links_) {
    if (!link.announced)
      continue;
    for (const auto& peer : link.roles)
      if (peer.kind == role_kind::replica && !latest.has_replica(peer.id))
        for (const auto& role : settings_.roles)
          self_->send(role.handle,
                      peer_down{peer.id, "at " + link.address + " is no member any more since " +
                                             "version " + std::to_string(latest.version)});
  }
}

/// What the log calls the peer: nothing for clients, and in clients.
std::string node::logged_as(const node_link& link) const {
  return is_client() ? std::string{} : link.address;
}

/// Acceptors alone do not dial each other, so only the other roles can tell.
void node::watch_quorum() {
  const auto asks_acceptors = [](const hosted_role& role) {
    return role.kind == role_kind::leader || role.kind == role_kind::replica;
  };
  if (settings_.known.configurations.empty() ||
      std::none_of(settings_.roles.begin(), settings_.roles.end(), asks_acceptors))
    return;
  const auto is_up = [this](const member& acceptor) {
    const auto hosts = [&](const std::vector<hosted_role>& roles) {
      return std::any_of(roles.begin(), roles.end(),
                         [&](const hosted_role& role) { return role.id == acceptor.id; });
    };
    return hosts(settings_.roles) ||
           std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
             return entry.second.announced && hosts(entry.second.roles);
           });
  };
  const auto& latest = settings_.known.configurations.latest();
  quorum_.beat(static_cast<std::size_t>(
                   std::count_if(latest.acceptors.begin(), latest.acceptors.end(), is_up)),
               latest.acceptors.size(), latest.quorum());
}

// --- Dialling -----------------------------------------------------------------------------------

void node::beat() {
  const auto now = settings_.clocks();
  tell_of_clocks(now);
  const bool lonely = std::none_of(links_.begin(), links_.end(), [](const auto& entry) {
    return entry.second.now == node_link::state::connected;
  });
  lonely_beats_ = lonely ? lonely_beats_ + 1 : 0;
  if (lonely_beats_ == lonely_beats_until_all_are_dialled)
    redial(); // who was removed is dialled by nobody; it asks
  for (auto& [key, link] : links_) {
    if (!link.announced)
      link.trouble.beat(logged_as(link));
    if (link.now == node_link::state::connected) {
      self_->send(link.remote,
                  heartbeat{incarnation_, settings_.known.version(), settings_.known.live_from,
                            settings_.known.identity, now.wall_ms});
      if (++link.silent_beats > most_silent_beats && link.announced)
        withdraw(link, "has been silent for 600 ms (stopped, overloaded or cut off)");
      if (!link.announced && link.dialled_by_us &&
          link.silent_beats > silent_beats_until_redialled) {
        link.now = node_link::state::idle;
        link.remote = nullptr;
        link.silent_beats = 0;
      }
    } else if (link.now == node_link::state::idle && link.dialled_by_us &&
               (link.wait_beats == 0 || --link.wait_beats == 0)) {
      dial(link);
    }
  }
  watch_quorum();
}

void node::dial(node_link& link) {
  if (!self_->system().has_middleman())
    return; // a node alone on a stage
  std::string error;
  const auto where = config::parse_address(link.address, error);
  link.now = node_link::state::dialling;
  if (!where)
    return unreachable(link.address, error);
  if (is_client() && link.trouble.why().empty()) // its patience may end before ours
    tell_own_roles_of_trouble(link.address, "has not answered yet");
  if (!dials_.insert(link.address).second)
    return; // of a link that was there before
  // CAF makes one connection after another, so one that we gave up would only delay the others. It
  // answers in the end: connecting and the handshake have their limits.
  auto& middleman = self_->system().middleman();
  self_
      ->request(middleman.actor_handle(), caf::infinite, caf::connect_atom::value, where->host,
                where->port)
      .then(
          [this, address = link.address](const caf::node_id&, const caf::strong_actor_ptr& remote,
                                         const std::set<std::string>&) {
            dials_.erase(address);
            if (remote)
              dialled(address, caf::actor_cast<caf::actor>(remote));
            else
              refused_by(address, "answers, but is no pmmc process (nothing is published there)");
          },
          [this, address = link.address](const caf::error& e) {
            dials_.erase(address);
            unreachable(address, "cannot be reached: " + explain(e, self_->system()));
          });
}

void node::dialled(const std::string& address, const caf::actor& remote) {
  self_
      ->request(remote, hello_timeout,
                hello{settings_.cluster, settings_.address, incarnation_, self_, settings_.roles,
                      is_client() ? membership{{}, 1, met_anybody_ ? settings_.known.identity : 0}
                                  : settings_.known,
                      settings_.rejoins || knows_of_removal(), settings_.facts})
      .then(
          [this, address, remote](const welcome& m) {
            // CAF takes an answer by its number alone, whoever gives it.
            if (caf::actor_cast<caf::actor>(self_->current_sender()) != remote ||
                !std::all_of(m.roles.begin(), m.roles.end(), has_sane_disk))
              return unreachable(address, "does not answer as a pmmc process does");
            welcomed(address, remote, m);
          },
          [this, address](const caf::error& e) {
            unreachable(address,
                        "does not answer as a pmmc process does: " + explain(e, self_->system()));
          });
}

/// Nothing if nobody wants to go there any more.
node_link* node::find_dialling(const std::string& address) {
  const auto found = links_.find(address);
  const bool dialling = found != links_.end() && found->second.now == node_link::state::dialling;
  return dialling ? &found->second : nullptr;
}

void node::unreachable(const std::string& address, const std::string& why) {
  if (auto* link = find_dialling(address))
    dial_again(*link, link->trouble.unreachable(logged_as(*link), why));
}

void node::refused_by(const std::string& address, const std::string& why) {
  if (auto* link = find_dialling(address))
    dial_again(*link, link->trouble.refused(logged_as(*link), why));
}

void node::dial_again(node_link& link, bool news) {
  link.now = node_link::state::idle;
  if (news)
    tell_own_roles_of_trouble(link.address, link.trouble.why());
  // Jitter, so that processes that lost each other do not all come back at the same moment.
  link.backoff_beats = std::min(most_backoff_beats, 2 * link.backoff_beats + 1);
  random_source random{random_state_};
  random_state_ = random.next();
  link.wait_beats = 1 + static_cast<unsigned>(random_state_ % link.backoff_beats);
}

void node::tell_own_roles_of_trouble(const std::string& address, const std::string& why) {
  for (const auto& role : settings_.roles)
    for (const auto& missing : role_ids_at(address))
      self_->send(role.handle, peer_down{missing, "at " + address + " " + why});
}

std::vector<role_id> node::role_ids_at(const std::string& address) const {
  std::vector<role_id> ids;
  for (const auto* config : settings_.known.live())
    for (const auto kind : all_member_kinds)
      for (const auto& m : config->members(kind))
        if (m.address == address && (!is_client() || kind == role_kind::replica) &&
            !lives_elsewhere(m.id, address))
          ids.push_back(m.id);
  return ids;
}

void node::welcomed(const std::string& address, const caf::actor& remote, const welcome& m) {
  if (m.cluster != settings_.cluster)
    return refused_by(
        address, "belongs to cluster \"" + m.cluster + "\", not to \"" + settings_.cluster + "\"" +
                     (settings_.config_file.empty() ? std::string{}
                                                    : " as in " + settings_.config_file +
                                                          ": is that the right config file?"));
  // What data directories beside a client say may be of a cluster that was forgotten.
  if (is_client() && !met_anybody_ && m.known.is_of_other_cluster(settings_.known))
    settings_.known = m.known;
  if (const auto why = why_other_cluster(m.known.identity, settings_.known.identity); !why.empty())
    return refused_by(address, "is refused: " + why);
  if (!is_client() && !why_facts_differ(settings_.facts, m.facts).empty())
    return refused_for_facts(address, m.facts);
  if (!m.refusal.empty()) {
    if (m.was_removed)
      settings_.removed(m.refusal + ", says the process at " + address);
    return refused_by(address, std::string{refusal_text} + m.refusal);
  }
  differing_.erase(address);
  const bool first = !std::exchange(met_anybody_, true);
  // A client begins with what its config file says, and believes the first process that knows.
  if (is_client() && settings_.known.live_from == 1 &&
      m.known.version() >= settings_.known.version())
    settings_.known.configurations = m.known.configurations;
  if (const auto link = links_.find(address); link != links_.end())
    connected(link->second, remote, m.incarnation, m.roles);
  learn(m.known);
  if (first && is_client())
    redial();
}

/// The one that differs may be the other one, so this one goes on; not if they are a majority.
void node::refused_for_facts(const std::string& address, const cluster_facts& theirs) {
  const auto why = why_processes_differ(settings_.facts, theirs, "there");
  const auto* link = find_dialling(address);
  const bool news = link == nullptr || link->trouble.why() != std::string{refusal_text} + why;
  differing_.insert(address);
  const auto& config = settings_.known.configurations.latest();
  const auto differing = static_cast<std::size_t>(
      std::count_if(config.acceptors.begin(), config.acceptors.end(),
                    [this](const member& m) { return differing_.contains(m.address); }));
  if (differing >= config.quorum())
    settings_.differs("this process does not agree with a majority of its cluster, last with the "
                      "process at " +
                      address + ": " + why_facts_differ(settings_.facts, theirs, "there"));
  if (news)
    spdlog::error("this process and the one at {} refuse each other: {}", address, why);
  refused_by(address, std::string{refusal_text} + why);
}

// --- Being dialled ------------------------------------------------------------------------------

welcome node::greet(const hello& m) {
  auto refusal = why_malformed(m);
  if (refusal.empty())
    refusal = why_unwelcome(m);
  if (!refusal.empty()) {
    const auto who = m.address.empty() ? caf::to_string(self_->current_sender()) : m.address;
    refused_.log(who, refusal,
                 "refused a process at " +
                     (m.address.empty() ? "an unknown address" : shown(m.address)) + ": " +
                     shown(refusal));
    return {std::move(refusal), was_removed(m), settings_.cluster,
            settings_.address,  incarnation_,   {},
            settings_.known,    settings_.facts};
  }
  // A client is known by its process, whatever it says: it has no address, and one place.
  const bool is_member = is_of_process(m);
  auto& link = links_[is_member ? m.address : caf::to_string(m.node->node())];
  if (link.now == node_link::state::connected && link.remote != m.node)
    withdraw(link, "was started again", true);
  if (is_member) {
    link.address = m.address;
    differing_.erase(m.address);
    refused_.over(m.address);
  }
  admit(self_->system(), m.node->node(), is_member);
  connected(link, m.node, m.incarnation, m.roles);
  if (is_member && !m.known.configurations.empty())
    learn(m.known);
  return {{},           false,           settings_.cluster, settings_.address,
          incarnation_, settings_.roles, settings_.known,   settings_.facts};
}

bool node::is_of_process(const hello& m) {
  return std::any_of(m.roles.begin(), m.roles.end(),
                     [](const hosted_role& role) { return role.kind != role_kind::client; });
}

/// What no process says. Its handles must be its own: what is sent to them goes there.
std::string node::why_malformed(const hello& m) const {
  const auto own = [&](const caf::actor& handle) {
    return handle && handle->node() == self_->current_sender()->node();
  };
  const auto good = [&](const hosted_role& role) {
    return own(role.handle) && !role.id.str().empty() && role.kind >= role_kind::acceptor &&
           role.kind <= role_kind::client && has_sane_disk(role);
  };
  std::string error;
  const bool good_address = m.address.empty() || (m.address.size() <= max_address_bytes &&
                                                  config::parse_address(m.address, error));
  if (self_->current_sender() != nullptr && own(m.node) && m.roles.size() <= max_hosted_roles &&
      std::all_of(m.roles.begin(), m.roles.end(), good) && good_address)
    return {};
  return "its hello is not one of pmmc's";
}

/// Whether the disk or the config file names the address. Who does not know its cluster's identity
/// believes no others: they may be of one that was there before.
bool node::is_told_of(const std::string& address) const {
  return settings_.contacts.contains(address) || settings_.known.addresses().contains(address);
}

/// Members always have a place, one for each address.
bool node::has_room_for(const std::string& address) const {
  const auto guests = std::count_if(links_.begin(), links_.end(), [this](const auto& entry) {
    const auto& link = entry.second;
    return link.now == node_link::state::connected && !link.address.empty() &&
           !is_told_of(link.address);
  });
  return is_told_of(address) || links_.contains(address) ||
         static_cast<std::size_t>(guests) < max_guests;
}

std::string node::why_unwelcome(const hello& m) const {
  if (m.cluster != settings_.cluster)
    return "it belongs to cluster \"" + m.cluster + "\", and this is \"" + settings_.cluster + "\"";
  if (auto why = why_other_cluster(m.known.identity, settings_.known.identity); !why.empty())
    return why;
  for (const auto& role : m.roles)
    if (role.kind == role_kind::client && !settings_.known.address_of(role.id).empty())
      return "a client must not have the id of a member, " + role.id.str();
  if (!is_of_process(m))
    return {};
  if (m.address.empty())
    return "it does not say where it listens";
  if (auto why = why_processes_differ(m.facts, settings_.facts); !why.empty())
    return why;
  if (m.known.configurations.empty())
    return "it does not say which members it knows";
  if (settings_.known.identity == 0 && m.known.identity != 0 && !is_told_of(m.address))
    return "it belongs to the cluster with identity " + identity_text(m.known.identity) +
           ", this process does not know the identity of its own cluster yet, and neither its disk "
           "nor its config file names " +
           m.address;
  if (was_removed(m)) {
    std::string ids;
    config_version version = 0;
    for (const auto& role : m.roles) {
      ids += (ids.empty() ? "" : ", ") + role.id.str();
      version = std::max(version, settings_.known.find_former(role.id)->removed_in);
    }
    return ids + (m.roles.size() == 1 ? " was" : " were") +
           " removed from the cluster in version " + std::to_string(version);
  }
  if (!has_room_for(m.address))
    return "as many processes as may be are connected that are no members: " +
           std::to_string(max_guests);
  return {};
}

/// Not so if it has moved, to be added again at its new address, nor if it says that it knows.
bool node::was_removed(const hello& m) const {
  return !m.rejoins && !m.roles.empty() &&
         std::all_of(m.roles.begin(), m.roles.end(), [&](const hosted_role& role) {
           const auto* former = settings_.known.find_former(role.id);
           return former != nullptr && former->address == m.address &&
                  (former->kind != role_kind::replica || former->disk.empty() ||
                   former->disk == role.format_id);
         });
}

/// Whether it is no member, at least not as that or not there: it is spoken with, since it may
/// become one, but only a replica, which has to catch up first, is made known to own ones.
bool node::is_guest(const hosted_role& role, const std::string& address) const {
  return role.kind != role_kind::client &&
         !settings_.known.is_member_at(role.kind, role.id, address);
}

/// Its disk may know the first members only, and those may all be gone.
bool node::is_guest_itself() const {
  return !is_client() &&
         std::all_of(settings_.roles.begin(), settings_.roles.end(),
                     [this](const hosted_role& role) { return is_guest(role, settings_.address); });
}

// --- Connections --------------------------------------------------------------------------------

void node::connected(node_link& link, const caf::actor& remote, std::uint64_t incarnation,
                     std::vector<hosted_role> roles) {
  if (link.announced)
    withdraw(link, "connected anew", true);
  if (link.remote && link.remote->node() != remote->node())
    dismiss(self_->system(), link.remote->node());
  link.now = node_link::state::connected;
  link.remote = remote;
  link.incarnation = incarnation;
  link.roles = std::move(roles);
  link.backoff_beats = 0;
  link.trouble.over(logged_as(link));
  self_->monitor(remote);
  announce(link);
}

void node::announce(node_link& link) {
  link.announced = true;
  link.silent_beats = 0;
  for (const auto& peer : link.roles) {
    const bool guest = is_guest(peer, link.address);
    for (const auto& role : settings_.roles)
      if (!guest || (peer.kind == role_kind::replica && role.kind == role_kind::replica))
        self_->send(role.handle, peer_up{peer, link.address});
  }
}

void node::withdraw(node_link& link, const std::string& why, bool is_replaced) {
  link.announced = false;
  if (is_replaced)
    link.trouble.replaced(logged_as(link), why);
  else
    link.trouble.lost(logged_as(link), why);
  for (const auto& role : settings_.roles)
    for (const auto& peer : link.roles)
      if (!lives_elsewhere(peer.id, link.address))
        self_->send(role.handle, peer_down{peer.id, "at " + link.address + " " + why});
}

/// It has moved: it is of this process, or its new address was made known to the own roles. That it
/// is not at its old one any more must not make them forget it.
bool node::lives_elsewhere(const role_id& id, const std::string& address) const {
  const auto is_it = [&](const hosted_role& role) { return role.id == id; };
  if (std::any_of(settings_.roles.begin(), settings_.roles.end(), is_it))
    return true;
  return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    const auto& link = entry.second;
    return link.announced && link.address != address &&
           std::any_of(link.roles.begin(), link.roles.end(), [&](const hosted_role& role) {
             return is_it(role) && !is_guest(role, link.address);
           });
  });
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

/// Its sender counts: every welcome tells the incarnation, which only shows who was started again
/// under the same name.
void node::heard(const heartbeat& m) {
  for (auto& [key, link] : links_) {
    if (link.now != node_link::state::connected || link.remote != self_->current_sender() ||
        link.incarnation != m.incarnation)
      continue;
    // Both learned it after they had met.
    if (const auto why = why_other_cluster(m.identity, settings_.known.identity); !why.empty()) {
      if (link.announced)
        withdraw(link, "is not counted: " + why);
      return;
    }
    link.silent_beats = 0;
    if (!link.announced)
      announce(link);
    hear_clock(link, m.wall_ms);
    if (is_client())
      return;
    if (m.version < settings_.known.version() || m.live_from < settings_.known.live_from ||
        (m.identity == 0 && settings_.known.identity != 0))
      self_->send(link.remote, members_news{settings_.known});
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
  // Who asks again and again, as `pmmc reconfig` does while it waits, is a client like others.
  if (self_->current_sender() != nullptr)
    admit(self_->system(), self_->current_sender()->node(), false);
  auto all = std::make_shared<collected_status>();
  all->promise = self_->make_response_promise<process_status>(); // takes the sender away
  all->result.cluster = settings_.cluster;
  all->result.address = settings_.address;
  all->result.facts = settings_.facts;
  all->result.known = settings_.known;
  all->result.clock = clocks_.status(settings_.clocks());
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
