#include "sim/resp_value.hpp"

#include "kv/reply.hpp"
#include "sim/checkers/violation.hpp"

#include <charconv>

namespace pmmc::sim {

namespace {

using kind = resp_value::kind;

/// The line at `at`, without its end; `at` moves behind it. Nothing: it has no end yet.
std::optional<std::string_view> line_at(std::string_view bytes, std::size_t& at) {
  const auto end = bytes.find("\r\n", at);
  if (end == std::string_view::npos)
    return std::nullopt;
  const auto line = bytes.substr(at, end - at);
  at = end + 2;
  return line;
}

std::int64_t number_of(std::string_view line) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(line.data() + 1, line.data() + line.size(), number);
  demand(error == std::errc{} && end == line.data() + line.size(),
         [&] { return "P1: a Redis client reads the line " + std::string{line}; });
  return number;
}

/// Where the reply at `at` ends; nothing if it has not come yet.
std::optional<std::size_t> end_of(std::string_view bytes, std::size_t at) {
  for (std::int64_t left = 1; left > 0; --left) {
    const auto line = line_at(bytes, at);
    if (!line)
      return std::nullopt;
    demand(!line->empty(), [] { return std::string{"P1: a Redis client reads an empty line"}; });
    const char what = line->front();
    if (what == '$' && number_of(*line) >= 0)
      at += static_cast<std::size_t>(number_of(*line)) + 2;
    else if (what == '*' && number_of(*line) > 0)
      left += number_of(*line);
    else if (what == '%')
      left += 2 * number_of(*line);
    if (at > bytes.size())
      return std::nullopt;
  }
  return at;
}

/// Of bytes that are there.
resp_value value_at(std::string_view bytes, std::size_t& at) {
  const auto line = *line_at(bytes, at);
  resp_value v;
  switch (line.front()) {
  case '+':
    return {kind::status, 0, std::string{line.substr(1)}, {}};
  case '-':
    return {kind::error, 0, std::string{line.substr(1)}, {}};
  case ':':
    return {kind::integer, number_of(line), {}, {}};
  case '_':
    return {};
  case '$': {
    const auto size = number_of(line);
    if (size < 0)
      return {};
    v = {kind::bulk, 0, std::string{bytes.substr(at, static_cast<std::size_t>(size))}, {}};
    at += static_cast<std::size_t>(size) + 2;
    return v;
  }
  case '*':
  case '%': {
    const auto count = number_of(line) * (line.front() == '%' ? 2 : 1);
    v.what = count < 0 ? kind::nil_array : kind::array;
    for (std::int64_t i = 0; i < count; ++i)
      v.items.push_back(value_at(bytes, at));
    return v;
  }
  default:
    demand(false, [&] { return "P1: a Redis client reads the line " + std::string{line}; });
    return v;
  }
}

} // namespace

std::optional<resp_value> resp_reader::next() {
  const auto end = bytes_.empty() ? std::nullopt : end_of(bytes_, 0);
  if (!end)
    return std::nullopt;
  std::size_t at = 0;
  auto v = value_at(bytes_, at);
  bytes_.erase(0, *end);
  return v;
}

bool is_reply(const resp_value& seen, byte_reader& in) {
  const auto item = kv::next_reply(in);
  if (!item)
    return false;
  switch (item->kind) {
  case kv::reply_kind::nil:
    return seen.what == kind::nil;
  case kv::reply_kind::nil_array:
    return seen.is_nil();
  case kv::reply_kind::integer:
    return seen.what == kind::integer && seen.integer == item->integer;
  case kv::reply_kind::bulk:
    return seen.what == kind::bulk && seen.text == item->bytes;
  case kv::reply_kind::status:
    return seen.what == kind::status && seen.text == item->bytes;
  case kv::reply_kind::error:
    return seen.what == kind::error && seen.text == item->bytes;
  case kv::reply_kind::array:
    break;
  }
  bool same = seen.what == kind::array && seen.items.size() == item->items;
  for (std::uint64_t i = 0; i < item->items; ++i)
    if (!is_reply(same ? seen.items[i] : seen, in))
      same = false;
  return same;
}

std::string describe(const resp_value& v) {
  switch (v.what) {
  case kind::status:
    return "+" + v.text;
  case kind::error:
    return "-" + v.text;
  case kind::integer:
    return std::to_string(v.integer);
  case kind::bulk:
    return '"' + v.text.substr(0, 80) + '"';
  case kind::nil:
    return "nil";
  case kind::nil_array:
    return "nil array";
  case kind::array:
    break;
  }
  std::string text = "[";
  for (const auto& i : v.items)
    text += (text.size() > 1 ? ", " : "") + describe(i);
  return text + "]";
}

} // namespace pmmc::sim
