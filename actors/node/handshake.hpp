// What is in a hello and a welcome: what a process says of itself, and the handles of its roles.
#pragma once

#include "node/node_messages.hpp"

#include <caf/actor.hpp>
#include <optional>
#include <vector>

namespace pmmc {

struct heard_hello {
  introduction said;
  std::vector<hosted_role> roles; ///< that it names, with their handles
};

struct heard_welcome {
  introduction_reply said;
  std::vector<hosted_role> roles; ///< likewise
};

/// `handles`: of the roles that it names, in their order.
hello write_hello(const introduction& said, caf::actor node, std::vector<caf::actor> handles);
welcome write_welcome(const introduction_reply& said, std::vector<caf::actor> handles);

/// Nothing if no process says so: it cannot be decoded, or has not one handle for each role.
std::optional<heard_hello> read(const hello& m);
std::optional<heard_welcome> read(const welcome& m);

} // namespace pmmc
