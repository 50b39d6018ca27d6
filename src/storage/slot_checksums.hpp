// A checksum for each slot of which something must be remembered, to subtract it again.
#pragma once

#include "base/types.hpp"
#include "storage/byte_pieces.hpp"

#include <cstdint>
#include <map>
#include <string_view>

namespace pmmc::storage {

/// The key is the seed: values cannot change places.
std::uint64_t entry_checksum(std::string_view key, std::string_view value);
std::uint64_t entry_checksum(std::string_view key, byte_pieces value);

/// The sum of the checksums (mod 2^64) of what counts, and of the bytes of what stands in slots.
struct digest_sum {
  std::uint64_t checksum = 0;
  std::uint64_t bytes = 0;

  digest_sum& operator+=(const digest_sum& more) {
    checksum += more.checksum;
    bytes += more.bytes;
    return *this;
  }
  digest_sum& operator-=(const digest_sum& less) {
    checksum -= less.checksum;
    bytes -= less.bytes;
    return *this;
  }
  /// For what stands in no slot. `held`: its checksum, 0 before the first.
  void replace(std::uint64_t& held, std::uint64_t next) {
    checksum += next - held;
    held = next;
  }
};

/// Each change is made in `sum`, too, which others may share.
class slot_checksums {
public:
  void set(slot_num slot, const digest_sum& entry, digest_sum& sum);
  void drop_below(slot_num slot, digest_sum& sum);
  void drop_from(slot_num slot, digest_sum& sum);
  bool holds(slot_num slot, std::uint64_t checksum) const;

private:
  using entries = std::map<slot_num, digest_sum>;

  void drop(entries::iterator from, entries::iterator to, digest_sum& sum);

  entries by_slot_;
};

} // namespace pmmc::storage
