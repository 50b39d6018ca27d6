// Requests of Redis clients that want to be executed exactly once, whatever becomes of their
// connections.
#pragma once

#include "kv/hashed_map.hpp"
#include "kv/store_limits.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace pmmc::kv {

/// A session has a name that its client chose, and remembers the highest number of a request that
/// was executed, and the latest answers. A part of the replicated state; ordered by use, not by
/// time: the one that was used longest ago goes when there are too many.
class named_sessions {
public:
  static constexpr std::size_t max_name_bytes = 64; ///< the least is 1
  static constexpr std::string_view name_error = "ERR a session's name must have 1 to 64 bytes";
  /// Of one answer, whoever made it: four times what the store answers today, because versions
  /// before did not count all of it.
  static constexpr std::size_t max_answer_bytes = 4 * max_whole_reply_bytes;

  explicit named_sessions(const store_limits& limits = {}) : limits_(limits) {}

  /// The highest number executed, or nothing if there is no such session.
  std::optional<std::uint64_t> highest(std::string_view name) const;
  /// The answer to request `number`, if it is kept.
  std::optional<std::string_view> answer(std::string_view name, std::uint64_t number) const;

  /// Precondition: there is no such session.
  void open(std::string_view name);
  /// Precondition: the session exists, `number` is above its highest one, and the answer is not
  /// larger than max_answer_bytes.
  void record(std::string_view name, std::uint64_t number, std::string_view answer);

  named_sessions clone() const;
  std::uint64_t fingerprint() const {
    return sessions_.fingerprint() + answers_.fingerprint() + uses_ * 0x9E3779B97F4A7C15ULL;
  }
  std::size_t size_bytes() const { return 8 + sessions_.size_bytes() + answers_.size_bytes(); }
  /// u64 last use, then the maps sessions and answers (hashed_map.hpp).
  void write_to(std::ostream& out) const;
  void read_from(std::istream& in);

private:
  struct session;
  std::optional<session> find(std::string_view name) const;
  void put(std::string_view name, const session& s);
  void drop_oldest_answer(std::string_view name, session& s);
  void remove(std::string_view name);

  store_limits limits_;
  hashed_map sessions_{3}; ///< name → session; stamp: its last use
  hashed_map answers_{4};  ///< name, 0, number (8 bytes, most significant first) → answer
  cow_map by_use_;         ///< last use (8 bytes) → name
  std::uint64_t uses_ = 0;
};

} // namespace pmmc::kv
