#include "storage/simple_digest.hpp"

#include "storage/log_record.hpp"
#include "storage/simple_codec.hpp"

#include <algorithm>

namespace pmmc::storage {

digest_sum simple_digest::sum_of(slot_num slot, const vote& held) {
  auto sum = held.of_accepted;
  if (held.is_promised_above()) {
    const auto key = promise_key(slot);
    const auto value = encode(held.promised);
    sum += {entry_checksum(key, value), storage::entry_bytes(key.size(), value.size())};
  }
  return sum;
}

template <class Change>
void simple_digest::change(slot_num slot, Change make) {
  const auto [at, is_new] = votes_.try_emplace(slot);
  auto& held = at->second;
  if (!is_new)
    sum_ -= sum_of(slot, held);
  make(held);
  sum_ += sum_of(slot, held);
}

void simple_digest::set_min(slot_num min) {
  const auto end = votes_.lower_bound(min);
  for (auto it = votes_.begin(); it != end; it = votes_.erase(it))
    sum_ -= sum_of(it->first, it->second);
  sum_.replace(min_, entry_checksum(min_key, encode_slot(min)));
}

void simple_digest::set_promise(slot_num slot, simple::proposal_number number) {
  change(slot, [&](vote& held) { held.promised = number; });
}

void simple_digest::set_accepted(slot_num slot, simple::proposal_number number, byte_pieces value) {
  const auto key = accept_key(slot);
  change(slot, [&](vote& held) {
    held.promised = std::max(held.promised, number);
    held.accepted = number;
    held.of_accepted = {entry_checksum(key, value),
                        storage::entry_bytes(key.size(), size_of(value))};
  });
}

simple::number_or_none simple_digest::promised(slot_num slot) const {
  const auto held = votes_.find(slot);
  return held == votes_.end() ? simple::number_or_none{} : held->second.promised;
}

std::optional<slot_num> simple_digest::live_slot(std::string_view key,
                                                 std::string_view value) const {
  const auto of_promise = parse_promise_key(key);
  const auto slot = of_promise ? of_promise : parse_accept_key(key);
  const auto held = slot ? votes_.find(*slot) : votes_.end();
  if (held == votes_.end())
    return std::nullopt;
  const auto& found = held->second;
  const bool counts =
      of_promise ? found.is_promised_above() && decode_number(value) == found.promised
                 : found.accepted && found.of_accepted.checksum == entry_checksum(key, value);
  return counts ? slot : std::nullopt;
}

} // namespace pmmc::storage
