#include "service/snapshot_schedule.hpp"

namespace pmmc {

bool snapshot_schedule::is_due(slot_num boundary, std::size_t state_bytes) const {
  const bool crossed = boundary > slot_ && !has_failed_;
  return !is_saving_ && (crossed || bytes_since_ >= std::max(log_bytes_, state_bytes));
}

void snapshot_schedule::begin() {
  is_saving_ = true;
  bytes_since_ = 0;
}

void snapshot_schedule::saved(slot_num slot) {
  is_saving_ = false;
  has_failed_ = false;
  has_durable(slot);
}

void snapshot_schedule::failed() {
  is_saving_ = false;
  has_failed_ = true;
}

} // namespace pmmc
