#include "service/snapshot_fetch.hpp"

#include <utility>

namespace pmmc {

void snapshot_fetch::begin(const role_id& from, slot_num slot, std::uint64_t tick,
                           std::vector<envelope>& send) {
  current_ = transfer{from, slot, 0, tick, false};
  if (interrupted_ && interrupted_->slot == slot)
    current_->offset = interrupted_->offset;
  interrupted_.reset();
  ask(send);
}

void snapshot_fetch::ask(std::vector<envelope>& send) const {
  send.push_back({current_->from, snapshot_request{options_.id, current_->slot, current_->offset}});
}

bool snapshot_fetch::take(const snapshot_chunk& m, std::uint64_t tick,
                          std::vector<envelope>& send) {
  if (!current_ || current_->complete || m.replica != current_->from)
    return false;
  if (m.slot == 0) {
    current_.reset(); // gone over there: the next attempt asks for a later one
    return false;
  }
  if (m.slot != current_->slot || m.offset != current_->offset || m.bytes.empty())
    return false; // an answer to a request that was sent again
  current_->offset += m.bytes.size();
  current_->heard_tick = tick;
  current_->complete = current_->offset >= m.total;
  if (!current_->complete)
    ask(send);
  return true;
}

void snapshot_fetch::on_tick(std::uint64_t tick, std::vector<envelope>& send) {
  if (!current_ || current_->complete)
    return;
  if (tick >= current_->heard_tick + options_.give_up_ticks)
    interrupted_ = std::exchange(current_, std::nullopt); // perhaps with another replica
  else if (tick > current_->heard_tick &&
           (tick - current_->heard_tick) % options_.resend_ticks == 0)
    ask(send);
}

void snapshot_fetch::rejected() {
  current_.reset();
  interrupted_.reset();
}

} // namespace pmmc
