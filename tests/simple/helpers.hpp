// Short names for what the tests of engine `simple` need all the time.
#pragma once

#include "consensus/simple/messages.hpp"
#include "consensus/simple/server_group.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace pmmc::simple::test {

/// s0, s1, …: of n servers, s0 owns the numbers 0, n, 2n, …
inline role_id id_of(std::size_t server) { return "s" + std::to_string(server); }

inline std::vector<role_id> server_ids(std::size_t servers) {
  std::vector<role_id> ids;
  for (std::size_t i = 0; i < servers; ++i)
    ids.push_back(id_of(i));
  return ids;
}

inline std::shared_ptr<const server_group> group_of(std::size_t servers, std::size_t self = 0) {
  return std::make_shared<const server_group>(server_ids(servers), id_of(self));
}

/// The messages of type M among `sent`, only those to `to` if it is given.
template <class M>
std::vector<M> only(const std::vector<envelope>& sent, const role_id& to = {}) {
  std::vector<M> found;
  for (const auto& e : sent)
    if (const auto* m = std::get_if<M>(&e.body); m != nullptr && (to.empty() || e.to == to))
      found.push_back(*m);
  return found;
}

} // namespace pmmc::simple::test
