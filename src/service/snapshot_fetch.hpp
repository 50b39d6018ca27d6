// The snapshot that a replica fetches from another one, piece by piece (paper, section 4.2;
// docs/ARCHITECTURE.md, "Snapshots, watermark, catching up").
#pragma once

#include "consensus/messages.hpp"

#include <optional>
#include <vector>

namespace pmmc {

/// Who is asked for which piece, and for how long. At most one snapshot at a time.
/// Single-threaded; what is to be sent is appended to `send`.
class snapshot_fetch {
public:
  struct settings {
    role_id id;                   ///< of the replica that asks
    unsigned resend_ticks = 20;   ///< without a piece for so long: ask for it again
    unsigned give_up_ticks = 120; ///< then another replica may be asked
  };

  explicit snapshot_fetch(settings options) : options_(options) {}

  /// The first `offset` bytes of the snapshot of `slot` came before a restart: begin() goes on
  /// there if the same one is offered.
  void resume(slot_num slot, std::uint64_t offset) {
    interrupted_ = transfer{{}, slot, offset, 0, false};
  }
  /// Precondition: none is under way.
  void begin(const role_id& from, slot_num slot, std::uint64_t tick, std::vector<envelope>& send);
  /// Returns whether `m` is the piece that comes next, and is to be stored; asks for the one after
  /// it. Behind the last one, the driver verifies the whole, and finished() or rejected() follows.
  bool take(const snapshot_chunk& m, std::uint64_t tick, std::vector<envelope>& send);
  /// Asks again, or gives up: begin() then goes on with what has come, if it is the same snapshot.
  void on_tick(std::uint64_t tick, std::vector<envelope>& send);
  /// The driver has made a snapshot durable.
  void finished() { current_.reset(); }
  /// What was fetched was damaged: nothing of it is gone on with.
  void rejected();

  bool is_under_way() const { return current_.has_value(); }
  /// Bytes that have come of the one under way.
  std::uint64_t bytes() const { return current_ ? current_->offset : 0; }

private:
  struct transfer {
    role_id from;
    slot_num slot = 0;
    std::uint64_t offset = 0; ///< bytes below have come
    std::uint64_t heard_tick = 0;
    bool complete = false; ///< the driver is verifying
  };

  void ask(std::vector<envelope>& send) const;

  settings options_;
  std::optional<transfer> current_;
  std::optional<transfer> interrupted_; ///< to be gone on with, if the same one is offered again
};

} // namespace pmmc
