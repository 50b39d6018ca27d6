// A part of the store's state: an ordered map with a fingerprint and a place in the snapshot.
#pragma once

#include "kv/cow_map.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace pmmc::kv {

/// Keys below 64 KiB, values below 4 GiB, and a stamp with each. One thread at a time; a map and
/// its clones may be used by different threads at once.
///
/// In a snapshot: u64 number of entries, then in ascending order of the keys u16 key size, u32
/// value size, u64 stamp, key, value; little-endian.
class hashed_map {
public:
  /// Maps of different `seed` have different fingerprints for the same entries.
  explicit hashed_map(std::uint64_t seed) : seed_(seed) {}

  const cow_map& map() const { return map_; }
  std::optional<std::string_view> find(std::string_view key) const { return map_.find(key); }
  /// The stamp of `key`, or nothing if it is absent.
  std::optional<std::uint64_t> stamp(std::string_view key) const;

  void set(std::string_view key, std::string_view value, std::uint64_t stamp = 0);
  /// Returns whether there was such a key.
  bool erase(std::string_view key);
  void clear();
  hashed_map clone() const;

  /// The sum, modulo 2^64, of a hash of each entry: O(1), independent of the order of writes.
  std::uint64_t fingerprint() const { return fingerprint_; }

  /// Exactly what write() writes.
  std::size_t size_bytes() const;
  void write(std::ostream& out) const;
  /// Replaces the content. Throws std::runtime_error if `in` is malformed, or has larger entries
  /// than these.
  void read(std::istream& in, std::size_t max_key_bytes, std::size_t max_value_bytes);

private:
  std::uint64_t hash_of(std::string_view key, std::string_view value, std::uint64_t stamp) const;

  cow_map map_;
  std::uint64_t seed_;
  std::uint64_t fingerprint_ = 0;
};

/// Reads exactly `size` bytes, or throws std::runtime_error.
std::string read_exactly(std::istream& in, std::size_t size);
std::uint64_t read_u64(std::istream& in);
void write_u64(std::ostream& out, std::uint64_t number);
[[noreturn]] void reject_snapshot(const char* why);

} // namespace pmmc::kv
