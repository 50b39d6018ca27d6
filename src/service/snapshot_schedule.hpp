// When a replica takes a snapshot of its own state, and which one is durable (paper, section 4.2;
// docs/ARCHITECTURE.md, "Snapshots, watermark, catching up").
#pragma once

#include "base/types.hpp"

#include <algorithm>
#include <cstddef>

namespace pmmc {

/// One is written at a time. Single-threaded.
class snapshot_schedule {
public:
  /// `log_bytes`: after so many, or the size of the state, if that is more.
  explicit snapshot_schedule(std::size_t log_bytes) : log_bytes_(log_bytes) {}

  /// A decision of `bytes` was performed.
  void performed(std::size_t bytes) { bytes_since_ += bytes + decision_overhead_bytes; }
  /// When the log has grown, and at once when a configuration has come into force, at slot
  /// `boundary`: the one before it can go only when the state there is durable with the replicas of
  /// the new one.
  bool is_due(slot_num boundary, std::size_t state_bytes) const;
  /// Whether there is something to write, and nothing is being written.
  bool may_begin(slot_num slot_out) const { return !is_saving_ && slot_ < slot_out; }
  void begin();
  /// The snapshot of slots below `slot` is durable.
  void saved(slot_num slot);
  /// It cannot be restored. The next attempt waits until the log has grown again.
  void failed();
  /// A durable snapshot of slots below `slot` came from elsewhere.
  void has_durable(slot_num slot) { slot_ = std::max(slot_, slot); }
  /// The state is that of a snapshot: its log is empty.
  void restart_log() { bytes_since_ = 0; }

  /// Slots below are in the durable snapshot.
  slot_num slot() const { return slot_; }
  bool is_saving() const { return is_saving_; }

private:
  static constexpr std::size_t decision_overhead_bytes = 64;

  std::size_t log_bytes_;
  slot_num slot_ = 1;
  std::size_t bytes_since_ = 0; ///< of decisions since the last one was begun
  bool is_saving_ = false;
  bool has_failed_ = false; ///< the last one that was tried
};

} // namespace pmmc
