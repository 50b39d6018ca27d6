#include "redis/acceptor_waits.hpp"

namespace pmmc::redis {

void acceptor_waits::add(std::uint64_t ticket, std::int64_t wanted, std::int64_t deadline_ms) {
  all_.push_back({ticket, wanted, deadline_ms, round_.number + 1});
  is_wanted_ = true;
}

void acceptor_waits::begin_round(std::uint64_t query) {
  round_ = {round_.number + 1, query, stage::reading};
  is_wanted_ = false;
}

bool acceptor_waits::has_read(std::uint64_t query) {
  if (round_.at != stage::reading || round_.query != query)
    return false;
  round_.at = stage::counting;
  return true;
}

bool acceptor_waits::end_round(std::uint64_t number) {
  if (round_.at != stage::counting || round_.number != number)
    return false;
  round_.at = stage::none;
  return true;
}

void acceptor_waits::counted(std::uint64_t round, std::size_t acceptors) {
  if (!end_round(round))
    return;
  for (auto& w : all_)
    if (w.from_round <= round) {
      w.count = acceptors;
      w.is_counted = true;
    }
}

void acceptor_waits::not_counted(std::uint64_t round) { end_round(round); }

} // namespace pmmc::redis
