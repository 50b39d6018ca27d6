// The keys of the store: values, deadlines, and versions for optimistic transactions.
#pragma once

#include "kv/hashed_map.hpp"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace pmmc::kv {

/// Time in milliseconds since 1970, as operations carry it.
using log_time = std::uint64_t;

inline constexpr std::size_t max_key_bytes = 1024; ///< the least is 1
inline constexpr std::size_t max_value_bytes = 1 << 20;

/// Later times (the year 10889) are none.
inline constexpr log_time last_log_time = log_time{1} << 48;

/// Time comes from the log only: an operation that carries a time later than all before it moves
/// the log time there (which time it may carry: log_clock.hpp), and every key whose deadline has
/// been reached is gone in that same moment. So an expired key is absent for everybody, at the same
/// slot on every replica, and no clock is read here. One thread at a time; clones go to other
/// threads.
class keyspace {
public:
  keyspace();

  std::optional<std::string_view> find(std::string_view key) const { return values_.find(key); }
  /// Changes whenever the key is written, erased, expires, or gets or loses a deadline. An absent
  /// key shares its version with some others (one in `erased_buckets` of them), so that it may
  /// change without cause, but never fails to change.
  std::uint64_t version(std::string_view key) const;
  const cow_map& entries() const { return values_.map(); }
  std::size_t size() const { return values_.map().size(); }

  /// Creates or replaces. The key has no deadline then.
  void write(std::string_view key, std::string_view value);
  /// The same, but a deadline stays.
  void rewrite(std::string_view key, std::string_view value);
  /// Returns whether there was such a key.
  bool erase(std::string_view key);
  void clear();

  log_time now() const { return now_; }
  /// Moves the log time to `to`, unless it is past that. About a microsecond per key that expires.
  void advance(log_time to);
  /// The same, but back as well. Deadlines stay as they are, as moments.
  void set_now(log_time to);
  std::optional<log_time> deadline(std::string_view key) const;
  /// The earliest one.
  std::optional<log_time> next_deadline() const;
  /// Precondition: the key exists. A deadline that is reached already erases it.
  void set_deadline(std::string_view key, log_time when);
  /// Returns whether there was one.
  bool remove_deadline(std::string_view key);

  keyspace clone() const;
  std::uint64_t fingerprint() const;
  std::size_t size_bytes() const;
  /// u64 log time, u64 last version, then the maps values, deadlines, erased (hashed_map.hpp).
  void write_to(std::ostream& out) const;
  void read_from(std::istream& in);

  static constexpr std::uint64_t erased_buckets = 1'024;

private:
  void drop_deadline(std::string_view key);
  void note_erased(std::string_view key);

  hashed_map values_;    ///< stamp: the version
  hashed_map deadlines_; ///< key → 8 bytes, most significant first
  hashed_map erased_;    ///< bucket of keys (2 bytes) → stamp: version of the last erasure
  cow_map by_deadline_;  ///< deadline (8 bytes) and key, for each in deadlines_
  log_time now_ = 0;
  std::uint64_t version_ = 0; ///< the last one given out
};

} // namespace pmmc::kv
