#include "search/visited_states.hpp"

#include <utility>

namespace pmmc::search {

/// Where `hash` is, or would be. Its upper bits have chosen the shard.
visited_states::entry& visited_states::shard::find(std::uint64_t hash) {
  const auto mask = entries.size() - 1;
  auto at = hash & mask;
  while (entries[at].hash != 0 && entries[at].hash != hash)
    at = (at + 1) & mask;
  return entries[at];
}

void visited_states::shard::grow() {
  const auto old = std::exchange(entries, std::vector<entry>(entries.size() * 2));
  for (const auto& e : old)
    if (e.hash != 0)
      find(e.hash) = e;
}

bool visited_states::insert(std::uint64_t hash, std::uint64_t parent) {
  auto& s = shards_[hash >> (64 - shard_bits)];
  const std::lock_guard lock{s.mutex};
  auto& place = s.find(hash);
  if (place.hash == hash)
    return false;
  place = {hash, parent};
  if (++s.used * 4 > s.entries.size() * 3)
    s.grow();
  return true;
}

std::optional<std::uint64_t> visited_states::parent_of(std::uint64_t hash) {
  auto& s = shards_[hash >> (64 - shard_bits)];
  const std::lock_guard lock{s.mutex};
  const auto& place = s.find(hash);
  return place.hash == hash ? std::optional{place.parent} : std::nullopt;
}

std::size_t visited_states::size() const {
  std::size_t sum = 0;
  for (const auto& s : shards_) {
    const std::lock_guard lock{s.mutex};
    sum += s.used;
  }
  return sum;
}

std::size_t visited_states::bytes() const {
  std::size_t sum = 0;
  for (const auto& s : shards_) {
    const std::lock_guard lock{s.mutex};
    sum += s.entries.size() * sizeof(entry);
  }
  return sum;
}

} // namespace pmmc::search
