// The states that a search has met, as hashes, each with the hash of the state from which it was
// met first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace pmmc::search {

/// Thread-safe. 16 bytes for each entry, of which at most three quarters are in use.
class visited_states {
public:
  /// Whether `hash` is new; if so, it came from `parent`. Neither is 0, but for the first state's
  /// parent.
  bool insert(std::uint64_t hash, std::uint64_t parent);
  /// The parent of a state that was inserted.
  std::optional<std::uint64_t> parent_of(std::uint64_t hash);
  std::size_t size() const;
  std::size_t bytes() const;

private:
  struct entry {
    std::uint64_t hash = 0;
    std::uint64_t parent = 0;
  };
  /// A hash table of its own, so that threads seldom meet and growing needs little room at a time.
  struct shard {
    mutable std::mutex mutex;
    std::vector<entry> entries = std::vector<entry>(64);
    std::size_t used = 0;

    entry& find(std::uint64_t hash);
    void grow();
  };
  static constexpr std::size_t shard_bits = 8;

  std::array<shard, std::size_t{1} << shard_bits> shards_;
};

} // namespace pmmc::search
