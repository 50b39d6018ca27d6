// How long clients wait for a replica's answers, by operation and outcome.
#pragma once

#include "base/histogram.hpp"
#include "consensus/messages.hpp"
#include "service/state_machine.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc {

struct client_requests;

inline constexpr std::array<double, 16> request_second_bounds{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

/// Nanoseconds of a clock that only grows; never 0.
inline std::uint64_t steady_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

inline double seconds_since(std::uint64_t then_ns) {
  return static_cast<double>(steady_ns() - then_ns) / 1e9;
}

inline constexpr std::size_t reply_statuses = 7;

/// "ok", "session_ended", …
std::string_view to_string(reply_status status);

struct operation_times {
  std::string operation;
  std::array<std::optional<histogram>, reply_statuses>
      seconds; ///< by reply_status, once there was one
};

/// For the replica's shell. Costs a look at the clock for each message, not for each request.
class request_times {
public:
  /// Notes in each request when it came and what it is. To be called before the core gets them.
  void note_arrival(client_requests& m, const state_machine& machine);

  /// Counts the answers among what goes out.
  void observe(const std::vector<envelope>& out);

  const std::vector<operation_times>& by_operation() const { return by_operation_; }

private:
  static constexpr std::size_t max_operations = 64; ///< further names are counted as "other"

  std::uint8_t index_of(std::string_view operation);
  void observe(const arrival& arrived, reply_status status, std::uint64_t now_ns);

  std::vector<operation_times> by_operation_;
};

} // namespace pmmc
