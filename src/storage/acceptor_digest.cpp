#include "storage/acceptor_digest.hpp"

#include "storage/acceptor_codec.hpp"

namespace pmmc::storage {

void acceptor_digest::set_ballot(config_version version, std::string_view value) {
  sum_.replace(by_version_[version].ballot, entry_checksum(ballot_key(version), value));
}

void acceptor_digest::set_pvalue(config_version version, slot_num slot, byte_pieces value) {
  by_version_[version].pvalues.set(
      slot, {entry_checksum(pvalue_key(version, slot), value), size_of(value)}, sum_);
}

bool acceptor_digest::holds(config_version version, slot_num slot, std::string_view value) const {
  const auto votes = by_version_.find(version);
  return votes != by_version_.end() &&
         votes->second.pvalues.holds(slot, entry_checksum(pvalue_key(version, slot), value));
}

void acceptor_digest::set_watermark(slot_num watermark) {
  for (auto& [version, held] : by_version_)
    held.pvalues.drop_below(watermark, sum_);
  sum_.replace(watermark_, entry_checksum(watermark_key, encode_slot(watermark)));
}

} // namespace pmmc::storage
