#include "consensus/pmmc/election_timer.hpp"

#include <algorithm>

namespace pmmc {

election_timer::election_timer(settings options)
    : options_(options), random_(options.seed), timeout_(options.timeout),
      due_tick_(start_ticks()) {}

void election_timer::watched_is_down(std::uint64_t tick) {
  watched_is_down_ = true;
  put_off(tick);
}

void election_timer::put_off(std::uint64_t tick) {
  const unsigned wait = watched_is_down_ ? 4 * options_.ping_ticks : timeout_.ticks();
  due_tick_ = tick + wait + random_.below(1 + wait / 2);
}

void election_timer::wait_for_active_leader(std::uint64_t tick) {
  due_tick_ = std::max(due_tick_, tick + start_ticks());
}

void election_timer::restart(std::uint64_t tick) { due_tick_ = tick + start_ticks(); }

void election_timer::hasten(std::uint64_t tick) {
  due_tick_ = std::min(due_tick_, tick + 1 + random_.below(std::uint64_t{4} * options_.ping_ticks));
}

} // namespace pmmc
