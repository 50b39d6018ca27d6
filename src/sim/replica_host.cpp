#include "sim/replica_host.hpp"

#include "sim/checkers/violation.hpp"

#include <sstream>
#include <utility>

namespace pmmc::sim {

namespace {

enum : std::size_t { snapshot_written = 1, snapshot_fetched = 2 };

/// The sum at the end of a snapshot's file.
std::string sum_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : bytes)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  return std::to_string(hash);
}

constexpr std::size_t sum_size = 20;

std::string sealed(std::string bytes) {
  auto sum = sum_of(bytes);
  sum.resize(sum_size);
  return bytes + sum;
}

bool is_whole(std::string_view file) {
  if (file.size() < sum_size)
    return false;
  auto sum = sum_of(file.substr(0, file.size() - sum_size));
  sum.resize(sum_size);
  return file.substr(file.size() - sum_size) == sum;
}

} // namespace

void replica_host::start() {
  auto settings = world_.options.replica;
  settings.id = id();
  settings.near_slots = world_.options.window;
  settings.seed = world_.chance.next();
  settings.founds = random_source{settings.seed}.next();
  auto state = state_before_slot_1(world_.options);
  if (disk_slot_ != 0) {
    std::istringstream in{disk_};
    state->read(in);
  }
  role_.emplace(settings, std::move(state), disk_slot_ != 0);
  world_.checkers.replica_started(number(), *role_);
  settle();
}

void replica_host::check(world& w, const role_id& to, const message& m) const {
  w.checkers.replica_sent(number(), to, m);
  if (const auto* r = std::get_if<response>(&m))
    w.facts.count(fact::refused_as_busy,
                  r->status == reply_status::busy || r->status == reply_status::put_off);
  else if (const auto* q = std::get_if<query_reply>(&m))
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
                       d->slot > role_->slot_out() && !role_->decisions().contains(d->slot - 1));
    if (const auto mine = proposed_.find(d->slot);
        mine != proposed_.end() && role_->has_proposal(d->slot))
      world_.facts.count(fact::lost_slot, mine->second != d->value);
  }
  dispatch(*role_, from, m);
}

void replica_host::on_wake(std::size_t what) {
  if (what == snapshot_written)
    save();
  else
    take_over();
}

/// In the order that replica_outputs asks for.
void replica_host::settle() {
  role_->flush();
  auto out = role_->take();
  if (world_.checkers.replica_handled(number(), *role_))
    proposed_.erase(proposed_.begin(), proposed_.lower_bound(role_->slot_out()));
  for (const auto& e : out.send)
    if (const auto* p = std::get_if<propose>(&e.body))
      proposed_[p->slot] = p->value;
  send_all(std::move(out.send));
  if (world_.process_at(process_number()).crashing)
    return;
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

void replica_host::put_on_disk(slot_num slot, std::string bytes) {
  if (slot <= disk_slot_)
    return;
  older_slot_ = std::exchange(disk_slot_, slot);
  older_ = std::exchange(disk_, std::move(bytes));
  world_.checkers.snapshot_durable(number(), slot);
}

void replica_host::save() {
  if (world_.dies(*this, fault_kind::crash_before_persist))
    return;
  std::ostringstream bytes;
  saving_->write(bytes);
  const auto slot = std::exchange(saving_, nullptr)->slot_out();
  put_on_disk(slot, sealed(std::move(bytes).str()));
  world_.facts.count(fact::snapshot_saved);
  if (world_.dies(*this, fault_kind::crash_before_send))
    return;
  role_->snapshot_saved(slot);
}

void replica_host::answer_piece(const replica_outputs::read_piece& m) {
  snapshot_chunk piece{id(), 0, m.offset, 0, {}};
  const bool is_older = m.slot != 0 && m.slot == older_slot_;
  const auto& file = is_older ? older_ : disk_;
  const bool is_there = is_older || (disk_slot_ != 0 && (m.slot == 0 || m.slot == disk_slot_));
  if (is_there && m.offset <= file.size()) {
    piece.slot = is_older ? older_slot_ : disk_slot_;
    piece.total = file.size();
    piece.bytes = file.substr(m.offset, world_.options.snapshot_piece_bytes);
    if (world_.process_at(process_number()).rotten && !piece.bytes.empty())
      piece.bytes[world_.chance.below(piece.bytes.size())] ^= 4;
  }
  world_.send(*this, m.to, std::move(piece));
}

void replica_host::store(snapshot_chunk piece) {
  if (piece.offset == 0)
    fetched_.clear();
  demand(piece.offset == fetched_.size(),
         [] { return std::string{"G2: a piece of a snapshot is missing"}; });
  fetched_ += piece.bytes;
  fetched_slot_ = piece.slot;
  if (fetched_.size() >= piece.total)
    world_.wake(*this, world_.sync_time(*this), snapshot_fetched);
}

void replica_host::take_over() {
  if (!is_whole(fetched_)) {
    world_.facts.count(fact::snapshot_rejected);
    fetched_.clear();
    return role_->snapshot_rejected();
  }
  auto state = state_before_slot_1(world_.options);
  std::istringstream in{fetched_};
  state->read(in);
  demand(state->slot_out() == fetched_slot_,
         [] { return std::string{"G2: the fetched snapshot is of another slot"}; });
  put_on_disk(fetched_slot_, std::move(fetched_));
  fetched_.clear();
  world_.facts.count(fact::snapshot_installed);
  if (world_.log.is_told())
    world_.tell(id().str() + " takes over a snapshot at slot " + std::to_string(fetched_slot_));
  role_->install(std::move(state));
}

void replica_host::forget() {
  role_.reset();
  proposed_.clear();
  saving_.reset();
  fetched_.clear();
}

/// Of the latest configuration: it has everything, and needs no older one any more.
bool replica_host::is_quiet(std::string& why) const {
  const auto& configurations = world_.checkers.truth().state().configurations();
  if (!configurations.latest().has_replica(id()))
    return true;
  if (const auto live = role_->live_from(); live != configurations.latest().version) {
    why += id().str() + " still needs version " + std::to_string(live) + " of " +
           std::to_string(configurations.latest().version) + "; ";
    return false;
  }
  const auto& truth = world_.checkers.truth();
  if (role_->slot_out() == truth.slot_out() && role_->pending_requests() == 0)
    return true;
  why += id().str() + " is at slot " + std::to_string(role_->slot_out()) + " of " +
         std::to_string(truth.slot_out()) + " with " + std::to_string(role_->pending_requests()) +
         " requests; ";
  return false;
}

} // namespace pmmc::sim
