// Whom a node that is dialled lets in, and as what.
#include "caf/guarded_middleman.hpp"
#include "config/address.hpp"
#include "node/node_actor.hpp"
#include "node/shown.hpp"

#include <algorithm>

namespace pmmc {

welcome node::greet(const hello& m) {
  const auto who = introduction_of(m);
  auto answer = is_well_formed(m) ? admission_.answer(who, connected_addresses(), running_roles())
                                  : admission_.refuse(std::string{malformed_introduction});
  if (!answer.refusal.empty()) {
    refused_.log(
        m.address.empty() ? caf::to_string(self_->current_sender()) : m.address, answer.refusal,
        "refused a process at " + (m.address.empty() ? "an unknown address" : shown(m.address)) +
            ": " + shown(answer.refusal));
    answer.refusal.resize(std::min(answer.refusal.size(), most_said));
    return {std::move(answer.refusal), answer.was_removed,     std::move(answer.cluster),
            settings_.address,         incarnation_,           {},
            std::move(answer.known),   std::move(answer.facts)};
  }
  // A client is known by its process, whatever it says: it has no address, and one place.
  const bool is_member = admission::is_of_process(who);
  auto& link = links_[is_member ? m.address : caf::to_string(m.node->node())];
  if (link.now == node_link::state::connected && link.remote != m.node)
    withdraw(link, "was started again", true);
  if (is_member) {
    link.address = m.address;
    refused_.over(m.address);
  }
  admit(self_->system(), m.node->node(), is_member);
  connected(link, m.node, m.incarnation, m.roles);
  return {{},           false,        settings_.cluster, settings_.address,
          incarnation_, told_roles(), known(),           settings_.facts};
}

/// What only the connection shows: a process's handles are its own, or what is sent to them would
/// go to whom a stranger names.
bool node::is_well_formed(const hello& m) const {
  const auto own = [&](const caf::actor& handle) {
    return handle && handle->node() == self_->current_sender()->node();
  };
  std::string error;
  const bool good_address = m.address.empty() || config::parse_address(m.address, error);
  return self_->current_sender() != nullptr && own(m.node) && good_address &&
         std::all_of(m.roles.begin(), m.roles.end(),
                     [&](const hosted_role& role) { return own(role.handle); });
}

std::vector<running_role> node::running_roles() const {
  std::vector<running_role> all;
  for (const auto& [key, link] : links_)
    if (link.announced && link.remote->node() != self_->current_sender()->node())
      for (const auto& role : link.roles)
        all.push_back({role.id, role.format_id, link.address});
  return all;
}

std::set<std::string> node::connected_addresses() const {
  std::set<std::string> addresses;
  for (const auto& [key, link] : links_)
    if (link.now == node_link::state::connected && !link.address.empty())
      addresses.insert(link.address);
  return addresses;
}

} // namespace pmmc
