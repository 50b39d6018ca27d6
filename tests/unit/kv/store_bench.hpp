// A key-value store in a test, and its answers as text.
#pragma once

#include "base/codec.hpp"
#include "kv/kv_store.hpp"
#include "kv/reply.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::kv {

/// Replies as text: "nil", "1", "\"bulk\"", "+status", "-error", "[…]".
inline std::string text_of(pmmc::byte_reader& in) {
  const auto item = next_reply(in);
  if (!item)
    return "nothing";
  switch (item->kind) {
  case reply_kind::nil:
  case reply_kind::nil_array:
    return "nil";
  case reply_kind::integer:
    return std::to_string(item->integer);
  case reply_kind::bulk:
    return '"' + std::string{item->bytes} + '"';
  case reply_kind::status:
    return '+' + std::string{item->bytes};
  case reply_kind::error:
    return '-' + std::string{item->bytes};
  case reply_kind::array:
    break;
  }
  std::string text = "[";
  for (std::uint64_t i = 0; i < item->items; ++i)
    text += (i == 0 ? "" : " ") + text_of(in);
  return text + "]";
}

inline std::string text_of(const std::string& answer) {
  switch (static_cast<transaction_status>(answer.at(0))) {
  case transaction_status::done:
    break;
  case transaction_status::due:
    return "due";
  case transaction_status::aborted:
    return "aborted";
  case transaction_status::no_session:
    return "no session";
  case transaction_status::overtaken:
    return "overtaken";
  case transaction_status::malformed:
    return "malformed";
  }
  pmmc::byte_reader in{std::string_view{answer}.substr(1)};
  std::string text;
  for (auto left = in.varint(); left > 0; --left)
    text += (text.empty() ? "" : " ") + text_of(in);
  CHECK(in.at_end());
  return text;
}

/// A store, and whoever talks to it.
struct store_bench {
  kv_store store;
  log_time now = 1'000'000;

  transaction of(std::vector<call> calls) const {
    transaction t;
    t.now = now;
    t.calls = std::move(calls);
    return t;
  }
  std::string apply(std::vector<call> calls) {
    return text_of(store.apply(encode(of(std::move(calls)))));
  }
  std::string apply(call c) { return apply(std::vector{std::move(c)}); }
  std::string query(call c) const { return text_of(store.query(encode(of({std::move(c)})))); }
  std::string get(std::string_view key) const { return query({verb::get, 0, 0, {key}}); }
  std::int64_t version(std::string_view key) const {
    return std::stoll(query({verb::version, 0, 0, {key}}).substr(1));
  }
  std::string set(std::string_view key, std::string_view value, std::uint8_t flags = 0,
                  std::int64_t number = 0) {
    return apply(call{verb::set, flags, number, {key, value}});
  }
  std::string exec(std::vector<std::pair<std::string_view, std::uint64_t>> watched, call c) {
    auto t = of({std::move(c)});
    t.whole = true;
    t.watched = std::move(watched);
    return text_of(store.apply(encode(t)));
  }
  std::string once(std::string_view session, std::uint64_t number, call c) {
    auto t = of({std::move(c)});
    t.session = session;
    t.sequence = number;
    return text_of(store.apply(encode(t)));
  }
  /// So many keys of `size` digits with empty values; returns them.
  std::vector<std::string> fill(std::size_t count, std::size_t size) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = std::to_string(i);
      names.push_back("1" + std::string(size - 1 - number.size(), '0') + number);
    }
    for (std::size_t i = 0; i < count; i += 50'000) {
      call set{verb::mset, 0, 0, {}};
      for (auto k = i; k < std::min(count, i + 50'000); ++k)
        set.words.insert(set.words.end(), {names[k], ""});
      apply(std::move(set));
    }
    return names;
  }
  std::string snapshot() const {
    std::ostringstream out;
    store.snapshot(out);
    return out.str();
  }
};

inline constexpr auto no_room =
    "-ERR not executed: the replies would be larger than 16 MiB; ask for less "
    "(for KEYS: use SCAN)";

inline call plus_one(std::string_view key) { return {verb::incrby, 0, 1, {key}}; }

} // namespace pmmc::kv
