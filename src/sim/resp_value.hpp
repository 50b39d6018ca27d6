// Replies as a Redis client reads them: RESP2 and RESP3, of bytes that come in pieces.
#pragma once

#include "base/codec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::sim {

struct resp_value {
  enum class kind : std::uint8_t { status, error, integer, bulk, nil, array, nil_array };
  kind what = kind::nil;
  std::int64_t integer = 0;
  std::string text = {};
  std::vector<resp_value> items = {};

  bool is_error() const { return what == kind::error; }
  bool is_error(std::string_view begin) const { return is_error() && text.starts_with(begin); }
  bool is_nil() const { return what == kind::nil || what == kind::nil_array; }
};

std::string describe(const resp_value& v);

/// Whether the next reply of the store (kv/reply.hpp), which is taken, is the one that the client
/// read.
bool is_reply(const resp_value& seen, byte_reader& in);

class resp_reader {
public:
  void feed(std::string_view bytes) { bytes_ += bytes; }
  /// The next whole reply. Throws `violation` on what no reply is.
  std::optional<resp_value> next();
  void clear() { bytes_.clear(); }

private:
  std::string bytes_;
};

} // namespace pmmc::sim
