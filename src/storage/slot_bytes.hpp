// A slot, or the index of an entry, as a key or value in a log.
#pragma once

#include "base/types.hpp"
#include "storage/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pmmc::storage {

inline std::string encode_slot(slot_num slot) {
  std::string out;
  put_u64(out, slot);
  return out;
}

inline std::optional<slot_num> parse_slot(std::string_view bytes) {
  fixed_reader in{bytes};
  const auto slot = in.u64();
  return in.finished() ? std::optional{slot} : std::nullopt;
}

/// The key of what stands in a slot, one letter for each sort of entry.
inline std::string slot_key(char sort, slot_num slot) { return sort + encode_slot(slot); }

/// The slot of a key of this sort.
inline std::optional<slot_num> parse_slot_key(char sort, std::string_view key) {
  return key.starts_with(sort) ? parse_slot(key.substr(1)) : std::nullopt;
}

} // namespace pmmc::storage
