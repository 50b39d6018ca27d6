#include "caf/guarded_middleman.hpp"

#include "caf/guarded_broker.hpp"
#include "node/file_limit.hpp"
#include "wire/wire.hpp"

#include <utility>

namespace pmmc {

guarded_middleman::guarded_middleman(caf::actor_system& system)
    : caf::io::middleman(system), backend_(&system) {
  own_file_budget();
}

caf::actor_system::module* guarded_middleman::make(caf::actor_system& system,
                                                   caf::detail::type_list<>) {
  return new guarded_middleman(system); // the actor system owns it
}

void guarded_middleman::start() {
  // start() takes the broker that it finds
  broker_ = caf::actor_cast<caf::weak_actor_ptr>(named_broker<guarded_broker>(caf::atom("BASP")));
  if (dynamic_cast<network_scheduler*>(&system().scheduler()) != nullptr)
    backend_.run_actors();
  caf::io::middleman::start();
}

void guarded_middleman::stop() {
  caf::io::middleman::stop();
  backend_.discard_jobs();
}

template <class... Args>
void guarded_middleman::tell_broker(Args&&... args) {
  if (const auto broker = caf::actor_cast<caf::actor>(broker_))
    caf::anon_send(broker, std::forward<Args>(args)...);
}

void guarded_middleman::admit(const caf::node_id& node, bool is_member) {
  tell_broker(admit_atom::value, node, is_member);
}

void guarded_middleman::dismiss(const caf::node_id& node) {
  tell_broker(dismiss_atom::value, node);
}

namespace {

guarded_middleman* door_to(caf::actor_system& system, const caf::node_id& node) {
  if (node == system.node() || !system.has_middleman())
    return nullptr;
  return dynamic_cast<guarded_middleman*>(&system.middleman());
}

} // namespace

void admit(caf::actor_system& system, const caf::node_id& node, bool is_member) {
  if (auto* door = door_to(system, node))
    door->admit(node, is_member);
}

void dismiss(caf::actor_system& system, const caf::node_id& node) {
  if (auto* door = door_to(system, node))
    door->dismiss(node);
}

} // namespace pmmc
