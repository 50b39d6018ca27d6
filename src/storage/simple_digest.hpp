// One number that stands for everything that the acceptor of a server `simple` must remember.
#pragma once

#include "consensus/simple/number.hpp"
#include "storage/byte_pieces.hpp"
#include "storage/slot_checksums.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace pmmc::storage {

/// The sum (mod 2^64) of the checksums of all entries that count: `min`, and of each slot from
/// there on the proposal that was accepted last, and the promise if that is of a higher number. It
/// does not depend on how the log stores or loses them, so a lost, stale or invented one shows,
/// whatever file it was in. Keeps numbers and a checksum per slot.
class simple_digest {
public:
  /// Drops the slots below.
  void set_min(slot_num min);
  /// Precondition: `number` is not below what was promised there.
  void set_promise(slot_num slot, simple::proposal_number number);
  /// `value`: the encoded proposal, which promises its number, too. In a log that was written again
  /// in parts it may come behind a promise of a higher one, which stays.
  void set_accepted(slot_num slot, simple::proposal_number number, byte_pieces value);

  std::uint64_t value() const { return sum_.checksum; }
  simple::number_or_none promised(slot_num slot) const;
  /// The slot of this entry if that is one that counts, nothing for any other one and for `min`.
  std::optional<slot_num> live_slot(std::string_view key, std::string_view value) const;
  /// Of all entries of slots that count, as they stand in a record.
  std::uint64_t entry_bytes() const { return sum_.bytes; }

private:
  struct vote {
    simple::proposal_number promised;
    simple::number_or_none accepted;
    digest_sum of_accepted;

    bool is_promised_above() const { return !accepted || promised > *accepted; }
  };

  static digest_sum sum_of(slot_num slot, const vote& held);
  template <class Change>
  void change(slot_num slot, Change make);

  std::map<slot_num, vote> votes_;
  std::uint64_t min_ = 0;
  digest_sum sum_;
};

} // namespace pmmc::storage
