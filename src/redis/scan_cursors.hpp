// The numbers that SCAN gives out, and the keys that they stand for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::redis {

/// A cursor is a number in Redis's protocol, but a place between two keys here. The latest
/// `max_cursors` are known; one of another process, or an older one, is not, and is told from those
/// by a part that is random in each life of a process.
class scan_cursors {
public:
  static constexpr std::size_t max_cursors = 16'384;

  /// Numbers stay below 2^53, since some clients keep them in floating point.
  explicit scan_cursors(std::uint64_t random) : next_((random & 0xFFFFF) << 32 | 1) {}

  std::uint64_t add(std::string_view last_key) {
    if (keys_.size() == max_cursors)
      keys_.erase(keys_.begin());
    keys_.emplace_hint(keys_.end(), next_, last_key);
    return next_++;
  }

  std::optional<std::string_view> find(std::uint64_t cursor) const {
    const auto found = keys_.find(cursor);
    return found == keys_.end() ? std::nullopt : std::optional<std::string_view>{found->second};
  }

private:
  std::uint64_t next_;
  std::map<std::uint64_t, std::string> keys_;
};

} // namespace pmmc::redis
