// How members look in a snapshot.
#pragma once

#include "base/codec.hpp"
#include "membership/configuration.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pmmc {

inline void put_members(std::string& out, const std::vector<member>& members) {
  put_varint(out, members.size());
  for (const auto& m : members) {
    put_bytes(out, m.id.view());
    put_bytes(out, m.address);
    put_bytes(out, m.disk);
  }
}

/// Nothing if an id is too long; of other bytes that are no members, `in` is not ok() afterwards.
inline std::optional<std::vector<member>> read_members(byte_reader& in) {
  std::vector<member> members;
  for (auto count = in.varint(); in.ok() && count > 0; --count) {
    const auto id = in.bytes();
    if (id.size() > role_id::max_size)
      return std::nullopt;
    members.push_back({role_id{id}, std::string{in.bytes()}});
    members.back().disk = in.bytes();
  }
  return members;
}

} // namespace pmmc
