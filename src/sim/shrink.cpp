#include "sim/seed_series.hpp"

#include <chrono>

namespace pmmc::sim {

namespace {

/// Tries smaller scenarios, and keeps those that still fail in the same way.
class shrinker {
public:
  shrinker(std::uint64_t seed, reduction less, std::string name, double seconds)
      : seed_(seed), best_(std::move(less)), name_(std::move(name)),
        end_(clock::now() +
             std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{seconds})) {}

  reduction shrink() {
    if (!best_.keep) {
      best_.keep.emplace();
      const reduction whole{.engine = best_.engine};
      for (std::size_t i = 0; i < choose_scenario(seed_, whole).faults.size(); ++i)
        best_.keep->push_back(i);
    }
    fewer_faults();
    smaller_numbers();
    fewer_faults();
    return best_;
  }

private:
  using clock = std::chrono::steady_clock;

  bool still_fails(const reduction& candidate) {
    if (clock::now() >= end_)
      return false;
    isolated_run run{choose_scenario(seed_, candidate), candidate.steps.value_or(0), false};
    if (name_of(run.finish().broken) != name_)
      return false;
    best_ = candidate;
    return true;
  }

  /// Leaves out large parts first, then smaller ones (delta debugging).
  void fewer_faults() {
    for (auto part = (best_.keep->size() + 1) / 2; part > 0 && clock::now() < end_; part /= 2)
      for (std::size_t at = 0; at < best_.keep->size() && clock::now() < end_;) {
        auto candidate = best_;
        const auto from = candidate.keep->begin() + static_cast<std::ptrdiff_t>(at);
        const auto count = std::min(part, candidate.keep->size() - at);
        candidate.keep->erase(from, from + static_cast<std::ptrdiff_t>(count));
        if (!still_fails(candidate))
          at += part;
      }
  }

  void smaller_numbers() {
    auto candidate = best_;
    candidate.calm_network = true;
    still_fails(candidate);
    for (const std::size_t clients : {0, 1, 2}) {
      candidate = best_;
      candidate.clients = clients;
      if (clients > 0 && still_fails(candidate))
        break;
    }
    for (std::size_t operations = 1; operations <= 256; operations *= 4) {
      candidate = best_;
      candidate.operations = operations;
      if (still_fails(candidate))
        break;
    }
  }

  std::uint64_t seed_;
  reduction best_;
  std::string name_;
  clock::time_point end_;
};

} // namespace

reduction shrink(std::uint64_t seed, const reduction& less, const std::string& broken,
                 double seconds) {
  return shrinker{seed, less, name_of(broken), seconds}.shrink();
}

} // namespace pmmc::sim
