// Whom a node that is dialled lets in, and as what.
#include "config/address.hpp"
#include "guarded_middleman.hpp"
#include "node_actor.hpp"
#include "reconfiguration.hpp"
#include "text/escape.hpp"

#include <algorithm>

namespace pmmc {

namespace {

constexpr std::size_t max_hosted_roles = 64; ///< of one process
/// Processes that are no members may become some; anybody can say so.
constexpr std::size_t max_guests = 32;
constexpr std::size_t most_shown = 400;

/// What a stranger has sent, for the log.
std::string shown(std::string_view bytes) { return text::escape(bytes.substr(0, most_shown)); }

} // namespace

bool has_sane_disk(const hosted_role& role) {
  constexpr auto most_lives = std::uint64_t{1} << 62;
  return role.format_id.size() <= max_address_bytes && role.lives.first > 0 &&
         role.lives.first <= most_lives &&
         role.lives.nonces.size() <= storage::life_history::max_kept;
}

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

} // namespace pmmc
