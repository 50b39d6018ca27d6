#include "parts/export_reader.hpp"

namespace pmmc {

caf::behavior export_reader(caf::event_based_actor* self, role_id replica, frozen_state frozen,
                            const caf::actor& client) {
  set_shell_handlers(self, replica.str() + "'s export");
  self->set_down_handler([](caf::scheduled_actor* actor, caf::down_msg&) { actor->quit(); });
  self->monitor(client);
  return {
      [=](const export_page& m) { return frozen.state->machine().query(m.op); },
      caf::after(export_idle) >> [=] { self->quit(); },
  };
}

} // namespace pmmc
