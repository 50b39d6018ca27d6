#include "membership/life_history.hpp"

#include "membership/reconfiguration.hpp"

namespace pmmc {

life life_history::current() const {
  return nonces.empty() ? life{} : life{first + nonces.size() - 1, nonces.back()};
}

void life_history::begin(std::uint64_t nonce) {
  nonces.push_back(nonce);
  if (nonces.size() > max_kept) {
    nonces.erase(nonces.begin());
    ++first;
  }
}

bool life_history::continues(const life& known) const {
  if (known.number < first)
    return true;
  const auto place = known.number - first;
  return place < nonces.size() && nonces[place] == known.nonce;
}

bool is_well_formed(const known_peer& known) { return known.format_id.size() <= max_address_bytes; }

acquaintance judge(const known_peer& known, const directory_facts& told) {
  if (known.format_id != told.format_id)
    return acquaintance::other_disk;
  if (told.lives.nonces.empty())
    return acquaintance::good;
  if (!told.lives.continues(known.last) ||
      (known.was_refused && known.last.number < told.lives.first))
    return acquaintance::old_copy;
  // What it told of the life that goes on is from when that began.
  if (told.lives.current() != known.last && told.records < known.records)
    return acquaintance::records_gone;
  return acquaintance::good;
}

} // namespace pmmc
