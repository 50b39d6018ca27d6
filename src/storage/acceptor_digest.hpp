// One number that stands for everything an acceptor must remember.
#pragma once

#include "base/types.hpp"
#include "storage/byte_pieces.hpp"
#include "storage/slot_checksums.hpp"

#include <cstdint>
#include <map>
#include <string_view>

namespace pmmc::storage {

/// The sum (mod 2^64) of the checksums of all entries that count: ballots, watermark, and the
/// pvalues at or above it. It does not depend on how the log stores or loses them, so a lost,
/// stale or invented entry shows, whatever file it was in. Keeps a checksum per pvalue to subtract
/// it again.
class acceptor_digest {
public:
  void set_ballot(config_version version, std::string_view value);
  void set_pvalue(config_version version, slot_num slot, byte_pieces value);
  void set_pvalue(config_version version, slot_num slot, std::string_view value) {
    set_pvalue(version, slot, byte_pieces{&value, 1});
  }
  /// Drops the pvalues below.
  void set_watermark(slot_num watermark);

  std::uint64_t value() const { return sum_.checksum; }
  /// Whether this is the pvalue that counts.
  bool holds(config_version version, slot_num slot, std::string_view value) const;
  /// Of the values of all pvalues that count.
  std::uint64_t pvalue_bytes() const { return sum_.bytes; }

private:
  struct checksums {
    std::uint64_t ballot = 0;
    slot_checksums pvalues;
  };

  std::map<config_version, checksums> by_version_;
  std::uint64_t watermark_ = 0;
  digest_sum sum_;
};

} // namespace pmmc::storage
