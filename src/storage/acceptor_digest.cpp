#include "storage/acceptor_digest.hpp"

#include "storage/acceptor_codec.hpp"
#include "storage/checksum.hpp"

namespace pmmc::storage {

namespace {

/// The key is the seed: values cannot change places.
template <class Value> // string_view, or byte_pieces
std::uint64_t entry_checksum(std::string_view key, Value value) {
  return checksum(value, checksum(key));
}

} // namespace

void acceptor_digest::replace(std::uint64_t& held, std::uint64_t next) {
  sum_ += next - held;
  held = next;
}

void acceptor_digest::set_ballot(config_version version, std::string_view value) {
  replace(by_version_[version].ballot, entry_checksum(ballot_key(version), value));
}

void acceptor_digest::set_pvalue(config_version version, slot_num slot, byte_pieces value) {
  auto& held = by_version_[version].pvalues[slot];
  replace(held.checksum, entry_checksum(pvalue_key(version, slot), value));
  const auto bytes = size_of(value);
  pvalue_bytes_ += bytes - held.bytes;
  held.bytes = bytes;
}

bool acceptor_digest::holds(config_version version, slot_num slot, std::string_view value) const {
  const auto votes = by_version_.find(version);
  if (votes == by_version_.end())
    return false;
  const auto held = votes->second.pvalues.find(slot);
  return held != votes->second.pvalues.end() &&
         held->second.checksum == entry_checksum(pvalue_key(version, slot), value);
}

void acceptor_digest::set_watermark(slot_num watermark) {
  for (auto& [version, held] : by_version_)
    while (!held.pvalues.empty() && held.pvalues.begin()->first < watermark) {
      sum_ -= held.pvalues.begin()->second.checksum;
      pvalue_bytes_ -= held.pvalues.begin()->second.bytes;
      held.pvalues.erase(held.pvalues.begin());
    }
  replace(watermark_, entry_checksum(watermark_key, std::string_view{encode_slot(watermark)}));
}

} // namespace pmmc::storage
