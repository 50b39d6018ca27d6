#include "redis/parser.hpp"

#include "redis/command_table.hpp"

#include "text/number.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::redis {

namespace {

constexpr std::string_view crlf = "\r\n";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char unescaped(char c) {
  switch (c) {
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  case 'b':
    return '\b';
  case 'a':
    return '\a';
  default:
    return c;
  }
}

/// The part of a word in quotes, from behind the opening one on. False if it is not closed, or if
/// something other than a blank follows.
bool take_quoted(std::string_view line, std::size_t& at, char quote, std::string& word) {
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (c == quote) {
      ++at;
      return at == line.size() || is_blank(line[at]);
    }
    if (c != '\\' || at + 1 == line.size()) {
      word += c;
    } else if (quote == '\'') {
      if (line[at + 1] == '\'')
        ++at;
      word += line[at];
    } else if (line[at + 1] == 'x' && at + 3 < line.size() && hex_digit(line[at + 2]) >= 0 &&
               hex_digit(line[at + 3]) >= 0) {
      word += static_cast<char>(hex_digit(line[at + 2]) * 16 + hex_digit(line[at + 3]));
      at += 3;
    } else {
      word += unescaped(line[++at]);
    }
  }
  return false;
}

} // namespace

bool split_inline(std::string_view line, request& into) {
  std::size_t at = 0;
  std::string word;
  while (true) {
    while (at < line.size() && is_blank(line[at]))
      ++at;
    if (at == line.size())
      return true;
    word.clear();
    while (at < line.size() && !is_blank(line[at])) {
      const char c = line[at++];
      if (c != '"' && c != '\'')
        word += c;
      else if (!take_quoted(line, at, c, word))
        return false;
    }
    into.add(word);
  }
}

void parser::fail(std::string why, std::vector<request>& out) {
  state_ = state::broken;
  std::string{}.swap(line_); // an assignment would keep the room
  static_cast<void>(std::exchange(current_, {}));
  out.push_back({request_kind::broken, "ERR Protocol error: " + std::move(why), {}});
}

void parser::feed(std::string_view bytes, std::vector<request>& out) {
  while (!bytes.empty()) {
    switch (state_) {
    case state::start:
      if (take_line(bytes, "", out))
        begin(out);
      break;
    case state::words:
      if (take_line(bytes, "too big bulk count string", out))
        begin_word(out);
      break;
    case state::word:
      take_word(bytes);
      break;
    case state::word_end:
      end_word(bytes, out);
      break;
    case state::broken:
      return;
    }
  }
}

/// True if line_ holds a whole line, with its newline.
bool parser::take_line(std::string_view& bytes, const char* too_long, std::vector<request>& out) {
  const auto newline = bytes.find('\n');
  const auto part = bytes.substr(0, newline == bytes.npos ? bytes.npos : newline + 1);
  if (line_.size() + part.size() > max_line_bytes) {
    const char first = line_.empty() ? part.front() : line_.front();
    fail(*too_long != '\0'
             ? too_long
             : (first == '*' ? "too big mbulk count string" : "too big inline request"),
         out);
    return false;
  }
  line_ += part;
  bytes.remove_prefix(part.size());
  return newline != std::string_view::npos;
}

void parser::begin(std::vector<request>& out) {
  const auto line = std::exchange(line_, {});
  if (line.front() != '*')
    return take_inline(std::string_view{line}.substr(0, line.size() - 1), out);
  const auto count = line.ends_with(crlf)
                         ? text::parse_int64(std::string_view{line}.substr(1, line.size() - 3))
                         : std::nullopt;
  if (!count || *count > max_words)
    return fail("invalid multibulk length", out);
  if (*count <= 0)
    return;
  words_left_ = *count;
  state_ = state::words;
}

void parser::take_inline(std::string_view line, std::vector<request>& out) {
  request r;
  if (!split_inline(line, r))
    return fail("unbalanced quotes in request", out);
  // What a browser sends to a port that it was told to: it must not be taken for commands.
  if (r.size() > 0 && (r[0] == "POST" || r[0] == "Host:"))
    return fail("this is no HTTP port", out);
  if (r.size() > 0)
    out.push_back(std::move(r));
}

void parser::begin_word(std::vector<request>& out) {
  if (line_.front() != '$')
    return fail(std::string{"expected '$', got '"} + line_.front() + "'", out);
  const auto size = line_.ends_with(crlf)
                        ? text::parse_int64(std::string_view{line_}.substr(1, line_.size() - 3))
                        : std::nullopt;
  if (!size || *size < 0 || *size > max_word_bytes)
    return fail("invalid bulk length", out);
  line_.clear();
  if (current_.bytes.size() + 4 * current_.ends.size() + static_cast<std::size_t>(*size) + 4 >
          max_kept_bytes &&
      current_.kind == request_kind::command) {
    const bool is_watch = current_.size() > 0 && equals_ignoring_case(current_[0], "watch");
    current_ = {
        request_kind::too_large, "ERR not executed: a command has at most 1 MiB", {}, is_watch};
  }
  bytes_left_ = *size;
  state_ = state::word;
  if (std::string_view nothing; bytes_left_ == 0)
    take_word(nothing);
}

/// A long word takes no more room than it needs. A short one behind others must not move all of
/// them, so it makes room for its followers.
std::size_t grown_room(std::size_t capacity, std::size_t needed, std::size_t word_begin,
                       std::size_t word_end) {
  const auto some = capacity + capacity / 2;
  const auto part = std::min(word_end, 5 * needed);
  const bool is_long = word_end - word_begin >= word_begin;
  return std::max(part, is_long ? std::min(word_end, some) : some);
}

/// A string that grows by itself would have up to twice the room.
void parser::make_room(std::size_t part) {
  auto& kept = current_.bytes;
  const auto needed = kept.size() + part;
  if (needed <= kept.capacity())
    return;
  std::string grown;
  grown.reserve(grown_room(kept.capacity(), needed,
                           current_.ends.empty() ? 0 : current_.ends.back(),
                           kept.size() + static_cast<std::size_t>(bytes_left_)));
  grown.append(kept);
  kept.swap(grown);
}

void parser::take_word(std::string_view& bytes) {
  const auto part = bytes.substr(0, static_cast<std::size_t>(bytes_left_));
  if (current_.kind == request_kind::command) {
    make_room(part.size());
    current_.bytes += part;
  }
  bytes.remove_prefix(part.size());
  bytes_left_ -= static_cast<std::int64_t>(part.size());
  if (bytes_left_ == 0) {
    bytes_left_ = static_cast<std::int64_t>(crlf.size());
    state_ = state::word_end;
  }
}

void parser::end_word(std::string_view& bytes, std::vector<request>& out) {
  const auto expected = crlf[crlf.size() - static_cast<std::size_t>(bytes_left_)];
  if (bytes.front() != expected)
    return fail("a bulk string does not end with CRLF", out);
  bytes.remove_prefix(1);
  if (--bytes_left_ == 0)
    finish_word(out);
}

void parser::finish_word(std::vector<request>& out) {
  if (current_.kind == request_kind::command)
    current_.ends.push_back(static_cast<std::uint32_t>(current_.bytes.size()));
  state_ = state::words;
  if (--words_left_ > 0)
    return;
  out.push_back(std::exchange(current_, {}));
  state_ = state::start;
}

} // namespace pmmc::redis
