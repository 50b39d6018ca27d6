// What a test plays in the place of another process's node.
#pragma once

#include "actors/played_handshake.hpp"
#include "actors/two_processes.hpp"
#include "core_helpers.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pmmc::test {

/// What stands at an address in the place of a node: it welcomes everybody, and says nothing else.
struct played_node {
  hosted_role role;
  std::string address = "host2:1";
  cluster_facts facts = {};
  std::size_t roles = 1; ///< that it has, all the same
  std::function<void(welcome&)> spoil = [](welcome&) {};
  std::size_t hellos = 0;
};

inline caf::behavior welcoming(caf::event_based_actor* self, std::shared_ptr<played_node> node) {
  self->set_default_handler(caf::drop);
  return {[=](const hello&) {
    ++node->hellos;
    const membership known{config_history{make_config(2)}};
    auto m = played_welcome{{},     false,
                            "test", node->address,
                            7,      std::vector(node->roles, node->role),
                            known,  node->facts}
                 .as_sent();
    node->spoil(m);
    return m;
  }};
}

/// Says nothing to a hello until it is told to.
struct slow_node {
  caf::typed_response_promise<welcome> hello;
  caf::optional<played_welcome> answer; ///< or an error
  std::size_t hellos = 0, heartbeats = 0;
  std::size_t roles = 0; ///< in the latest hello
};

inline caf::behavior answering_late(caf::event_based_actor* self, std::shared_ptr<slow_node> node) {
  self->set_default_handler(caf::drop);
  return {[=](const hello& m) {
            ++node->hellos;
            node->roles = m.handles.size();
            node->hello = self->make_response_promise<welcome>();
            return node->hello;
          },
          [=](tick_atom) {
            if (node->answer)
              node->hello.deliver(node->answer->as_sent());
            else
              node->hello.deliver(caf::make_error(caf::sec::request_timeout));
          },
          [=](const heartbeat&) { ++node->heartbeats; },
          [=](const status_request&) {
            process_status s;
            s.address = "host2:1";
            return s;
          }};
}

/// The settings of a process of "test" at `address` that hosts `role` and knows `known`.
inline std::shared_ptr<node_settings> settings_of(std::string address, const hosted_role& role,
                                                  const configuration& known) {
  auto settings = std::make_shared<node_settings>();
  settings->cluster = "test";
  settings->address = std::move(address);
  settings->roles = {role};
  settings->known = membership{known};
  return settings;
}

} // namespace pmmc::test
