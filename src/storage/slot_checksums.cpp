#include "storage/slot_checksums.hpp"

#include "storage/checksum.hpp"

namespace pmmc::storage {

std::uint64_t entry_checksum(std::string_view key, std::string_view value) {
  return checksum(value, checksum(key));
}

std::uint64_t entry_checksum(std::string_view key, byte_pieces value) {
  return checksum(value, checksum(key));
}

void slot_checksums::set(slot_num slot, const digest_sum& entry, digest_sum& sum) {
  auto& held = by_slot_[slot];
  sum -= held;
  sum += entry;
  held = entry;
}

void slot_checksums::drop(entries::iterator from, entries::iterator to, digest_sum& sum) {
  for (auto it = from; it != to; ++it)
    sum -= it->second;
  by_slot_.erase(from, to);
}

void slot_checksums::drop_below(slot_num slot, digest_sum& sum) {
  drop(by_slot_.begin(), by_slot_.lower_bound(slot), sum);
}

void slot_checksums::drop_from(slot_num slot, digest_sum& sum) {
  drop(by_slot_.lower_bound(slot), by_slot_.end(), sum);
}

bool slot_checksums::holds(slot_num slot, std::uint64_t checksum) const {
  const auto held = by_slot_.find(slot);
  return held != by_slot_.end() && held->second.checksum == checksum;
}

} // namespace pmmc::storage
