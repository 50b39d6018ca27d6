#include "storage/acceptor_digest.hpp"

#include "storage/acceptor_codec.hpp"
#include "storage/checksum.hpp"

namespace pmmc::storage {

void acceptor_digest::replace(std::uint64_t& held, std::string_view key, std::string_view value) {
  const auto next =
      checksum(value, checksum(key)); // the key is the seed: values cannot change places
  sum_ += next - held;
  held = next;
}

void acceptor_digest::set_ballot(config_version version, std::string_view value) {
  replace(by_version_[version].ballot, ballot_key(version), value);
}

void acceptor_digest::set_pvalue(config_version version, slot_num slot, std::string_view value) {
  replace(by_version_[version].pvalues[slot], pvalue_key(version, slot), value);
}

void acceptor_digest::set_watermark(slot_num watermark) {
  for (auto& [version, held] : by_version_)
    while (!held.pvalues.empty() && held.pvalues.begin()->first < watermark) {
      sum_ -= held.pvalues.begin()->second;
      held.pvalues.erase(held.pvalues.begin());
    }
  replace(watermark_, watermark_key, encode_slot(watermark));
}

} // namespace pmmc::storage
