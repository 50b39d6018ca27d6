#include "search/leader_host.hpp"

#include "search/role_names.hpp"

#include <utility>

namespace pmmc::search {

namespace {

/// More ticks than any wait of the leaders made here takes.
constexpr unsigned most_ticks = 200;

/// All acceptors answer the leader's pings, with no news.
void let_acceptors_answer(leader& core) {
  pong answer;
  answer.state = acceptor_vitals{};
  for (const auto& [first_slot, config] : core.configurations().all())
    for (const auto& acceptor : config.acceptors) {
      answer.from = acceptor.id;
      core.on(answer);
    }
}

} // namespace

// --- Scouts and commanders ----------------------------------------------------------------------

void sub_role_host::end(running& s) const {
  if (auto done = s.now.core.report())
    s.out.after = report{s.now.leader, std::move(*done)};
  else
    part_host::end(s);
}

// --- Leaders ------------------------------------------------------------------------------------

leader_host::leader_host(const scope& s, const sub_role_host& children)
    : children_(children), configs_(configurations_of(s)), window_(window_of(s)),
      ballots_(s.ballots), restarts_(s.restarts) {}

leader leader_host::make(unsigned number, std::uint64_t free_seqnum) const {
  leader::settings options;
  options.near_slots = 0; // a replica lags as soon as it is behind
  options.id = id_of(role_kind::leader, number);
  options.window = window_;
  // When things happen is for the search to choose: short waits only make its steps cheap.
  options.timeout = {1, 2};
  options.ping_ticks = 1;
  options.start_ticks = 1;
  options.lost_quorum_ticks = 50;
  options.forget_replica_ticks = 1'000'000'000;
  return leader{options, free_seqnum, config_history{configs_[0]}};
}

leader_process leader_host::first(unsigned number) const {
  auto begun = begin({number, make(number, 0), {}, ballots_, restarts_});
  return std::get<leader_process>(std::move(begun.after));
}

void leader_host::restart(running& s) const {
  --s.now.restarts_left;
  s.now.core = make(s.now.number, s.now.disk.free_seqnum);
  s.out.loses_children = true;
}

bool leader_host::choose(running& s, const input& in) const {
  auto& core = s.now.core;
  if (const auto* const* r = std::get_if<const report*>(&in)) {
    core.on((*r)->what);
    return true;
  }
  if (const auto* news = std::get_if<hear_of>(&in)) {
    core.learn(known_up_to(configs_, news->latest));
    return true;
  }
  if (std::holds_alternative<run_for_office>(in))
    return run(s);
  if (!core.is_active())
    return false;
  if (std::holds_alternative<lose_office>(in))
    return tick_until(s, false, [&] { return !core.is_active(); });
  if (!std::holds_alternative<pass_time>(in))
    return false;
  core.on_tick();
  return true;
}

bool leader_host::run(running& s) const {
  if (s.now.ballots_left == 0 || s.now.core.is_active() ||
      !tick_until(s, true, [&] { return !s.out.started.empty(); }))
    return false;
  --s.now.ballots_left;
  return true;
}

/// Lets time pass, with all that comes of it, until `is_done`. False if it never is.
bool leader_host::tick_until(running& s, bool hears_acceptors,
                             const std::function<bool()>& is_done) const {
  for (unsigned i = 0; i < most_ticks; ++i) {
    if (hears_acceptors)
      let_acceptors_answer(s.now.core);
    s.now.core.on_tick();
    carry_out(s);
    if (is_done())
      return true;
  }
  return false;
}

void leader_host::start_child(running& s, sub_role_task task) const {
  const auto parent = id_of(role_kind::leader, s.now.number);
  auto child = children_.begin({s.now.number, sub_role{parent, std::move(task)}, {}});
  append(s.out.sent, std::move(child.sent));
  s.out.started.push_back(std::move(child.after));
}

} // namespace pmmc::search
