// Whom a node that is dialled lets in, and as what.
#include "caf/guarded_middleman.hpp"
#include "config/address.hpp"
#include "node/handshake.hpp"
#include "node/node_actor.hpp"
#include "node/shown.hpp"

#include <algorithm>

namespace pmmc {

welcome node::greet(const hello& m) {
  const auto heard = read(m);
  const auto who = heard ? heard->said : introduction{};
  const auto& address = who.address;
  std::string error;
  const bool is_good =
      heard && speaks_for_itself(m) && (address.empty() || config::parse_address(address, error));
  const auto answer = is_good
                          ? admission_.answer(who, processes_.addresses(),
                                              processes_.running(caf::to_string(m.node->node())))
                          : admission_.refuse(std::string{malformed_introduction});
  if (!answer.refusal.empty()) {
    refused_.log(
        address.empty() ? caf::to_string(self_->current_sender()) : address, answer.refusal,
        "refused a process at " + (address.empty() ? "an unknown address" : shown(address)) + ": " +
            shown(answer.refusal));
    return write_welcome(answer, {});
  }
  // A client is known by its process, whatever it says: it has no address, and one place.
  const bool is_member = admission::is_of_process(who);
  const auto key = is_member ? address : caf::to_string(m.node->node());
  auto& link = links_[key];
  if (link.now == node_link::state::connected && link.remote != m.node) {
    processes_.started_again(key);
    carry_out();
  }
  link.key = key;
  if (is_member) {
    link.address = address;
    refused_.over(address);
  }
  admit(self_->system(), m.node->node(), is_member);
  connected(link, m.node, who.incarnation, heard->roles);
  return write_welcome(answer, handles_of(answer.roles));
}

/// What only the connection shows: a process's handles are its own, or what is sent to them would
/// go to whom a stranger names.
bool node::speaks_for_itself(const hello& m) const {
  const auto own = [&](const caf::actor& handle) {
    return handle && handle->node() == self_->current_sender()->node();
  };
  return self_->current_sender() != nullptr && own(m.node) &&
         std::all_of(m.handles.begin(), m.handles.end(), own);
}

} // namespace pmmc
