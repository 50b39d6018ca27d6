#include "sim/replica_host.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {

enum : std::size_t { snapshot_written = 1, snapshot_fetched = 2 };

} // namespace

void replica_host::recover() {
  const auto make_state = [this] { return state_before_slot_1(world_.options); };
  if (!start_from_disk([&] {
        disk().begin_life();
        snapshots_.emplace(disk().directory());
        found_ = storage::newest_state(*snapshots_, make_state);
        found_part_ = snapshots_->unfinished();
      }))
    return;
  keeper_.emplace(id(), *snapshots_, make_state, world_.options.snapshot_piece_bytes);
}

void replica_host::exchanged() {
  world_.checkers.replica_exchanged(number(), disk().holds().snapshot);
  world_.facts.count(disk().holds().lives == 0 ? fact::replica_began_anew
                                               : fact::replica_on_old_copy);
  if (world_.log.is_told())
    world_.tell(id().str() + " begins with a directory that holds a snapshot at slot " +
                std::to_string(disk().holds().snapshot));
}

void replica_host::start() {
  auto settings = world_.options.replica;
  settings.id = id();
  settings.near_slots = world_.options.window;
  settings.seed = world_.chance.next();
  settings.founds = random_source{settings.seed}.next();
  start_role(settings, std::move(found_), snapshots_->latest().has_value());
  role().learn(known());
  if (const auto part = std::exchange(found_part_, std::nullopt); part && part->total() > 0)
    role().resume_fetch(part->slot(), std::min(part->offset(), part->total() - 1));
  note_durable();
  world_.checkers.replica_started(number(), role());
  settle();
}

void replica_host::check(world& w, const role_id& to, const message& m) const {
  w.checkers.replica_sent(number(), to, m);
  if (const auto* r = std::get_if<response>(&m)) {
    w.facts.count(fact::refused_as_busy,
                  r->status == reply_status::busy || r->status == reply_status::put_off);
    w.facts.count(fact::refused_as_too_large,
                  r->status == reply_status::refused && r->body.starts_with("the operation has"));
  } else if (const auto* q = std::get_if<query_reply>(&m))
    w.facts.count(fact::read_answered, q->status == reply_status::ok);
  else if (std::holds_alternative<handoff>(m))
    w.facts.count(fact::handoff);
  else if (const auto* c = std::get_if<catchup_reply>(&m))
    w.facts.count(fact::catch_up, !c->decisions.empty());
  else if (std::holds_alternative<collected>(m))
    w.facts.count(fact::below_watermark);
}

void replica_host::on_message(const role_id& from, message& m) {
  if (const auto* d = std::get_if<decision>(&m)) {
    world_.facts.count(fact::hole,
                       d->slot > role().slot_out() && !role().decisions().contains(d->slot - 1));
    if (const auto mine = proposed_.find(d->slot);
        mine != proposed_.end() && role().has_proposal(d->slot))
      world_.facts.count(fact::lost_slot, mine->second != d->value);
  }
  part_host::on_message(from, m);
}

void replica_host::on_wake(std::size_t what) {
  if (what == snapshot_written)
    save();
  else if (const auto piece = std::exchange(last_piece_, std::nullopt))
    hand_over(*piece);
}

void replica_host::taken(const replica_outputs& out) {
  if (world_.checkers.replica_handled(number(), role()))
    proposed_.erase(proposed_.begin(), proposed_.lower_bound(role().slot_out()));
  for (const auto& e : out.send)
    if (const auto* p = std::get_if<propose>(&e.body))
      proposed_[p->slot] = p->value;
}

void replica_host::carry_out_rest(replica_outputs& out) {
  if (out.save_snapshot) {
    saving_ = std::move(out.save_snapshot);
    world_.wake(*this, world_.chance.below(world_.options.save_spread), snapshot_written);
  }
  for (const auto& m : out.read_snapshot)
    answer_piece(m);
  for (auto& piece : out.store_snapshot)
    store(std::move(piece));
}

// --- The snapshot worker ------------------------------------------------------------------------

void replica_host::note_durable() {
  const auto newest = snapshots_->latest();
  if (!newest)
    return;
  disk().note_snapshot(*newest);
  world_.checkers.snapshot_durable(number(), *newest);
}

void replica_host::save() {
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

void replica_host::answer_piece(const replica_outputs::read_piece& m) {
  snapshot_chunk piece;
  if (!on_disk([&] { piece = keeper_->read(m); }))
    return;
  if (world_.process_at(process_number()).rotten && !piece.bytes.empty())
    piece.bytes[world_.chance.below(piece.bytes.size())] ^= 4;
  world_.send(*this, m.to, std::move(piece));
}

void replica_host::store(snapshot_chunk piece) {
  if (piece.offset + piece.bytes.size() < piece.total)
    return hand_over(piece);
  last_piece_ = std::move(piece);
  world_.wake(*this, world_.sync_time(*this), snapshot_fetched);
}

void replica_host::hand_over(const snapshot_chunk& piece) {
  std::optional<storage::snapshot_keeper::fetched> fetched;
  if (on_disk([&] { fetched = keeper_->store(piece); }) && fetched)
    take_over(std::move(*fetched));
}

void replica_host::take_over(storage::snapshot_keeper::fetched fetched) {
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

void replica_host::forget(bool power) {
  if (saving_)
    die_within(disk(), 25, [&] { keeper_->save(*saving_); });
  if (last_piece_)
    die_within(disk(), 12, [&] { keeper_->store(*last_piece_); });
  saving_.reset();
  last_piece_.reset();
  proposed_.clear();
  part_host::forget(power);
}

void replica_host::close_files() {
  found_part_.reset();
  found_.reset();
  keeper_.reset();
  snapshots_.reset();
}

/// Of the latest configuration: it has everything, and needs no older one any more.
bool replica_host::is_quiet(std::string& why) const {
  const auto& configurations = world_.checkers.truth().state().configurations();
  if (!configurations.latest().has_replica(id()))
    return true;
  if (const auto live = role().live_from(); live != configurations.latest().version) {
    why += id().str() + " still needs version " + std::to_string(live) + " of " +
           std::to_string(configurations.latest().version) + "; ";
    return false;
  }
  const auto& truth = world_.checkers.truth();
  if (role().slot_out() == truth.slot_out() && role().pending_requests() == 0)
    return true;
  why += id().str() + " is at slot " + std::to_string(role().slot_out()) + " of " +
         std::to_string(truth.slot_out()) + " with " + std::to_string(role().pending_requests()) +
         " requests; ";
  return false;
}

} // namespace pmmc::sim
