#include "parts/record_writer.hpp"

#include "parts/request_times.hpp"

namespace pmmc {

caf::behavior record_writer(caf::event_based_actor* self, role_id server,
                            std::shared_ptr<storage::server_store> store) {
  set_shell_handlers(self, server.str() + "'s log");
  return {
      [=](const write_records& m) {
        const auto began = steady_ns();
        store->write(*m.records);
        return records_written{store->writes(), seconds_since(began)};
      },
  };
}

} // namespace pmmc
