#include "guarded_middleman.hpp"

#include "log.hpp"

#include <caf/io/basp_broker.hpp>

namespace pmmc {

namespace {

namespace basp = caf::io::basp;

/// CAF's broker, but for the one message that says how much to read next.
class guarded_broker : public caf::io::basp_broker {
public:
  using caf::io::basp_broker::basp_broker;

  caf::behavior make_behavior() override {
    return caf::message_handler{[this](caf::io::new_data_msg& m) { take_data(m); }}.or_else(
        caf::io::basp_broker::make_behavior());
  }

private:
  void take_data(caf::io::new_data_msg& m) {
    set_context(m.handle);
    auto& connection = *this_context;
    const auto next =
        instance.handle(context(), m, connection.hdr, connection.cstate == basp::await_payload);
    if (basp::requires_shutdown(next))
      return drop(m.handle, basp::to_sec(next));
    if (next == connection.cstate)
      return;
    std::size_t wanted = basp::header_size;
    if (next == basp::await_payload) {
      wanted = connection.hdr.payload_len;
      if (wanted > max_payload_bytes) {
        spdlog::warn("closes a connection from {}:{} that announces a message of {} bytes",
                     remote_addr(m.handle), remote_port(m.handle), wanted);
        return drop(m.handle, caf::sec::malformed_basp_message);
      }
    }
    configure_read(m.handle, caf::io::receive_policy::exactly(wanted));
    connection.cstate = next;
  }

  /// Whoever waits for the connection is told `why`.
  void drop(caf::io::connection_handle handle, caf::sec why) {
    connection_cleanup(handle, why);
    close(handle);
  }
};

} // namespace

guarded_middleman::guarded_middleman(caf::actor_system& system)
    : caf::io::middleman(system), backend_(&system) {}

caf::actor_system::module* guarded_middleman::make(caf::actor_system& system,
                                                   caf::detail::type_list<>) {
  return new guarded_middleman(system); // the actor system owns it
}

void guarded_middleman::start() {
  named_broker<guarded_broker>(caf::atom("BASP")); // start() takes the broker that it finds
  if (dynamic_cast<network_scheduler*>(&system().scheduler()) != nullptr)
    backend_.run_actors();
  caf::io::middleman::start();
}

void guarded_middleman::stop() {
  caf::io::middleman::stop();
  backend_.discard_jobs();
}

} // namespace pmmc
