// Counts of how large things were. Plain numbers, so that a core may keep one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pmmc {

/// Observations by bucket. A bucket holds those up to and with its upper bound that are above the
/// bound before; one more bucket holds the rest. Not thread-safe.
class histogram {
public:
  /// `bounds` grow, and outlive this object.
  explicit histogram(std::span<const double> bounds)
      : bounds_(bounds), buckets_(bounds.size() + 1) {}

  void observe(double value) {
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    ++buckets_[static_cast<std::size_t>(bucket)];
    ++count_;
    sum_ += value;
  }

  std::span<const double> bounds() const { return bounds_; }
  /// How many observations: one number for each bound, and one for the rest.
  const std::vector<std::uint64_t>& buckets() const { return buckets_; }
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }

private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

} // namespace pmmc
