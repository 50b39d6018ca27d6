#include "sim/simulation.hpp"

#include "base/invariant.hpp"
#include "check/linearizability.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/operator_host.hpp"

#include <utility>

namespace pmmc::sim {

namespace {
/// More events in a run are a storm: roles that answer each other without end.
constexpr std::uint64_t most_events = 60'000'000;
} // namespace

simulation::simulation(const scenario& s, const watch& w)
    : options_(s), most_steps_(w.most_steps), world_(options_), members_(world_),
      lives_(world_, members_.met()), redis_(world_), nemesis_(world_, members_) {
  world_.log.tell = w.tell;
  world_.log.tells_messages = w.messages && w.tell;
  add_clients();
  members_.add_operators();
  redis_.add_clients();
  for (std::size_t p = 0; p < world_.processes(); ++p)
    world_.queue.push(p * millisecond, event_kind::restart, p, 0, 0);
  for (std::size_t i = 0; i < options_.faults.size(); ++i)
    world_.queue.push(options_.faults[i].at, event_kind::fault, 0, 0, i);
}

void simulation::add_clients() {
  for (std::size_t i = 1; i <= options_.clients; ++i)
    clients_.push_back(std::make_unique<core_client>(world_, history_, "c" + std::to_string(i),
                                                     world_.add_process(false)));
  for (std::size_t i = 1; i <= options_.raw_clients; ++i)
    clients_.push_back(std::make_unique<raw_client>(world_, history_, "raw" + std::to_string(i),
                                                    world_.add_process(false)));
}

// --- Events -------------------------------------------------------------------------------------

void simulation::start(std::size_t number) {
  const auto& p = world_.process_at(number);
  if (p.up || !lives_.may_start(number))
    return;
  if (!lives_.has_address(number)) {
    if (!faults_over_ || !p.retired)
      world_.queue.push(world_.now() + 1 * second, event_kind::restart, number, p.life, 0);
    return;
  }
  redis_.give_port(number);
  lives_.start(number);
}

void simulation::step(const event& e) {
  world_.log.mix(e.at << 8 ^ e.who);
  world_.log.mix(static_cast<std::uint64_t>(e.kind) << 32 ^ e.what);
  switch (e.kind) {
  case event_kind::deliver: {
    if (auto* h = world_.addressee(e.who, e.life)) {
      if (const auto until = world_.process_at(h->process_number()).paused_until;
          until > world_.now())
        return world_.queue.push(until, e.kind, e.who, e.life, e.what);
      world_.deliver(e.what, *h);
    }
    return world_.land(e.what);
  }
  case event_kind::news:
    return lives_.hear(e);
  case event_kind::wake:
    return lives_.wake(e);
  case event_kind::tick: {
    const auto& p = world_.process_at(e.who);
    if (!p.up || p.life != e.life)
      return;
    if (p.paused_until > world_.now())
      return world_.queue.push(p.paused_until, e.kind, e.who, e.life, e.what);
    world_.queue.push(world_.now() + p.tick_length, event_kind::tick, e.who, e.life, 0);
    return lives_.tick(e.who);
  }
  case event_kind::restart:
    if (world_.process_at(e.who).life == e.life)
      start(e.who);
    return;
  case event_kind::fault:
    return faults_over_ ? void() : nemesis_.begin(e.what);
  case event_kind::fault_end:
    return faults_over_ ? void() : nemesis_.end(e.what);
  }
}

void simulation::play_until(sim_time end, const std::function<bool()>& done) {
  std::uint64_t until_look = 0;
  while (!world_.queue.empty() && world_.queue.next_time() < end) {
    const auto e = world_.queue.pop();
    world_.advance_to(e.at);
    step(e);
    effect_times_.resize(world_.checkers.truth().model().effects().size(), world_.now());
    if (world_.somebody_crashes())
      lives_.stop_crashed();
    ++world_.facts.events;
    demand(world_.facts.events < most_events,
           [] { return std::string{"L1: messages call forth messages without end"}; });
    if (!faults_over_ && most_steps_ != 0 && world_.facts.events >= most_steps_)
      return;
    if (done && ++until_look % 1'024 == 0 && done())
      return;
  }
  world_.advance_to(std::max(world_.now(), end));
}

// --- The run ------------------------------------------------------------------------------------

void simulation::run() {
  play_until(options_.fault_phase, nullptr);
  faults_over_ = true;
  if (world_.log.is_told())
    world_.tell("the faults are over");
  nemesis_.heal();
  for (auto& c : clients_)
    c->hurry();
  redis_.calm_down();
  demand_answers();
  demand_rest();
  check_history();
  redis_.check(effect_times_);
}

void simulation::demand_answers() {
  const auto all_done = [this] {
    for (const auto& c : clients_)
      if (!c->is_done())
        return false;
    return redis_.is_done();
  };
  play_until(world_.now() + options_.calm_phase, all_done);
  std::string why;
  for (const auto& c : clients_)
    c->is_quiet(why);
  redis_.is_quiet(why);
  demand(why.empty(), [&] {
    std::string rest;
    at_rest(rest);
    return "L1: not everything is answered: " + why + rest;
  });
}

void simulation::demand_rest() {
  std::string why;
  play_until(world_.now() + options_.calm_phase, [&] { return at_rest(why); });
  demand(at_rest(why), [&] { return "L2: the cluster does not come to rest: " + why; });
}

/// All replicas, or servers, have performed the same slots, whose states the checkers have compared
/// already; no scout, commander, proposal or request is left over; and exactly one leader is
/// active, if the engine has any.
bool simulation::at_rest(std::string& why) const {
  why.clear();
  bool quiet = true;
  std::size_t active = 0;
  for (const auto& m : members_.roles()) {
    const auto p = m->process_number();
    if ((world_.up() >> p & 1) == 0)
      continue;
    quiet = m->is_quiet(why) && quiet;
    active += m->is_in_office();
    if (members_.is_moving(p)) {
      why += m->id().str() + " is not where the members have it; ";
      quiet = false;
    }
  }
  for (const auto& o : members_.operators())
    quiet = o->is_quiet(why) && quiet;
  const std::size_t wanted = options_.engine == engine_kind::simple ? 0 : 1;
  if (active != wanted)
    why += std::to_string(active) + " leaders are active; ";
  return quiet && active == wanted;
}

/// Queries that were given up, and operations that never happened, say nothing.
void simulation::check_history() const {
  const auto checked = check::check_history(
      to_check(history_), {},
      guess_order(history_, world_.checkers.truth().model().effects(), effect_times_));
  demand(checked.outcome == check::verdict::linearizable, [&] {
    return "H1: the history is " + std::string{to_string(checked.outcome)} + ": " +
           (checked.violations.empty() ? std::string{} : checked.violations.front().text);
  });
}

void simulation::count_disk_hits() {
  for (const auto& m : members_.roles()) {
    if (m->files() == nullptr)
      continue;
    const auto& hits = m->files()->hits();
    world_.facts.count(fact::disk_write_lost, hits.writes_lost);
    world_.facts.count(fact::disk_write_torn, hits.writes_torn);
    world_.facts.count(fact::disk_name_lost, hits.names_lost);
    world_.facts.count(fact::disk_rename_lost, hits.renames_lost);
    world_.facts.count(fact::disk_flip_read, hits.flips_read);
    world_.facts.count(fact::disk_full, hits.writes_without_room);
    world_.facts.count(fact::disk_sync_failed, hits.syncs_failed_once);
    world_.facts.count(fact::disk_sync_failed_for_good, hits.syncs_failed_for_good);
  }
}

namespace {

/// What the checkers of the engines have seen.
void count_engine(const oracle& seen, summary& facts) {
  const auto& raft = seen.of_raft().seen();
  facts.count(fact::truncated, raft.truncations);
  facts.count(fact::change_taken_back, raft.taken_back);
  facts.count(fact::log_collected, raft.compactions + seen.of_simple().seen().collections);
  facts.count(fact::vote_refused, raft.votes_refused);
  facts.count(fact::pre_vote, raft.pre_votes);
  facts.count(fact::office_handed_on, raft.transfers);
  facts.count(fact::snapshot_offered, raft.offers + seen.of_simple().seen().forgotten);
  facts.count(fact::change_begun, seen.of_raft().log().seen_changes().begun);
  facts.count(fact::change_finished, seen.of_raft().log().seen_changes().finished);
  const auto& simple = seen.of_simple().seen();
  facts.count(fact::number_refused, simple.rejections);
  facts.count(fact::slot_filled, simple.fills);
  facts.count(fact::value_taken_over, simple.taken_over);
  facts.count(fact::value_asked_for, simple.learned);
}

} // namespace

result run(const scenario& s, const watch& w) {
  set_invariant_handler([](const char* condition, const char* meaning) {
    throw violation{std::string{meaning} + " (" + condition + ")"};
  });
  simulation cluster{s, w};
  result r;
  r.seed = s.seed;
  try {
    cluster.run();
  } catch (const violation& v) {
    r.broken = v.what();
  }
  cluster.count_disk_hits();
  auto& state = cluster.state();
  r.facts = state.facts;
  r.facts.engine = s.engine;
  count_engine(state.checkers, r.facts);
  r.facts.simulated = state.now();
  r.facts.slots = state.checkers.log().count();
  r.facts.count(fact::request_decided_again, state.checkers.truth().requests_decided_again());
  r.facts.count(fact::session_ended, state.checkers.truth().model().sessions_ended());
  const auto& model = state.checkers.truth().model();
  r.facts.count(fact::put_off, model.put_off());
  r.facts.count(fact::session_evicted, model.sessions_evicted());
  r.facts.count(fact::reply_refused, model.replies_refused());
  r.facts.count(fact::named_session_evicted, model.store().sessions().ended());
  r.facts.count(fact::named_answer_dropped, model.store().sessions().answers_dropped());
  r.facts.count(fact::redis_key_expired, state.checkers.truth().model().keys_expired());
  r.facts.count(fact::redis_answered_again, state.checkers.truth().model().answered_again());
  r.facts.count(fact::noop_decided, state.checkers.truth().noops());
  r.facts.count(fact::reconfiguration, state.checkers.truth().reconfigurations());
  r.facts.count(fact::two_reconfigurations_in_flight,
                state.checkers.truth().reconfigurations_in_flight());
  r.facts.count(fact::boundary_crossed, state.checkers.truth().boundaries_crossed());
  state.log.mix(state.now());
  state.log.mix(state.checkers.truth().state().fingerprint());
  r.trace_hash = state.log.hash();
  return r;
}

} // namespace pmmc::sim
