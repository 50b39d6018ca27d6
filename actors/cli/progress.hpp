// A progress line on stderr, if that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pmmc::cli {

/// Counts things done, and shows how many and how fast, at most ten times a second.
class progress_meter {
public:
  /// `total` of the same unit as `position`; 0 if it is not known (no bar then). Unless `shows`, it
  /// only counts.
  progress_meter(std::string what, std::uint64_t total, bool shows = true);

  void advance(std::uint64_t count) { show_at(done_ + count, position_); }
  /// For a bar: how far into `total`.
  void show_at(std::uint64_t count, std::uint64_t position);
  /// Ends the line.
  void finish();
  /// "12.3 s, 8132 a second".
  std::string rate() const;

private:
  void show();

  std::string what_;
  std::uint64_t total_;
  bool terminal_;
  bool shown_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t position_ = 0;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_at_ = begun_;
};

} // namespace pmmc::cli
