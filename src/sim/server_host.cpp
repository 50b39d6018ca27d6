#include "sim/server_host.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

// --- Its disk -----------------------------------------------------------------------------------

void server_host::recover() {
  if (start_from_disk([&] {
        disk().begin_life();
        store_.emplace(disk().directory(), small_segments);
        read_snapshots();
      }))
    open_keeper();
}

void server_host::recovered(const storage::server_store::memory& found) {
  if (!counts())
    return;
  const bool is_kept = std::visit(
      [this](const auto& state) { return world_.checkers.recovered(number(), state, under_way_); },
      found);
  if (!std::exchange(under_way_, {}).empty())
    world_.facts.count(is_kept ? fact::write_kept : fact::write_lost);
}

void server_host::settle() {
  if (is_down())
    return;
  flush();
  auto out = role().take();
  taken(out);
  tell_change(out);
  send_all(std::exchange(out.send_early, {}));
  waiting_.add(std::move(out));
  if (!is_down() && !is_writing())
    go_on_writing();
}

void server_host::go_on_writing() {
  auto next = std::exchange(waiting_, {});
  if (next.persist.empty())
    return carry_out(next);
  if (world_.dies(*this, fault_kind::crash_before_persist))
    return;
  begin_writing(std::move(next));
  world_.wake(*this, world_.sync_time(*this), records_written);
}

void server_host::on_wake(std::size_t what) {
  if (what == records_written)
    finish_writing();
  else
    state_host::on_wake(what);
}

void server_host::written(const records_type& records) {
  if (counts())
    for (const auto& r : records)
      world_.checkers.persisted(number(), r);
}

void server_host::interrupted(records_type records) {
  if (counts())
    under_way_ = std::move(records);
}

void server_host::forget(bool power) {
  state_host::forget(power);
  waiting_ = {};
}

void server_host::close_files() {
  state_host::close_files();
  store_.reset();
}

// --- Its life -----------------------------------------------------------------------------------

void server_host::start() {
  auto settings = world_.options.server;
  settings.service.id = id();
  settings.seed = world_.chance.next();
  random_source more{settings.seed};
  settings.service.founds = more.next();
  auto state = take_found();
  auto memory = store_->take_recovered();
  recovered(memory);
  auto log = store_->open_log({id(), more.next(), world_.options.raft, world_.options.simple},
                              std::move(memory), *state);
  start_role(settings, std::move(log), std::move(state), has_snapshot());
  was_in_office_ = false;
  resume();
  if (counts())
    world_.checkers.replica_started(number(), role());
  settle();
}

void server_host::check(world& w, const role_id& to, const message& m) const {
  if (counts())
    w.checkers.server_sent(number(), id(), to, m);
  count_answers(w, m);
}

/// From servers that it does not know, or refuses, it takes nothing, as the actor does.
void server_host::on_message(const role_id& from, message& m) {
  const auto* sender = world_.host_at(world_.number_of(from));
  if (sender != nullptr && sender->kind() == role_kind::server && !trusts(sender->number()))
    return world_.facts.count(fact::unknown_leader_ignored);
  part_host::on_message(from, m);
}

/// A server of engine simple performs what a majority has accepted when its own acceptance is on
/// its way to the disk, and tells nobody before it is there: what it holds counts then.
void server_host::taken(const server_outputs& out) {
  const bool waits = is_writing() || !waiting_.persist.empty() || !out.persist.empty();
  if (counts() && (world_.options.engine == engine_kind::raft || !waits))
    world_.checkers.server_handled(number(), id(), role());
  tell_office();
}

void server_host::tell_office() {
  if (is_in_office() == was_in_office_)
    return;
  was_in_office_ = !was_in_office_;
  world_.facts.count(fact::election, was_in_office_);
  if (world_.log.is_told())
    world_.tell(id().str() + (was_in_office_ ? " leads term " : " leads no more, in term ") +
                std::to_string(role().current_vitals().term));
}

void server_host::tell_change(const server_outputs& out) {
  const auto begins = [](const log_record& r) {
    const auto* of_raft = std::get_if<raft::record>(&r);
    const auto* added = of_raft == nullptr ? nullptr : std::get_if<raft::append_record>(of_raft);
    return added != nullptr && added->what.members != nullptr && added->what.members->is_joint();
  };
  if (counts() && is_in_office() && world_.change_begins &&
      std::any_of(out.persist.begin(), out.persist.end(), begins))
    std::exchange(world_.change_begins, nullptr)(process_number());
}

bool server_host::is_in_office() const { return is_started() && role().current_vitals().is_leader; }

/// One past what was performed is what replicas call slot_out.
std::map<role_id, slot_num> server_host::accepted() const {
  auto all = role().slot_outs();
  for (auto& [id, slot] : all)
    --slot;
  return all;
}

/// Of the latest configuration: it has everything, and needs no older one any more.
bool server_host::is_quiet(std::string& why) const {
  if (is_writing()) {
    why += id().str() + " waits for its disk; ";
    return false;
  }
  const auto& truth = world_.checkers.truth();
  const auto& latest = truth.state().configurations().latest();
  if (!latest.has_server(id()))
    return true;
  if (role().live_from() == latest.version && role().slot_out() == truth.slot_out() &&
      role().pending_requests() == 0 && role().log().in_flight() == 0)
    return true;
  why += id().str() + " is at slot " + std::to_string(role().slot_out()) + " of " +
         std::to_string(truth.slot_out()) + " with " + std::to_string(role().pending_requests()) +
         " requests and " + std::to_string(role().log().in_flight()) +
         " proposals, and needs version " + std::to_string(role().live_from()) + " of " +
         std::to_string(latest.version) + "; ";
  return false;
}

} // namespace pmmc::sim
