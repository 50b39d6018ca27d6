#include "door/half_open.hpp"

#include <algorithm>

namespace pmmc::door {

void half_open_places::take(std::uint64_t number, const std::string& host) {
  if (host_of_.emplace(number, host).second)
    ++places_[host];
}

void half_open_places::leave(std::uint64_t number) {
  const auto it = host_of_.find(number);
  if (it == host_of_.end())
    return;
  if (const auto host = places_.find(it->second); --host->second == 0)
    places_.erase(host);
  host_of_.erase(it);
}

std::optional<std::uint64_t> half_open_places::oldest() const {
  return host_of_.empty() ? std::nullopt : std::optional{host_of_.begin()->first};
}

std::uint64_t half_open_places::first_to_go() const {
  const auto most =
      std::max_element(places_.begin(), places_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return std::find_if(host_of_.begin(), host_of_.end(),
                      [&](const auto& entry) { return entry.second == most->first; })
      ->first;
}

} // namespace pmmc::door
