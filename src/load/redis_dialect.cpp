#include "load/dialect.hpp"

#include <charconv>

namespace pmmc::load {

namespace {

/// A reply of one of the types that SET, GET and WAIT have.
struct reply {
  char type = 0;
  std::string_view line; ///< behind the type: a status, an error, a number or a length
  std::size_t bytes = 0; ///< with the bulk string, if it is one
};

long number_of(std::string_view text) {
  long n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

std::optional<reply> take_reply(std::string_view received) {
  const auto end = received.find("\r\n");
  if (end == std::string_view::npos)
    return std::nullopt;
  reply r{received[0], received.substr(1, end - 1), end + 2};
  if (r.type == '$' && number_of(r.line) >= 0)
    r.bytes += static_cast<std::size_t>(number_of(r.line)) + 2;
  if (received.size() < r.bytes)
    return std::nullopt;
  return r;
}

/// What an error reply means (docs/CLIENTS.md).
ending ending_of(std::string_view error) {
  if (error.starts_with("CLUSTERDOWN it is not known"))
    return ending::unknown;
  if (error.starts_with("CLUSTERDOWN") || error.starts_with("BUSY"))
    return ending::not_executed;
  return ending::refused;
}

void append_bulk(std::string& out, std::string_view bytes) {
  out += '$';
  out += std::to_string(bytes.size());
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

} // namespace

void redis_dialect::append_request(const operation& op, std::string& out) {
  if (op.kind == operation_kind::get) {
    out += "*2\r\n$3\r\nGET\r\n";
    return append_bulk(out, op.key);
  }
  out += "*3\r\n$3\r\nSET\r\n";
  append_bulk(out, op.key);
  append_bulk(out, op.value);
  if (wait_for_ > 0) {
    out += "*3\r\n$4\r\nWAIT\r\n";
    append_bulk(out, std::to_string(wait_for_));
    append_bulk(out, "0");
  }
}

std::optional<answer> redis_dialect::take_answer(operation_kind kind, std::string_view received) {
  const auto first = take_reply(received);
  if (!first)
    return std::nullopt;
  answer result{ending::done, {}, first->bytes};
  if (first->type == '-')
    result = {ending_of(first->line), std::string{first->line}, first->bytes};
  else if (first->type == '_' || (first->type == '$' && number_of(first->line) < 0))
    result.how = ending::absent;
  if (kind == operation_kind::get || wait_for_ == 0)
    return result;
  const auto copies = take_reply(received.substr(first->bytes));
  if (!copies)
    return std::nullopt;
  result.bytes += copies->bytes;
  if (result.how == ending::done && (copies->type != ':' || number_of(copies->line) < wait_for_))
    result = {ending::unknown, "WAIT: " + std::string{copies->line}, result.bytes};
  return result;
}

} // namespace pmmc::load
