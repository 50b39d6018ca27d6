// CAF's middleman with a door (guarded_broker.hpp), and a network thread of our own.
#pragma once

#include "caf/network_thread.hpp"

#include <caf/io/all.hpp>

namespace pmmc {

/// Load it in the place of caf::io::middleman.
class guarded_middleman : public caf::io::middleman {
public:
  explicit guarded_middleman(caf::actor_system& system);

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);

  void start() override;
  void stop() override;
  caf::io::network::multiplexer& backend() override { return backend_; }

  /// The node's hello was answered with a welcome. Any thread.
  void admit(const caf::node_id& node, bool is_member);
  /// The node's connection is to be closed. Any thread.
  void dismiss(const caf::node_id& node);

private:
  template <class... Args>
  void tell_broker(Args&&... args);

  network_loop backend_;
  caf::weak_actor_ptr broker_;
};

/// guarded_middleman's, if the system has one and the node is another.
void admit(caf::actor_system& system, const caf::node_id& node, bool is_member);
void dismiss(caf::actor_system& system, const caf::node_id& node);

} // namespace pmmc
