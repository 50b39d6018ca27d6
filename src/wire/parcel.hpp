// What travels as one: a message, or many between a replica and one client.
#pragma once

#include "consensus/messages.hpp"

#include <concepts>
#include <type_traits>
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

/// Calls `take` with what is in it: a message as what it is, or a group.
template <class Parcel, class Take>
decltype(auto) open(Parcel& p, const Take& take) {
  return std::visit(
      [&]<class What>(What& what) {
        if constexpr (std::same_as<std::remove_const_t<What>, message>)
          return std::visit(take, what);
        else
          return take(what);
      },
      p);
}

} // namespace wire

} // namespace pmmc
