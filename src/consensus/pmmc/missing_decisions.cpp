#include "consensus/pmmc/missing_decisions.hpp"

namespace pmmc {

void missing_decisions::performed(std::uint64_t tick) {
  progress_tick_ = tick;
  stall_tick_ = 0;
}

bool missing_decisions::is_time_to_ask(std::uint64_t tick) {
  if (tick < progress_tick_ + options_.stalled_ticks)
    return false;
  if (stall_tick_ == 0)
    stall_tick_ = tick;
  else if (tick < asked_tick_ + options_.resend_ticks)
    return false;
  asked_tick_ = tick;
  return true;
}

bool missing_decisions::is_time_for_leaders(std::uint64_t tick, bool is_nobody_ahead) const {
  return tick >= stall_tick_ + (is_nobody_ahead ? 1 : 5) * options_.resend_ticks;
}

void missing_decisions::begin_filling(bool goes_on) {
  is_filling_ = goes_on;
  filled_to_ = 0;
}

slot_num missing_decisions::fill_from(slot_num slot_out, slot_num end) {
  const auto first = std::max(slot_out, filled_to_);
  filled_to_ = std::max(filled_to_, end);
  return first;
}

} // namespace pmmc
