// The requests in the bytes of a Redis connection: RESP arrays and inline commands.
#pragma once

#include "redis/request.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::redis {

/// A line: an inline command, or a count.
inline constexpr std::size_t max_line_bytes = 64 << 10;
/// What a word may announce, as in Redis. What cannot be kept is read and thrown away.
inline constexpr std::int64_t max_word_bytes = 512 << 20;
inline constexpr std::int64_t max_words = 1 << 20;
/// Of one request, what is kept: its words, and 4 bytes for each.
inline constexpr std::size_t max_kept_bytes = 2 << 20;

/// The room, in bytes, that a request's words get when `needed` is more than `capacity`: the word
/// that is coming lies from `word_begin` to `word_end`, as announced. Nobody believes an announced
/// length; but who has sent a part of it gets room for five times as much, so that it is seldom
/// moved.
std::size_t grown_room(std::size_t capacity, std::size_t needed, std::size_t word_begin,
                       std::size_t word_end);

/// Takes bytes as they come, cut anywhere. It holds the unfinished request only: never more than
/// max_kept_bytes and a line, whatever lengths are announced. One thread at a time.
class parser {
public:
  /// Appends the requests that `bytes` complete. After a `broken` one no more bytes are taken.
  void feed(std::string_view bytes, std::vector<request>& out);

  bool is_broken() const { return state_ == state::broken; }
  /// Whether some of a request has come, and not all of it.
  bool has_unfinished() const {
    return state_ != state::broken && (state_ != state::start || !line_.empty());
  }
  /// The bytes of the unfinished request, and what it costs to keep them. The room that is reserved
  /// for its rest, up to five times as much, takes memory when it is written to.
  std::size_t held_bytes() const { return line_.capacity() + current_.cost(); }
  /// Of the unfinished request and its present line, whether anything is written to it or not.
  std::size_t reserved_bytes() const {
    return line_.capacity() + current_.bytes.capacity() + 4 * current_.ends.capacity();
  }

private:
  enum class state : std::uint8_t { start, words, word, word_end, broken };

  bool take_line(std::string_view& bytes, const char* too_long, std::vector<request>& out);
  void begin(std::vector<request>& out);
  void begin_word(std::vector<request>& out);
  void make_room(std::size_t part);
  void take_word(std::string_view& bytes);
  void end_word(std::string_view& bytes, std::vector<request>& out);
  void finish_word(std::vector<request>& out);
  void take_inline(std::string_view line, std::vector<request>& out);
  void fail(std::string why, std::vector<request>& out);

  state state_ = state::start;
  std::string line_; ///< the line up to here
  request current_;
  std::int64_t words_left_ = 0;
  std::int64_t bytes_left_ = 0; ///< of the present word, or of its CRLF
};

/// The words of an inline command, with Redis's quoting. False if the quotes do not fit.
bool split_inline(std::string_view line, request& into);

} // namespace pmmc::redis
