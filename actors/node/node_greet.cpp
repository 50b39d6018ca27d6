// Whom a node that is dialled lets in, and as what.
#include "caf/guarded_middleman.hpp"
#include "config/address.hpp"
#include "node/node_actor.hpp"
#include "node/shown.hpp"

#include <algorithm>

namespace pmmc {

welcome node::greet(const hello& m) {
  const auto who = introduction_of(m);
  auto answer = is_well_formed(m)
                    ? admission_.answer(who, processes_.addresses(),
                                        processes_.running(caf::to_string(m.node->node())))
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
  const auto key = is_member ? m.address : caf::to_string(m.node->node());
  auto& link = links_[key];
  if (link.now == node_link::state::connected && link.remote != m.node) {
    processes_.started_again(key);
    carry_out();
  }
  link.key = key;
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

} // namespace pmmc
