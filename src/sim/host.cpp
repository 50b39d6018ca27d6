#include "sim/host.hpp"

#include "wire/grouping.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {
constexpr std::size_t sync_done = ~std::uint32_t{0};
}

// --- Its directory ------------------------------------------------------------------------------

void host::order(mounting what) {
  const bool is_right = wrong_ == mounting::none; // what was ordered before has not been done yet
  ordered_ = what == mounting::right && is_right ? mounting::none : what;
}

void host::keep_copy() {
  if (!files()->has_flips())
    own_disk_->mount(mounting::copied);
}

bool host::shows_old_copy(const true_meeting& known) const {
  const auto& copy = own_disk_->copy_holds();
  return known.life > copy.lives || (known.life == copy.lives && known.records > copy.records);
}

bool host::lacks_what_it_told() const {
  return own_disk_ != nullptr && kind() == role_kind::replica &&
         (ordered_ != mounting::none || own_disk_->holds().snapshot < told_snapshot_);
}

void host::open_directory() {
  acquaintances_.clear();
  if (own_disk_ == nullptr)
    return;
  mount(std::exchange(ordered_, mounting::none));
  auto& files = own_disk_->files();
  if (files.is_sound() && !world_.faults_are_over && world_.chance.below(16) == 0)
    files.stop_after(world_.chance.below(20));
  start_from_disk([&] { own_disk_->open(); });
}

/// Others do not judge a replica by its disk, and nobody brings the right one back: it is to catch
/// up. But for one that is refused for its facts.
void host::mount(mounting what) {
  const auto snapshot = own_disk_->holds().snapshot;
  own_disk_->mount(what);
  if (what == mounting::none) {
    if (wrong_ == mounting::none && world_.chance.below(2) == 0)
      keep_copy(); // somebody did it now and then
    return;
  }
  ++generation_;
  if (!keeps_promises(kind()) && what != mounting::right)
    told_snapshot_ = std::max(told_snapshot_, snapshot);
  if (keeps_promises(kind()) || what == mounting::misformatted || is_on_wrong_disk()) {
    wrong_ = what == mounting::right ? mounting::none : what;
    return;
  }
  true_meetings_.clear();
  exchanged();
}

void host::begin_life(const membership& known, const cluster_facts& facts) {
  if (own_disk_ == nullptr)
    return;
  known_ = known.configurations;
  facts_ = facts;
  recover();
  if (is_crashing())
    return;
  files()->stop_after({});
  files()->forget_flips(); // they do no harm
  note_own_records();
  said_ = {id_, kind(), own_disk_->directory().info().format_id, {}, records()};
  if (keeps_promises(kind()))
    said_.lives = own_disk_->state().lives();
}

introduced_role host::introduced() const {
  auto said = said_;
  said.id = id_;
  said.kind = kind();
  return said;
}

void host::trust(std::size_t number, standing as) {
  if (number >= acquaintances_.size())
    acquaintances_.resize(number + 1);
  acquaintances_[number] = {as, life_of(number)};
}

bool host::reaches(std::size_t number) const {
  return trusts(number) && acquaintances_[number].life == life_of(number);
}

std::uint32_t host::life_of(std::size_t number) const {
  const auto* peer = world_.host_at(number);
  return peer == nullptr ? 0 : world_.process_at(peer->process_number()).life;
}

bool host::meet(const membership& members, const introduced_role& said, bool is_own,
                std::optional<refused_peer>& refused) {
  auto& remembered = own_disk_->state();
  if (!on_disk([&] {
        refused = remembered.met(
            [&](known_disks& met) { return refuse_peer(met, members, said, is_own); });
      }))
    return false;
  note_saved();
  return true;
}

void host::note_saved() {
  if (own_disk_->state().known().unsaved() == known_disks::change::none)
    for (auto& [number, known] : true_meetings_)
      known.saved_records = known.records;
}

bool host::is_beside(std::size_t number) const {
  const auto* peer = world_.host_at(number);
  return peer != nullptr && peer->process_number() == process_number();
}

/// In memory; it is durable with the next meeting, and when a peer goes. As in
/// actors/node/known_disk.hpp.
void host::note_records(std::size_t number, const role_id& from, const vitals& told) {
  const auto records = records_of(told);
  if (records == 0 || is_beside(number))
    return;
  own_disk_->state().note_records(from, records);
  if (const auto known = true_meetings_.find(number);
      known != true_meetings_.end() && !is_on_wrong_disk())
    known->second.records = std::max(known->second.records, records);
}

/// Of whom it has not met, or refuses, it hears nothing. As `handle` in actors/parts/part_host.hpp.
bool host::hears(message& m) {
  const auto hear = [this](role_id from, vitals& told) {
    const auto number = world_.number_of(from);
    if (!trusts(number))
      return false;
    if (standing_of(number) == standing::guest)
      leave_out_what_members_say(told);
    note_records(number, from, told);
    return true;
  };
  if (auto* asks = std::get_if<ping>(&m); asks != nullptr && own_disk_ != nullptr)
    return hear(asks->from, asks->state);
  if (auto* answers = std::get_if<pong>(&m); answers != nullptr && own_disk_ != nullptr)
    return hear(answers->from, answers->state);
  return true;
}

// --- Inputs -------------------------------------------------------------------------------------

void host::crash(bool power) {
  forget(power);
  for (auto& [number, known] : true_meetings_)
    known.records = known.saved_records;
  acquaintances_.clear();
  refused_by_ = {};
  mailbox_.clear();
  blocked_ = tick_waits_ = false;
}

void host::receive(wire::parcel& p) {
  wire::ungroup(p, [this](const role_id& from, message&& m) {
    if (blocked_)
      mailbox_.push_back({from, std::move(m)});
    else
      take(from, m);
  });
  if (!blocked_)
    settle();
}

void host::hear_of(config_history known) {
  if (blocked_) {
    mailbox_.push_back({{}, std::move(known)});
    return;
  }
  on_configurations(known);
  settle();
}

void host::take(const role_id& from, message& m) {
  if (hears(m))
    on_message(from, m);
}

void host::tick() {
  if (blocked_) {
    if (!std::exchange(tick_waits_, true))
      mailbox_.push_back({{}, tick_input{}});
    return;
  }
  on_tick();
  settle();
}

void host::lose_peer(const role_id& peer) {
  if (blocked_) {
    mailbox_.push_back({{}, lost_peer{peer}});
    return;
  }
  lose(peer);
  settle();
}

void host::lose(const role_id& peer) {
  if (own_disk_ != nullptr && !is_crashing() && on_disk([&] { own_disk_->state().save_notes(); }))
    note_saved();
  on_peer_lost(peer);
}

void host::woken(std::size_t what) {
  if (what != sync_done) {
    if (blocked_) {
      mailbox_.push_back({{}, wake_input{what}});
      return;
    }
    on_wake(what);
    return settle();
  }
  blocked_ = false;
  unblocked();
  // Everything that has come meanwhile is handled together, as an actor's flush does it.
  bool any = false;
  while (!blocked_ && !mailbox_.empty() && !is_crashing()) {
    auto next = std::move(mailbox_.front());
    mailbox_.pop_front();
    handle(next);
    any = true;
  }
  if (any && !blocked_)
    settle();
}

void host::handle(mail& m) {
  if (auto* body = std::get_if<message>(&m.what)) {
    take(m.from, *body);
  } else if (const auto* known = std::get_if<config_history>(&m.what)) {
    on_configurations(*known);
  } else if (auto* lost = std::get_if<lost_peer>(&m.what)) {
    lose(lost->peer);
  } else if (auto* wake = std::get_if<wake_input>(&m.what)) {
    on_wake(wake->what);
  } else {
    tick_waits_ = false;
    on_tick();
  }
}

void host::block(sim_time how_long) {
  blocked_ = true;
  world_.wake(*this, how_long, sync_done);
}

void host::send_all(std::vector<envelope> out) {
  world_.dies(*this, fault_kind::crash_while_sending);
  world_.send(*this, std::move(out));
}

std::vector<host*> members_of(const process& p) {
  std::vector<host*> all;
  for (auto* h : p.roles)
    if (h->kind() != role_kind::client)
      all.push_back(h);
  return all;
}

std::vector<storage::simulated_disk*> disks_of(const process& p) {
  std::vector<storage::simulated_disk*> all;
  for (auto* h : p.roles)
    if (auto* files = h->files())
      all.push_back(files);
  return all;
}

} // namespace pmmc::sim
