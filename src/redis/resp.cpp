#include "redis/resp.hpp"

#include "kv/reply.hpp"

#include <algorithm>
#include <charconv>

namespace pmmc::redis {

namespace {

void put_number(std::string& out, char type, std::int64_t number) {
  char text[24];
  text[0] = type;
  auto* end = std::to_chars(text + 1, text + sizeof text - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text, end);
}

} // namespace

void put_status(std::string& out, std::string_view line) {
  out.append(1, '+').append(line).append("\r\n");
}

void put_error(std::string& out, std::string_view line) {
  out += '-';
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  out += line;
  std::replace_if(
      out.begin() + begin, out.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  out += "\r\n";
}

void put_integer(std::string& out, std::int64_t number) { put_number(out, ':', number); }

void put_bulk(std::string& out, std::string_view bytes) {
  put_number(out, '$', static_cast<std::int64_t>(bytes.size()));
  out.append(bytes).append("\r\n");
}

void put_nil(std::string& out, protocol p) { out += p == protocol::resp3 ? "_\r\n" : "$-1\r\n"; }

void put_nil_array(std::string& out, protocol p) {
  out += p == protocol::resp3 ? "_\r\n" : "*-1\r\n";
}

void put_array(std::string& out, std::size_t items) {
  put_number(out, '*', static_cast<std::int64_t>(items));
}

void put_map(std::string& out, protocol p, std::size_t pairs) {
  if (p == protocol::resp3)
    put_number(out, '%', static_cast<std::int64_t>(pairs));
  else
    put_array(out, 2 * pairs);
}

bool put_reply(std::string& out, protocol p, pmmc::byte_reader& from) {
  for (std::uint64_t left = 1; left > 0; --left) {
    const auto item = kv::next_reply(from);
    if (!item)
      return false;
    switch (item->kind) {
    case kv::reply_kind::nil:
      put_nil(out, p);
      break;
    case kv::reply_kind::nil_array:
      put_nil_array(out, p);
      break;
    case kv::reply_kind::integer:
      put_integer(out, item->integer);
      break;
    case kv::reply_kind::bulk:
      put_bulk(out, item->bytes);
      break;
    case kv::reply_kind::status:
      put_status(out, item->bytes);
      break;
    case kv::reply_kind::error:
      put_error(out, item->bytes);
      break;
    case kv::reply_kind::array:
      put_array(out, item->items);
      left += item->items;
      break;
    }
  }
  return true;
}

} // namespace pmmc::redis
