#include "base/role_kind.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

TEST_CASE("kinds of roles: each member's has a word and a number, and comes back from both") {
  for (const auto kind : all_member_kinds) {
    CHECK(to_member_kind(to_string(kind)) == kind);
    CHECK(to_member_kind(static_cast<std::uint64_t>(kind)) == kind);
  }
}

TEST_CASE("kinds of roles: clients and what is no role are no members") {
  CHECK(to_string(role_kind::client) == "client");
  for (const auto* word : {"client", "scout", "", "acceptors"})
    CHECK_FALSE(to_member_kind(std::string_view{word}));
  for (const std::uint64_t number : {0, 4, 6, 257})
    CHECK_FALSE(to_member_kind(number));
}

TEST_CASE("kinds of roles: a server promises as acceptors do, and serves clients as replicas do") {
  CHECK(to_member_kind(std::string_view{"server"}) == role_kind::server);
  CHECK(static_cast<int>(role_kind::server) == 5);
  for (const auto kind : {role_kind::acceptor, role_kind::leader, role_kind::server})
    CHECK(keeps_promises(kind));
  for (const auto kind : {role_kind::replica, role_kind::server})
    CHECK(serves_clients(kind));
  for (const auto kind : {role_kind::replica, role_kind::client})
    CHECK_FALSE(keeps_promises(kind));
  for (const auto kind : {role_kind::acceptor, role_kind::leader, role_kind::client})
    CHECK_FALSE(serves_clients(kind));
}
