// What a load consists of, and the operations that it is made of.
#pragma once

#include "base/random.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace pmmc::load {

using clock = std::chrono::steady_clock;

inline constexpr std::size_t key_bytes = 16;

/// A closed loop: each client sends its next operation when it has the answer to the one before.
struct plan {
  std::size_t clients = 16;
  std::uint64_t keys = 10'000; ///< drawn from uniformly
  std::size_t value_bytes = 64;
  double get_share = 0; ///< of the operations, 0 to 1; the others are puts
  bool preload = false; ///< first, and unmeasured, put every key once
  std::chrono::milliseconds warm_up{2'000};
  std::chrono::milliseconds duration{8'000}; ///< measured
  std::chrono::milliseconds timeout{10'000}; ///< for the first answer, and for each operation
  std::uint64_t seed = 1;
};

enum class operation_kind : std::uint8_t { put, get };

struct operation {
  operation_kind kind = operation_kind::put;
  bool preload = false;
  std::string key;   ///< key_bytes long
  std::string value; ///< puts
};

/// The operations of some of the clients. Not thread-safe.
class operation_source {
public:
  /// One of `sources`, numbered from 0, that share the plan's work.
  operation_source(const plan& p, std::size_t number, std::size_t sources);

  operation next();

private:
  std::string value();

  const plan plan_;
  std::size_t sources_;
  std::uint64_t next_preload_;
  random_source random_;
  std::string bytes_; ///< values are cut out of it
};

} // namespace pmmc::load
