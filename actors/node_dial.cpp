// How a node dials others, and what becomes of it.
#include "caf_error.hpp"
#include "config/address.hpp"
#include "guarded_middleman.hpp"
#include "node_actor.hpp"
#include "random.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <utility>

namespace pmmc {

namespace {

constexpr unsigned most_backoff_beats = 10;
constexpr std::chrono::seconds hello_timeout{2};
constexpr std::string_view refusal_text = "refuses this process: ";

} // namespace

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
  // Or the connection would stay for a while, and meet the one that the other process dials.
  const auto refused = [&](const std::string& why) {
    dismiss(self_->system(), remote->node());
    refused_by(address, why);
  };
  if (m.cluster != settings_.cluster)
    return refused("belongs to cluster \"" + m.cluster + "\", not to \"" + settings_.cluster +
                   "\"" +
                   (settings_.config_file.empty()
                        ? std::string{}
                        : " as in " + settings_.config_file + ": is that the right config file?"));
  // What data directories beside a client say may be of a cluster that was forgotten.
  if (is_client() && !met_anybody_ && m.known.is_of_other_cluster(settings_.known))
    settings_.known = m.known;
  if (const auto why = why_other_cluster(m.known.identity, settings_.known.identity); !why.empty())
    return refused("is refused: " + why);
  if (!is_client() && !why_facts_differ(settings_.facts, m.facts).empty())
    return refused(why_refused_for_facts(address, m.facts));
  if (!m.refusal.empty()) {
    if (m.was_removed)
      settings_.removed(m.refusal + ", says the process at " + address);
    return refused(std::string{refusal_text} + m.refusal);
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
std::string node::why_refused_for_facts(const std::string& address, const cluster_facts& theirs) {
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
  return std::string{refusal_text} + why;
}

} // namespace pmmc
