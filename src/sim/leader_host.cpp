#include "sim/leader_host.hpp"

#include "sim/checkers/violation.hpp"

namespace pmmc::sim {

void leader_host::start() {
  auto settings = world_.options.leader;
  settings.id = id();
  settings.seed = world_.chance.next();
  settings.window = world_.options.window;
  settings.near_slots = world_.options.window; // logs are short, and replicas shall lag
  const auto free_seqnum = disk_.state().load();
  role_.emplace(settings, free_seqnum, disk_.known());
  if (!is_on_wrong_disk()) {
    world_.checkers.seqnum_saved(number(), free_seqnum); // it may have died in the middle of it
    world_.checkers.leader_started(number());
  }
  settle();
}

void leader_host::check(world& w, const role_id&, const message& m) const {
  if (!is_on_wrong_disk())
    w.checkers.leader_sent(number(), id(), m);
}

// --- Inputs -------------------------------------------------------------------------------------

void leader_host::on_message(const role_id& from, message& m) {
  if (const auto* told = std::get_if<p1b>(&m)) {
    for (auto& s : scouts_)
      s.on(*told);
    settle_scouts();
  } else if (const auto* voted = std::get_if<p2b>(&m)) {
    if (auto it = commanders_.find(voted->slot); it != commanders_.end()) {
      it->second.on(*voted);
      if (settle_commander(it->second))
        commanders_.erase(it);
    }
  } else {
    dispatch(*role_, from, m);
  }
}

void leader_host::on_tick() {
  // Who runs it writes down what it heard of others, some time.
  if (world_.chance.below(4) == 0 && !on_disk([&] { disk_.remember(role_->configurations()); }))
    return;
  role_->on_tick();
  for (auto& s : scouts_)
    s.on_tick();
  settle_scouts();
  for (auto it = commanders_.begin(); it != commanders_.end();) {
    it->second.on_tick();
    it = settle_commander(it->second) ? commanders_.erase(it) : std::next(it);
  }
}

void leader_host::on_wake(std::size_t what) {
  const auto late = late_reports_.extract(what);
  if (!late.empty())
    hear(late.mapped());
}

// --- Outputs ------------------------------------------------------------------------------------

void leader_host::settle() {
  while (!is_blocked()) {
    auto out = role_->take();
    if (!out.persist.empty()) {
      if (world_.dies(*this, fault_kind::crash_before_persist))
        return;
      saving_ = std::move(out);
      return block(world_.sync_time(*this));
    }
    carry_out(std::move(out));
    if (reports_.empty())
      return;
    for (const auto& r : std::exchange(reports_, {}))
      hear(r);
  }
}

void leader_host::unblocked() {
  if (!on_disk([&] { disk_.state().save(saving_->persist.back().free_seqnum); }))
    return;
  auto out = std::move(*std::exchange(saving_, std::nullopt));
  note_own_records();
  if (!is_on_wrong_disk())
    world_.checkers.seqnum_saved(number(), out.persist.back().free_seqnum);
  if (world_.dies(*this, fault_kind::crash_before_send))
    return;
  carry_out(std::move(out));
  settle();
}

/// In the order of `outputs`.
void leader_host::carry_out(leader_outputs out) {
  if (out.stop_all) {
    scouts_.clear();
    commanders_.clear();
  }
  for (const auto& child : out.stop)
    if (child.kind == sub_role_kind::commander)
      commanders_.erase(child.number);
    else
      std::erase_if(scouts_,
                    [&](const scout& s) { return s.task().config->version == child.number; });
  for (auto& task : out.start)
    std::visit([this](auto& wanted) { start_child(std::move(wanted)); }, task);
  stamp_records(out.send, records());
  send_all(std::move(out.send));
}

void leader_host::start_child(scout_task task) {
  world_.facts.count(fact::recovery_scout, task.to_slot != 0);
  if (world_.log.is_told())
    world_.tell(id().str() + " scouts at " + to_string(task.ballot) + " from slot " +
                std::to_string(task.from_slot));
  scouts_.emplace_back(id(), std::move(task));
  settle_scouts();
}

void leader_host::start_child(commander_task task) {
  const auto slot = task.value.slot;
  const auto [it, is_new] = commanders_.try_emplace(slot, id(), std::move(task));
  demand(is_new,
         [&] { return "C1: two commanders at the same time for slot " + std::to_string(slot); });
  settle_commander(it->second);
}

void leader_host::settle_scouts() {
  for (auto& s : scouts_)
    for (auto& e : s.take().send)
      world_.send(*this, e.to, std::move(e.body));
  std::erase_if(scouts_, [&](const scout& s) {
    if (s.outcome())
      hand_in(*s.outcome());
    return s.outcome().has_value();
  });
}

bool leader_host::settle_commander(commander& c) {
  send_all(c.take().send);
  if (!c.outcome())
    return false;
  hand_in(std::pair{*c.outcome(), c.task().value.ballot});
  return true;
}

// --- Reports ------------------------------------------------------------------------------------

void leader_host::hand_in(report r) {
  if (world_.options.report_spread == 0)
    return reports_.push_back(std::move(r));
  late_reports_.emplace(++last_report_, std::move(r));
  world_.wake(*this, world_.chance.below(world_.options.report_spread), last_report_);
}

void leader_host::hear(const report& r) {
  count(r);
  const bool was_active = role_->is_active();
  if (const auto* scouted = std::get_if<scout_outcome>(&r))
    role_->on(*scouted);
  else
    role_->on(std::get<1>(r).first, std::get<1>(r).second);
  if (role_->is_active() == was_active)
    return;
  world_.facts.count(fact::election, role_->is_active());
  if (world_.log.is_told())
    world_.tell(id().str() + (was_active ? " is passive, preempted by " : " is active at ") +
                to_string(was_active ? role_->preempted_by() : role_->ballot()));
}

void leader_host::count(const report& r) {
  auto& facts = world_.facts;
  if (const auto* scouted = std::get_if<scout_outcome>(&r)) {
    facts.count(fact::preemption, std::holds_alternative<preempted>(*scouted));
    if (const auto* won = std::get_if<adopted>(scouted))
      for (const auto& [slot, p] : won->pvalues)
        if (const auto mine = role_->proposals().find(slot);
            mine != role_->proposals().end() && mine->second != p.value)
          facts.count(fact::pmax_override);
  } else {
    const auto& outcome = std::get<1>(r).first;
    facts.count(fact::preemption, std::holds_alternative<preempted>(outcome));
    facts.count(fact::below_watermark, std::holds_alternative<below_watermark>(outcome));
  }
}

void leader_host::forget(bool power) {
  if (saving_)
    die_within(disk_, 6, [&] { disk_.state().save(saving_->persist.back().free_seqnum); });
  saving_.reset();
  role_.reset();
  scouts_.clear();
  commanders_.clear();
  reports_.clear();
  late_reports_.clear();
  disk_.files().stop();
  disk_.close();
  disk_.files().restart(power);
}

bool leader_host::is_quiet(std::string& why) const {
  if (scouts_.empty() && commanders_.empty() && late_reports_.empty() && !is_blocked())
    return true;
  why += id().str() + " has " + std::to_string(scouts_.size()) + " scouts and " +
         std::to_string(commanders_.size()) + " commanders at work; ";
  return false;
}

} // namespace pmmc::sim
