// What became of the operations of a load, and how long they took.
#pragma once

#include "base/histogram.hpp"
#include "load/plan.hpp"

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace pmmc::load {

/// How an operation ended.
enum class ending : std::uint8_t {
  done,
  absent,       ///< done: there was no such key
  refused,      ///< not executed: the servers do not want it
  not_executed, ///< nobody took it
  unknown,      ///< no answer in time, or the connection broke
};
inline constexpr std::array ending_names = {"done", "absent", "refused", "not_executed", "unknown"};

/// Latencies in buckets that are 1 % wide.
class latencies {
public:
  latencies();

  void add(double seconds);
  std::uint64_t count() const { return histogram_.count(); }
  /// The seconds that a share of 0 to 1 of them did not exceed, to 1 % above; 0 without any.
  double quantile(double share) const;
  double longest() const { return longest_; }

private:
  histogram histogram_;
  double longest_ = 0;
};

struct started {
  operation_kind kind = operation_kind::put;
  bool preload = false;
  clock::time_point at;
};

/// Any thread may call it.
class recorder {
public:
  explicit recorder(const plan& p) : plan_(p) {}

  /// At the moment of the answer. `why` is for people, unless it went well.
  void finished(const started& op, ending how, const std::string& why = {});

  /// Waits until something went well, and what is preloaded is there. False 2 s after the
  /// plan's timeout, counted from the last operation that went well.
  bool await_begin();
  /// Operations that end from `from` until `until` count as measured.
  void measure(clock::time_point from, clock::time_point until);

  /// How many went well so far.
  std::uint64_t good() const;

  struct results {
    latencies put;
    latencies get;
    latencies both;
    std::array<std::uint64_t, ending_names.size()> measured{}; ///< by ending
    std::array<std::uint64_t, ending_names.size()> all_puts{}; ///< from the first one to the last
    std::array<std::uint64_t, ending_names.size()> all_gets{};
    std::map<std::string, std::uint64_t> troubles; ///< what was said of those that went wrong
  };
  results take() const;

private:
  const plan plan_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  clock::time_point from_ = clock::time_point::max();
  clock::time_point until_ = clock::time_point::max();
  std::uint64_t good_ = 0;
  std::uint64_t preloaded_ = 0;
  results results_;
};

} // namespace pmmc::load
