#include "base/role_kind.hpp"

#include <algorithm>

namespace pmmc {

namespace {

template <class Predicate>
std::optional<role_kind> find_member_kind(Predicate is_it) {
  const auto found = std::find_if(all_member_kinds.begin(), all_member_kinds.end(), is_it);
  return found == all_member_kinds.end() ? std::nullopt : std::optional{*found};
}

} // namespace

std::string_view to_string(role_kind kind) {
  switch (kind) {
  case role_kind::acceptor:
    return "acceptor";
  case role_kind::leader:
    return "leader";
  case role_kind::replica:
    return "replica";
  case role_kind::server:
    return "server";
  case role_kind::client:
    break;
  }
  return "client";
}

std::optional<role_kind> to_member_kind(std::string_view word) {
  return find_member_kind([&](role_kind kind) { return to_string(kind) == word; });
}

std::optional<role_kind> to_member_kind(std::uint64_t number) {
  return find_member_kind(
      [&](role_kind kind) { return static_cast<std::uint64_t>(kind) == number; });
}

} // namespace pmmc
