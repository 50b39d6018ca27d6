// What the hosts of a replica and of a server share: its shipped snapshots, which it writes, reads
// and takes over.
#pragma once

#include "sim/part_host.hpp"
#include "storage/snapshot_keeper.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace pmmc::sim {

template <member_part Role>
class state_host : public part_host<Role> {
  using base = part_host<Role>;

public:
  using base::base;
  using base::id;
  using base::number;

protected:
  /// What it is woken for.
  enum : std::size_t { snapshot_written = 1, snapshot_fetched = 2 };

  using outputs = typename base::outputs;
  using base::disk;
  using base::on_disk;
  using base::role;
  using base::world_;

  /// What it finds in its directory, which is open. Throws storage_error.
  void read_snapshots() {
    snapshots_.emplace(disk().directory());
    found_ = storage::newest_state(*snapshots_, state_factory());
    found_part_ = snapshots_->unfinished();
  }
  void open_keeper() {
    keeper_.emplace(id(), *snapshots_, state_factory(), world_.options.snapshot_piece_bytes);
  }
  std::unique_ptr<replicated_state> take_found() { return std::move(found_); }
  bool has_snapshot() const { return snapshots_->latest().has_value(); }
  /// The role has begun: it hears what others know, and goes on with what it was fetching.
  void resume() {
    role().learn(this->known());
    if (const auto part = std::exchange(found_part_, std::nullopt); part && part->total() > 0)
      role().resume_fetch(part->slot(), std::min(part->offset(), part->total() - 1));
    note_durable();
  }
  /// What it tells clients, and hands on.
  static void count_answers(world& w, const message& m) {
    if (const auto* r = std::get_if<response>(&m)) {
      w.facts.count(fact::refused_as_busy, r->status == reply_status::busy);
      w.facts.count(fact::refused_as_too_large,
                    r->status == reply_status::refused && r->body.starts_with("the operation has"));
    } else if (const auto* q = std::get_if<query_reply>(&m)) {
      w.facts.count(fact::read_answered, q->status == reply_status::ok);
      w.facts.count(fact::read_refused_as_busy, q->status == reply_status::busy);
    } else if (std::holds_alternative<handoff>(m)) {
      w.facts.count(fact::handoff);
    }
  }
  /// Whether what it does counts: it is on its own disk.
  bool counts() const { return !this->is_on_wrong_disk(); }

  // --- part_host ---
  void flush() override { role().flush(); }

  void on_wake(std::size_t what) override {
    if (what == snapshot_written)
      save();
    else if (const auto piece = std::exchange(last_piece_, std::nullopt))
      hand_over(*piece);
  }

  void carry_out_rest(outputs& out) override {
    if (out.save_snapshot) {
      saving_ = std::move(out.save_snapshot);
      world_.wake(*this, world_.chance.below(world_.options.save_spread), snapshot_written);
    }
    for (const auto& m : out.read_snapshot)
      answer_piece(m);
    for (auto& piece : out.store_snapshot)
      store(std::move(piece));
  }

  void forget(bool power) override {
    if (saving_)
      this->die_within(disk(), 25, [&] { keeper_->save(*saving_); });
    if (last_piece_)
      this->die_within(disk(), 12, [&] { keeper_->store(*last_piece_); });
    saving_.reset();
    last_piece_.reset();
    base::forget(power);
  }

  void close_files() override {
    found_part_.reset();
    found_.reset();
    keeper_.reset();
    snapshots_.reset();
  }

private:
  storage::state_factory state_factory() const {
    return [this] {
      const auto& facts = this->facts();
      return state_before_slot_1(world_.options, facts.window, *to_engine_kind(facts.engine));
    };
  }

  // --- The snapshot worker ---

  void note_durable() {
    const auto newest = snapshots_->latest();
    if (!newest)
      return;
    disk().note_snapshot(*newest);
    if (counts())
      world_.checkers.snapshot_durable(number(), *newest);
  }

  void save() {
    if (world_.dies(*this, fault_kind::crash_before_persist))
      return;
    const auto slot = saving_->slot_out();
    if (!on_disk([&] { keeper_->save(*saving_); }))
      return;
    saving_.reset();
    note_durable();
    world_.facts.count(fact::snapshot_saved);
    if (world_.dies(*this, fault_kind::crash_before_send))
      return;
    role().snapshot_saved(slot);
  }

  void answer_piece(const snapshot_work::read_piece& m) {
    snapshot_chunk piece;
    if (!on_disk([&] { piece = keeper_->read(m); }))
      return;
    if (world_.process_at(this->process_number()).rotten && !piece.bytes.empty())
      piece.bytes[world_.chance.below(piece.bytes.size())] ^= 4;
    world_.send(*this, m.to, std::move(piece));
  }

  void store(snapshot_chunk piece) {
    if (piece.offset + piece.bytes.size() < piece.total)
      return hand_over(piece);
    last_piece_ = std::move(piece);
    world_.wake(*this, world_.sync_time(*this), snapshot_fetched);
  }

  void hand_over(const snapshot_chunk& piece) {
    std::optional<storage::snapshot_keeper::fetched> fetched;
    if (on_disk([&] { fetched = keeper_->store(piece); }) && fetched)
      take_over(std::move(*fetched));
  }

  void take_over(storage::snapshot_keeper::fetched fetched) {
    if (!fetched.state) {
      world_.facts.count(fact::snapshot_rejected);
      return role().snapshot_rejected();
    }
    note_durable();
    world_.facts.count(fact::snapshot_installed);
    if (world_.log.is_told())
      world_.tell(id().str() + " takes over a snapshot at slot " +
                  std::to_string(fetched.state->slot_out()));
    role().install(std::move(fetched.state));
  }

  std::optional<storage::snapshot_store> snapshots_;
  std::optional<storage::snapshot_keeper> keeper_;
  std::unique_ptr<replicated_state> found_; ///< until it starts
  std::optional<storage::snapshot_receiver> found_part_;
  std::unique_ptr<replicated_state> saving_;
  std::optional<snapshot_chunk> last_piece_; ///< of another one's: it takes a while
};

} // namespace pmmc::sim
