#include "kv/transaction.hpp"

#include "base/codec.hpp"

#include <array>
#include <bit>

namespace pmmc::kv {

namespace {

// Small numbers of either sign take few bytes.
std::uint64_t zigzag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63);
}

std::int64_t from_zigzag(std::uint64_t n) {
  return static_cast<std::int64_t>((n >> 1) ^ (~(n & 1) + 1));
}

std::size_t varint_bytes(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

/// By verb.
constexpr std::array<std::string_view, static_cast<std::size_t>(last_verb) + 1> verb_names = {
    "",        "get",    "set",       "getdel", "mget",      "mset",     "del",
    "exists",  "append", "strlen",    "incrby", "expire",    "ttl",      "persist",
    "type",    "scan",   "keys",      "dbsize", "randomkey", "flushall", "version",
    "session", "clock",  "set_clock", "cas"};

std::optional<call> read_call(pmmc::byte_reader& in) {
  call c;
  const auto what = in.varint();
  const auto flags = in.varint();
  c.number = from_zigzag(in.varint());
  if (what == 0 || what > static_cast<std::uint64_t>(last_verb) || flags > 0xff)
    return std::nullopt;
  c.what = static_cast<verb>(what);
  c.flags = static_cast<std::uint8_t>(flags);
  for (auto left = in.varint(); in.ok() && left > 0; --left)
    c.words.push_back(in.bytes());
  return in.ok() ? std::optional{std::move(c)} : std::nullopt;
}

} // namespace

bool is_read(verb what) {
  switch (what) {
  case verb::get:
  case verb::mget:
  case verb::exists:
  case verb::strlen:
  case verb::ttl:
  case verb::type:
  case verb::scan:
  case verb::keys:
  case verb::dbsize:
  case verb::randomkey:
  case verb::version:
  case verb::clock:
    return true;
  default:
    return false;
  }
}

std::size_t encoded_bytes(const transaction& t) {
  const auto sized = [](std::string_view bytes) {
    return varint_bytes(bytes.size()) + bytes.size();
  };
  auto bytes = 2 + varint_bytes(t.now) + varint_bytes(t.watched.size()) + sized(t.session) +
               varint_bytes(t.calls.size());
  for (const auto& [key, version] : t.watched)
    bytes += sized(key) + varint_bytes(version);
  if (!t.session.empty())
    bytes += varint_bytes(t.sequence);
  for (const auto& c : t.calls) {
    bytes += varint_bytes(static_cast<std::uint64_t>(c.what)) + varint_bytes(c.flags) +
             varint_bytes(zigzag(c.number)) + varint_bytes(c.words.size());
    for (const auto word : c.words)
      bytes += sized(word);
  }
  return bytes;
}

std::string encode(const transaction& t) {
  std::string out;
  out.reserve(encoded_bytes(t));
  out.push_back(transaction_code);
  put_varint(out, t.now);
  put_varint(out, t.whole);
  put_varint(out, t.watched.size());
  for (const auto& [key, version] : t.watched) {
    put_bytes(out, key);
    put_varint(out, version);
  }
  put_bytes(out, t.session);
  if (!t.session.empty())
    put_varint(out, t.sequence);
  put_varint(out, t.calls.size());
  for (const auto& c : t.calls) {
    put_varint(out, static_cast<std::uint64_t>(c.what));
    put_varint(out, c.flags);
    put_varint(out, zigzag(c.number));
    put_varint(out, c.words.size());
    for (const auto word : c.words)
      put_bytes(out, word);
  }
  return out;
}

std::optional<transaction> decode_transaction(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != transaction_code)
    return std::nullopt;
  pmmc::byte_reader in{bytes.substr(1)};
  transaction t;
  t.now = in.varint();
  const auto whole = in.varint();
  t.whole = whole == 1;
  for (auto left = in.varint(); in.ok() && left > 0; --left) {
    const auto key = in.bytes();
    t.watched.emplace_back(key, in.varint());
  }
  t.session = in.bytes();
  if (!t.session.empty())
    t.sequence = in.varint();
  const auto calls = in.varint();
  if (calls > max_calls)
    return std::nullopt;
  for (auto left = calls; in.ok() && left > 0; --left) {
    auto c = read_call(in);
    if (!c)
      return std::nullopt;
    t.calls.push_back(std::move(*c));
  }
  if (!in.ok() || !in.at_end() || whole > 1)
    return std::nullopt;
  return t;
}

std::string_view name_of_transaction(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != transaction_code)
    return {};
  pmmc::byte_reader in{bytes.substr(1)};
  in.varint(); // now
  const bool whole = in.varint() == 1;
  const auto watched = in.varint();
  for (auto left = watched; in.ok() && left > 0; --left) {
    in.bytes();
    in.varint();
  }
  const bool in_session = !in.bytes().empty();
  if (in_session)
    in.varint(); // sequence
  const auto calls = in.varint();
  if (!in.ok())
    return {};
  // PMMC REQ makes one command whole, too.
  if (watched > 0 || (whole && (calls != 1 || !in_session)))
    return "transaction";
  if (calls != 1)
    return calls == 0 ? "expire" : "pipeline";
  const auto what = in.varint();
  return in.ok() && what < verb_names.size() ? verb_names[what] : std::string_view{};
}

} // namespace pmmc::kv
