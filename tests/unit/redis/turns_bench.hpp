// A front with little room, and requests whose replies are large.
#pragma once

#include "front_bench.hpp"

#include <cstddef>
#include <string>

namespace pmmc::redis::test {

inline constexpr std::size_t value_bytes = 50'000;

inline front::settings tight() {
  front::settings s;
  s.small_reply_bytes = 1'000;
  s.max_reply_bytes = 5 * value_bytes;
  s.max_unsent_bytes = 5'000;
  s.max_operation_bytes = 125'000;
  s.max_query_bytes = 10'000'000;
  return s;
}

inline std::string set_large(const std::string& key) {
  return "SET " + key + " " + std::string(value_bytes, 'x') + "\n";
}

inline std::string get_reply() {
  return "$" + std::to_string(value_bytes) + "\r\n" + std::string(value_bytes, 'x') + "\r\n";
}

} // namespace pmmc::redis::test
