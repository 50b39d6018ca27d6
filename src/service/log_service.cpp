#include "service/log_service.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

log_service::log_service(settings options, std::unique_ptr<replicated_state> state,
                         std::uint64_t seed)
    : options_(options), state_(std::move(state)),
      desk_({options.id,
             options.founds,
             options.max_op_bytes,
             options.resend_ticks,
             options.forget_held_back_ticks,
             {options.max_pending_requests, options.max_pending_bytes, options.batch_bytes,
              options.batch_requests}}),
      reads_({{options.id, options.max_op_bytes, options.max_queries, options.read_bytes},
              options.query_ticks},
             seed) {}

// --- Clients ------------------------------------------------------------------------------------

void log_service::on(const role_id& client, request m, std::vector<envelope>& send) {
  desk_.on(client, std::move(m), *state_, tick_, send);
}

void log_service::on(const role_id& client, query m, std::vector<envelope>& send) {
  reads_.add(client, std::move(m), state_->slot_out(), send);
}

void log_service::on(handoff m) { desk_.on(std::move(m), *state_, tick_); }

void log_service::on_tick(const std::function<std::string()>& why_stalled,
                          std::vector<envelope>& send) {
  ++tick_;
  if (desk_.queue().size() == 0)
    progress_tick_ = tick_;
  desk_.on_tick(*state_, tick_, send);
  reads_.on_tick(state_->slot_out(), tick_, why_stalled, send);
}

bool log_service::is_stalled() const {
  return tick_ >= progress_tick_ + options_.explain_ticks && tick_ % options_.explain_ticks == 0;
}

void log_service::explain(const std::string& why, std::vector<envelope>& send) const {
  desk_.explain(why, send);
}

// --- What the log tells -------------------------------------------------------------------------

void log_service::hear(const log_outputs& told, std::vector<envelope>& send) {
  for (const auto ticket : told.unknown) {
    const auto keys = settle(ticket);
    unknown_.insert(keys.begin(), keys.end());
  }
  for (const auto& lost : told.displaced)
    lose(lost);
  for (const auto& d : told.decided)
    if (state_->refusal().empty()) // else the driver ends the process
      perform(d, send);
  for (const auto& r : told.readable)
    reads_.on(r);
}

void log_service::perform(const log_outputs::decision& d, std::vector<envelope>& send) {
  PMMC_INVARIANT(d.slot == state_->slot_out(), "R2: slots are performed in order, without gaps");
  auto responses = state_->perform(d.value, d.change);
  if (!state_->refusal().empty())
    return;
  if (d.mine != 0)
    desk_.settle_batch(settle(d.mine), true);
  ++counters_.slots_performed;
  progress_tick_ = tick_;
  desk_.answer(std::move(responses), send);
}

/// The requests that were proposed with it.
std::vector<request_key> log_service::settle(proposal_ticket mine) {
  if (mine == change_)
    change_ = 0;
  const auto found = proposed_.extract(mine);
  PMMC_INVARIANT(!found.empty(), "each proposal has one outcome");
  return found.mapped();
}

void log_service::lose(const log_outputs::loss& lost) {
  const auto keys = settle(lost.mine);
  if (lost.why.empty())
    return desk_.settle_batch(keys, false);
  for (const auto& key : keys)
    desk_.refuse(key, lost.why);
}

void log_service::install(std::unique_ptr<replicated_state> fetched) {
  state_ = std::move(fetched);
  progress_tick_ = tick_;
  ++counters_.snapshots_installed;
}

void log_service::skipped(std::vector<envelope>& send) {
  desk_.skipped(*state_, std::exchange(unknown_, {}), send);
}

// --- Proposals ----------------------------------------------------------------------------------

/// What was handed on is taken back when somebody else leads, and asked for again there.
void log_service::flush(replicated_log& log, const role_id& member, std::vector<envelope>& send) {
  if (const auto now = log.leader().empty() ? member : log.leader(); now != leader_) {
    leader_ = now;
    desk_.take_back(*state_, tick_, send);
  }
  if (log.may_propose()) {
    propose(log);
    propose_changes(log);
  } else {
    if (log.leader() != options_.id) // else it hands over, or its disk is behind
      give_back_changes();
    if (!member.empty()) // the engine tells this one nothing any more
      for (auto& [ticket, keys] : proposed_)
        desk_.settle_batch(std::exchange(keys, {}), false);
    if (!leader_.empty() && leader_ != options_.id)
      counters_.requests_handed_on += desk_.hand_on(leader_, tick_, send);
  }
  reads_.answer(*state_, send);
  if (reads_.start(log, tick_))
    ++counters_.read_rounds;
}

/// A slot carries all that has come in while earlier slots were in flight. Where a decision takes
/// longer than a tick, one more opens every tick; full batches wait for nothing but WINDOW.
void log_service::propose(replicated_log& log) {
  const auto& requests = desk_.queue();
  while (requests.queued() > 0 && log.may_propose() && in_flight() < state_->window() &&
         (may_open() || requests.has_full_batch())) {
    auto batch = desk_.next_batch(*state_, disks_met_, log.changes_servers());
    if (!batch)
      return;
    for (const auto& key : batch->changes)
      changes_.push_back({key, tick_});
    if (batch->entries == 0)
      continue;
    counters_.batch_requests.observe(static_cast<double>(batch->entries));
    counters_.batch_bytes.observe(static_cast<double>(batch->value.size()));
    opened_tick_ = tick_;
    propose_batch(log, std::move(*batch));
  }
}

/// A change that waits for its newcomers holds up nothing else.
std::size_t log_service::in_flight() const { return proposed_.size() - (change_ != 0 ? 1 : 0); }

bool log_service::may_open() const {
  return in_flight() < options_.eager_slots ||
         (in_flight() < options_.pipeline_slots && tick_ > opened_tick_);
}

void log_service::propose_batch(replicated_log& log, request_desk::batch batch) {
  proposed_.emplace(log.propose(std::move(batch.value)), std::move(batch.requests));
}

// --- Changes of the servers ---------------------------------------------------------------------

void log_service::propose_changes(replicated_log& log) {
  std::erase_if(changes_, [&](const waiting_change& w) { return begin_change(log, w); });
}

/// The engine makes a change whatever the sessions say of the request for it. So it is asked for
/// one only when the request is the next of its session, and may be executed. What cannot be made
/// is decided like any other request, and the state says why not. Returns whether it waits no more.
bool log_service::begin_change(replicated_log& log, const waiting_change& waiting) {
  const auto* asked = desk_.queue().find(waiting.key);
  if (asked == nullptr)
    return true;
  const bool is_next = state_->sessions().is_next(asked->session, asked->sequence);
  if (is_next && !log.may_change())
    return false;
  std::string why_not;
  const auto wanted = decode_reconfiguration(asked->op);
  const auto next = wanted ? apply(*wanted, state_->configurations(), why_not) : std::nullopt;
  if (is_next && next && wanted->replaces == state_->configurations().latest().version) {
    auto batch = desk_.batch_of(waiting.key);
    change_ = log.change(wanted->replaces, next->servers, std::move(batch.value));
    proposed_.emplace(change_, std::move(batch.requests));
    return true;
  }
  const bool is_early = !is_next && !state_->sessions().known_answer(*asked, state_->slot_out());
  if (!log.may_propose() ||
      (is_early && tick_ < waiting.since_tick + options_.forget_held_back_ticks))
    return false;
  propose_batch(log, desk_.batch_of(waiting.key));
  return true;
}

/// Another server leads: they go there.
void log_service::give_back_changes() {
  for (const auto& waiting : std::exchange(changes_, {}))
    desk_.settle_batch({waiting.key}, false);
}

service_gauges log_service::gauges() const {
  service_gauges g;
  g.window = state_->window();
  g.pending_requests = desk_.queue().size();
  g.pending_bytes = desk_.queue().bytes();
  g.queued_requests = desk_.queue().queued();
  g.waiting_reads = reads_.waiting();
  g.proposals = proposed_.size();
  return g;
}

} // namespace pmmc
