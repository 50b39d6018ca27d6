// What travels as one: a message, or many between a replica and one client.
#pragma once

#include "messages.hpp"

#include <variant>
#include <vector>

namespace pmmc {

/// Client → replica. Many at once, so that a pipeline costs few messages.
struct client_requests {
  role_id client;
  std::vector<request> requests;
  std::vector<query> queries;
};

/// Replica → client.
struct client_replies {
  role_id replica;
  std::vector<response> responses;
  std::vector<query_reply> query_replies;
};

namespace wire {

using parcel = std::variant<message, client_requests, client_replies>;

} // namespace wire

} // namespace pmmc
