#include "load/recorder.hpp"

#include <cmath>

namespace pmmc::load {

namespace {

constexpr std::size_t most_troubles = 20; // texts may hold numbers, and so be all different

const std::vector<double>& bounds() {
  static const auto all = [] {
    std::vector<double> seconds;
    for (double s = 1e-6; s < 200; s *= 1.01)
      seconds.push_back(s);
    return seconds;
  }();
  return all;
}

} // namespace

latencies::latencies() : histogram_(bounds()) {}

void latencies::add(double seconds) {
  histogram_.observe(seconds);
  longest_ = std::max(longest_, seconds);
}

double latencies::quantile(double share) const {
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(histogram_.count())));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds().size(); ++i) {
    below += histogram_.buckets()[i];
    if (below >= rank)
      return std::min(bounds()[i], longest_);
  }
  return longest_;
}

void recorder::finished(const started& op, ending how, const std::string& why) {
  const auto now = clock::now();
  const auto index = static_cast<std::size_t>(how);
  const bool good = how == ending::done || how == ending::absent;
  const std::lock_guard lock{mutex_};
  ++(op.kind == operation_kind::put ? results_.all_puts : results_.all_gets)[index];
  if (!good && (results_.troubles.size() < most_troubles || results_.troubles.contains(why)))
    ++results_.troubles[why];
  if (good) {
    ++good_;
    preloaded_ += op.preload ? 1 : 0;
    if (from_ == clock::time_point::max())
      changed_.notify_all();
  }
  if (now < from_ || now >= until_)
    return;
  ++results_.measured[index];
  if (!good)
    return;
  const auto seconds = std::chrono::duration<double>(now - op.at).count();
  (op.kind == operation_kind::put ? results_.put : results_.get).add(seconds);
  results_.both.add(seconds);
}

bool recorder::await_begin() {
  std::unique_lock lock{mutex_};
  const auto begun = [&] { return good_ > 0 && (!plan_.preload || preloaded_ >= plan_.keys); };
  // At their timeout the operations tell why they failed, a little late on a busy machine.
  const auto patience = plan_.timeout + std::chrono::seconds{2};
  for (auto before = good_; !begun(); before = good_)
    if (!changed_.wait_for(lock, patience, [&] { return begun() || good_ > before; }))
      return false;
  return true;
}

void recorder::measure(clock::time_point from, clock::time_point until) {
  const std::lock_guard lock{mutex_};
  from_ = from;
  until_ = until;
}

std::uint64_t recorder::good() const {
  const std::lock_guard lock{mutex_};
  return good_;
}

recorder::results recorder::take() const {
  const std::lock_guard lock{mutex_};
  return results_;
}

} // namespace pmmc::load
