// One number that stands for everything a Raft server must remember.
#pragma once

#include "storage/byte_pieces.hpp"
#include "storage/slot_checksums.hpp"

#include <cstdint>
#include <string_view>

namespace pmmc::storage {

/// The sum (mod 2^64) of the checksums of all that counts: term and vote, the log's beginning, and
/// the entries behind it that are not cut off. It does not depend on how the log stores or loses
/// them, so a lost, stale or invented one shows, whatever file it was in.
class raft_digest {
public:
  void set_term(std::string_view value);
  /// Drops the entries up to `index`.
  void set_base(slot_num index, std::string_view value);
  void set_entry(slot_num index, byte_pieces value);
  void set_entry(slot_num index, std::string_view value) {
    set_entry(index, byte_pieces{&value, 1});
  }
  /// Drops the entries from `from` on.
  void cut(slot_num from);

  std::uint64_t value() const { return sum_.checksum; }
  /// Whether this is the entry that counts.
  bool holds(slot_num index, std::string_view value) const;
  /// Of the values of all entries that count.
  std::uint64_t entry_bytes() const { return sum_.bytes; }

private:
  std::uint64_t term_ = 0;
  std::uint64_t base_ = 0;
  slot_checksums entries_;
  digest_sum sum_;
};

} // namespace pmmc::storage
