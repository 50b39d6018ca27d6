#include "service/log_reads.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

/// What is asked after a read has come in vouches for it, and nothing that was asked before.
bool log_reads::start(replicated_log& log, std::uint64_t tick) {
  if (queue_.waiting() == 0 || asking_ || !log.barrier(last_round_ + 1))
    return false;
  asking_ = round{++last_round_, tick, queue_.take_waiting(), 0};
  return true;
}

/// A later round needs no less than one before it: where it seems to, it waits for nothing more.
void log_reads::on(const log_outputs::readable_at& readable) {
  if (!asking_ || asking_->number != readable.number)
    return;
  asking_->slot = readable.slot;
  if (!complete_.empty())
    asking_->slot = std::max(asking_->slot, complete_.back().slot);
  complete_.push_back(std::move(*asking_));
  asking_.reset();
}

void log_reads::answer(const replicated_state& state, std::vector<envelope>& send) {
  while (has_answers(state.slot_out()) && !queue_.is_turn_over()) {
    queue_.answer(complete_.front().queries, state, send);
    if (complete_.front().queries.empty())
      complete_.pop_front();
  }
}

/// A read leaves nothing behind, so "unavailable" is the whole truth.
void log_reads::on_tick(slot_num slot_out, std::uint64_t tick,
                        const std::function<std::string()>& why_stalled,
                        std::vector<envelope>& send) {
  if (asking_ && is_too_old(*asking_, tick)) {
    queue_.give_up(asking_->queries, why_stalled(), slot_out, send);
    asking_.reset();
  }
  for (const auto& r : complete_)
    if (r.slot > slot_out && is_too_old(r, tick))
      queue_.give_up(r.queries,
                     "the slots below " + std::to_string(r.slot) + " were decided, but server " +
                         options_.queue.id.str() + " has performed those below " +
                         std::to_string(slot_out) + " only",
                     slot_out, send);
  std::erase_if(complete_,
                [&](const round& r) { return r.slot > slot_out && is_too_old(r, tick); });
}

} // namespace pmmc
