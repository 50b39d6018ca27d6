#include "export_reader.hpp"

namespace pmmc {

caf::behavior export_reader(caf::event_based_actor* self, role_id replica, frozen_state frozen) {
  set_shell_handlers(self, replica.str() + "'s export");
  return {
      [=](const export_page& m) { return frozen.state->machine().query(m.op); },
      caf::after(export_idle) >> [=] { self->quit(); },
  };
}

} // namespace pmmc
