// A slot, or the index of an entry, as the value of an entry in a log.
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

} // namespace pmmc::storage
