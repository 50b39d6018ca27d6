#include "sim/network.hpp"

namespace pmmc::sim {

network::network(const scenario& s)
    : seed_(s.seed), delay_least_(s.delay_least), delay_spread_(s.delay_spread),
      in_order_(s.in_order), loss_permille_(s.loss_permille),
      duplicate_permille_(s.duplicate_permille), links_(max_processes * max_processes),
      connections_(links_.size()) {}

network::passage network::carry(std::size_t from, std::size_t to, sim_time now) {
  auto& l = links_[from * max_processes + to];
  const auto number = ++l.sent;
  if (from == to) // within a process nothing is lost or overtaken
    return {{l.last_arrival = std::max(l.last_arrival, now + 1), 0}, 1};
  if ((cut_[to] >> from & 1) != 0)
    return {};
  random_source chance{seed_ ^ (from * max_processes + to + 1) * 0xD1B54A32D192ED03ULL ^
                       number * 0x9E3779B97F4A7C15ULL};
  auto loss = loss_permille_;
  auto duplicate = duplicate_permille_;
  auto spread = delay_spread_;
  for (const auto& [key, n] : noises_)
    if (((n.whose >> from | n.whose >> to) & 1) != 0) {
      loss += n.loss_permille;
      duplicate += n.duplicate_permille;
      spread += n.delay_spread;
    }
  const auto dice = chance.next();
  if ((dice & 0xFFFF) * 1'000 < std::uint64_t{loss} << 16)
    return {};
  passage p;
  p.copies = (dice >> 16 & 0xFFFF) * 1'000 < std::uint64_t{duplicate} << 16 ? 2 : 1;
  for (std::size_t i = 0; i < p.copies; ++i) {
    auto at = now + delay_least_ + chance.below(spread);
    if (in_order_)
      at = l.last_arrival = std::max(at, l.last_arrival);
    p.arrive_at[i] = at;
  }
  return p;
}

void network::change(std::size_t from, std::size_t to, int by) {
  auto& cuts = cuts_[to][from];
  cuts = std::max(0, cuts + by);
  const auto bit = process_set{1} << from;
  cut_[to] = cuts > 0 ? cut_[to] | bit : cut_[to] & ~bit;
}

void network::mend_all() {
  cuts_ = {};
  cut_ = {};
}

void network::begin(std::size_t number, const noise& n) { noises_.emplace_back(number, n); }

void network::end(std::size_t number) {
  std::erase_if(noises_, [&](const auto& entry) { return entry.first == number; });
}

void network::calm_down() {
  mend_all();
  noises_.clear();
  loss_permille_ = duplicate_permille_ = 0;
}

} // namespace pmmc::sim
