#include "check/seen_set.hpp"

#include <algorithm>

namespace pmmc::check {

std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

seen_set::outcome seen_set::add(state_code code) {
  if (code == state_code{})
    code.first = 1; // zero marks a free place
  if (!places_.empty()) {
    const auto mask = places_.size() - 1;
    for (auto at = mixed(code.first ^ code.second) & mask; !(places_[at] == state_code{});
         at = (at + 1) & mask)
      if (places_[at] == code)
        return outcome::known;
  }
  if (size_ >= limit_)
    return outcome::full;
  if (2 * (size_ + 1) > places_.size())
    grow();
  place(places_, code);
  ++size_;
  return outcome::added;
}

void seen_set::place(std::vector<state_code>& places, const state_code& code) {
  const auto mask = places.size() - 1;
  auto at = mixed(code.first ^ code.second) & mask;
  while (!(places[at] == state_code{}))
    at = (at + 1) & mask;
  places[at] = code;
}

void seen_set::grow() {
  std::vector<state_code> larger(std::max<std::size_t>(16, 2 * places_.size()));
  for (const auto& code : places_)
    if (!(code == state_code{}))
      place(larger, code);
  places_ = std::move(larger);
}

} // namespace pmmc::check
