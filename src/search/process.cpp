#include "search/process.hpp"

#include "base/codec.hpp"
#include "base/invariant.hpp"
#include "search/broken_assertion.hpp"
#include "search/encoding.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

namespace pmmc::search {

namespace {

/// More ticks than any wait of the leaders made here takes.
constexpr unsigned most_ticks = 200;

void keep_modelled(std::vector<envelope>& sent, std::vector<envelope> more) {
  for (auto& e : more)
    if (is_modelled(e.body))
      sent.push_back(std::move(e));
}

step_outcome nothing(process p) {
  step_outcome out{std::move(p)};
  out.happened = false;
  return out;
}

/// What any part wants done, in the order of `outputs`.
template <part Part, class Durable>
void carry_out(hosted<Part, Durable>& p, step_outcome& out) {
  auto wanted = p.core.take();
  for (const auto& record : wanted.persist)
    p.durable.apply(record);
  if constexpr (has_children<Part>) {
    out.stops_sub_roles |= wanted.stop_all;
    out.stopped.insert(out.stopped.end(), wanted.stop.begin(), wanted.stop.end());
    const role_id parent{"l" + std::to_string(p.number + 1)};
    for (auto& task : wanted.start) {
      sub_process child{{p.number, sub_role{parent, std::move(task)}, {}}};
      carry_out(child, out);
      out.started.emplace_back(std::move(child));
    }
  }
  keep_modelled(out.sent, std::move(wanted.send));
}

/// All acceptors answer the leader's pings, with no news.
void let_acceptors_answer(leader_process& p) {
  pong answer;
  answer.state = acceptor_vitals{};
  for (const auto& [first_slot, config] : p.core.configurations().all())
    for (const auto& acceptor : config.acceptors) {
      answer.from = acceptor.id;
      p.core.on(answer);
    }
}

/// Lets time pass until `done`, which sees the outputs too. False if it never is.
template <class Done>
bool tick_until(leader_process& p, step_outcome& out, bool hears_acceptors, const Done& done) {
  for (unsigned i = 0; i < most_ticks; ++i) {
    if (hears_acceptors)
      let_acceptors_answer(p);
    p.core.on_tick();
    carry_out(p, out);
    if (done())
      return true;
  }
  return false;
}

void put_name(std::string& out, char kind, unsigned number) {
  out.push_back(kind);
  put_varint(out, number);
}

struct byte_writer {
  std::string& out;

  void operator()(const acceptor_process& p) const {
    put_name(out, 'a', p.number);
    put(out, p.core.state());
    put(out, p.core.configurations());
    put(out, p.durable);
  }
  void operator()(const leader_process& p) const {
    put_name(out, 'l', p.number);
    put_varint(out, p.durable.free_seqnum);
    put_varint(out, p.ballots_left);
    put_varint(out, p.restarts_left);
    put(out, p.core);
  }
  void operator()(const sub_process& p) const {
    put_name(out, std::holds_alternative<scout>(p.core.role()) ? 's' : 'c', p.number);
    std::visit([this](const auto& role) { put(out, role); }, p.core.role());
  }
  void operator()(const replica_process& p) const {
    put_name(out, 'R', p.number);
    for (const auto n : {p.reads_left, p.restarts_left, p.life})
      put_varint(out, n);
    put_varint(out, p.acknowledged ? *p.acknowledged + 1 : 0);
    put_varint(out, p.decided.size());
    for (const auto& [slot, value] : p.decided) {
      put_varint(out, slot);
      put_bytes(out, value.bytes());
    }
    put_bytes(out, p.core);
  }
  /// What a scout has adopted tells its ballot; who was preempted, and why, makes no difference.
  void operator()(const report& p) const {
    const auto& [from, ballot, outcome] = p.what;
    put_name(out, 'r', p.leader);
    put_varint(out, outcome.index());
    if (from.kind == sub_role_kind::commander) {
      put_varint(out, ballot.seqnum);
      put_bytes(out, ballot.leader.view());
    }
    std::visit([this](const auto& outcome) { put(out, outcome); }, outcome);
  }
};

} // namespace

process_driver::process_driver(const scope& s)
    : scope_(s), configs_(configurations_of(s)), replicas_(s) {
  throw_broken_assertions();
}

namespace {

/// What leader `number` is proposed for a slot, if it is not what another one is.
command own_command(const scope& s, unsigned number, slot_num slot) {
  if (s.replicas != 0)
    return replica_command(s, number, slot);
  return command{static_cast<char>('A' + number) + std::to_string(slot)};
}

} // namespace

std::vector<command> reconfigurations_of(const scope& s) {
  std::vector<command> all;
  for (slot_num slot = 1; slot <= s.reconfigure; ++slot)
    all.push_back(own_command(s, 0, slot));
  return all;
}

/// Behind a command that does not change the members, the next change names a version that is not
/// there.
config_version latest_of(const std::vector<command>& changes,
                         const std::vector<command>& performed) {
  const auto differs =
      std::mismatch(changes.begin(), changes.end(), performed.begin(), performed.end());
  return 1 + static_cast<config_version>(differs.first - changes.begin());
}

/// Who has crashed may have to be told again of a new configuration.
acceptor process_driver::make_acceptor(unsigned number, acceptor_state recovered) const {
  acceptor::settings options{.id = "a" + std::to_string(number + 1)};
  if (scope_.pages)
    options.page_bytes = 1;
  return acceptor{options, std::move(recovered), config_history{configs_[0]}};
}

leader process_driver::make_leader(unsigned number, std::uint64_t free_seqnum) const {
  leader::settings options;
  options.near_slots = 0; // a replica lags as soon as it is behind
  options.id = configs_[0].leaders[number].id;
  options.window = window_of(scope_);
  // When things happen is for the search to choose: short waits only make its steps cheap.
  options.timeout = {1, 2};
  options.ping_ticks = 1;
  options.start_ticks = 1;
  options.lost_quorum_ticks = 50;
  options.forget_replica_ticks = 1'000'000'000;
  return leader{options, free_seqnum, config_history{configs_[0]}};
}

std::vector<process> process_driver::first_processes() const {
  std::vector<process> all;
  for (unsigned i = 0; i < acceptors_of(scope_); ++i)
    all.push_back(acceptor_process{{i, make_acceptor(i, {}), {}}});
  for (unsigned i = 0; i < scope_.leaders; ++i) {
    leader_process p{{i, make_leader(i, 0), {}}, scope_.ballots, scope_.restarts};
    step_outcome first_pings{p};
    carry_out(p, first_pings);
    all.push_back(std::move(p));
  }
  for (unsigned i = 0; i < scope_.replicas; ++i)
    all.push_back(replicas_.first(i));
  return all;
}

std::vector<envelope> process_driver::first_messages() const {
  std::vector<envelope> all;
  for (slot_num slot = 1; slot <= std::min<slot_num>(scope_.slots, window_of(scope_)); ++slot)
    propose_slot(all, slot, 1);
  return all;
}

/// To each leader a command of its own, or those of all.
void process_driver::propose_slot(std::vector<envelope>& to, slot_num slot,
                                  config_version version) const {
  for (unsigned l = 0; l < scope_.leaders; ++l)
    for (unsigned value = 0; value < scope_.leaders; ++value)
      if (value == l || scope_.both_values)
        to.push_back({configs_[0].leaders[l].id,
                      propose{"r1", version, slot, own_command(scope_, value, slot)}});
}

void process_driver::send_to_all(std::vector<envelope>& to, const message& m) const {
  for (unsigned a = 1; a <= acceptors_of(scope_); ++a)
    to.push_back({"a" + std::to_string(a), m});
  for (const auto& l : configs_[0].leaders)
    to.push_back({l.id, m});
}

config_history process_driver::known_up_to(config_version latest) const {
  config_history history;
  for (const auto& config : configs_)
    if (config.version <= latest)
      history.add(config);
  return history;
}

std::vector<envelope> process_driver::reaction(const std::vector<command>& performed) const {
  std::vector<envelope> all;
  const auto history = known_up_to(latest_of(reconfigurations_of(scope_), performed));
  const auto slot = performed.size() + window_of(scope_);
  if (slot <= scope_.slots)
    propose_slot(all, slot, history.for_slot(slot).version);
  return all;
}

std::vector<envelope> process_driver::announcement(slot_num slot_out) const {
  std::vector<envelope> all;
  replica_vitals told{.slot_out = slot_out};
  ping news{.from = "r1", .number = 0, .state = told};
  if (scope_.perform)
    for (const auto& l : configs_[0].leaders) // acceptors do not look at it
      all.push_back({l.id, news});
  told.watermark = slot_out;
  news.state = told;
  if (scope_.collect)
    send_to_all(all, news);
  return all;
}

namespace {

bool hear(leader_process& p, const report& r) {
  p.core.on(r.what);
  return true;
}
template <class Hosted>
bool hear(Hosted&, const report&) {
  return false;
}

template <class Hosted>
process after(Hosted p) {
  return p;
}
process after(sub_process p) {
  if (auto done = p.core.report())
    return report{p.number, std::move(*done)};
  return p;
}

} // namespace

step_outcome process_driver::step(const process& before, const input& in) const {
  try {
    return std::visit([&](const auto& p) { return run(p, in); }, before);
  } catch (const broken_assertion& e) {
    auto out = nothing(before);
    out.happened = true;
    out.fault = e.what();
    return out;
  }
}

/// Any part's step.
template <class Hosted>
step_outcome process_driver::run(Hosted p, const input& in) const {
  auto out = nothing(p);
  if (const auto* const* m = std::get_if<const envelope*>(&in)) {
    auto body = (*m)->body;
    out.happened = deliver(p.core, {}, body);
  } else if (const auto* const* r = std::get_if<const report*>(&in)) {
    out.happened = hear(p, **r);
  } else if constexpr (!std::same_as<Hosted, sub_process>) {
    out.happened = choose(p, in, out);
  }
  if (!out.happened)
    return nothing(std::move(out.after));
  carry_out(p, out);
  out.after = after(std::move(p));
  return out;
}

step_outcome process_driver::run(report p, const input&) const { return nothing(std::move(p)); }

bool process_driver::choose(acceptor_process& p, const input& in, step_outcome&) const {
  if (const auto* news = std::get_if<hear_of>(&in))
    p.core.learn(known_up_to(news->latest));
  else if (std::holds_alternative<crash_and_restart>(in))
    p.core = make_acceptor(p.number, p.durable);
  else
    return false;
  return true;
}

bool process_driver::choose(leader_process& p, const input& in, step_outcome& out) const {
  if (const auto* news = std::get_if<hear_of>(&in)) {
    p.core.learn(known_up_to(news->latest));
    return true;
  }
  if (std::holds_alternative<crash_and_restart>(in)) {
    if (p.restarts_left == 0)
      return false;
    --p.restarts_left;
    p.core = make_leader(p.number, p.durable.free_seqnum);
    out.loses_sub_roles = true;
    return true;
  }
  if (std::holds_alternative<run_for_office>(in)) {
    if (p.ballots_left == 0 || p.core.is_active() ||
        !tick_until(p, out, true, [&] { return !out.started.empty(); }))
      return false;
    --p.ballots_left;
    return true;
  }
  if (!p.core.is_active())
    return false;
  if (std::holds_alternative<lose_office>(in))
    return tick_until(p, out, false, [&] { return !p.core.is_active(); });
  p.core.on_tick();
  return true;
}

step_outcome process_driver::run(replica_process p, const input& in) const {
  replica_driver::outcome done{std::move(p), false, {}, {}};
  if (const auto* const* m = std::get_if<const envelope*>(&in)) {
    if (const auto* decided = std::get_if<decision>(&(*m)->body))
      done = replicas_.step(std::move(done.after), *decided);
    else if (const auto* answer = std::get_if<read_probe_reply>(&(*m)->body))
      done = replicas_.step(std::move(done.after), *answer);
  } else if (const auto* read = std::get_if<begin_read>(&in)) {
    done = replicas_.step(std::move(done.after), *read);
  } else if (std::holds_alternative<crash_and_restart>(in)) {
    done = replicas_.restart(std::move(done.after));
  }
  step_outcome out{std::move(done.after)};
  out.happened = done.happened;
  out.sent = std::move(done.sent);
  out.fault = std::move(done.fault);
  return out;
}

std::string canonical_bytes(const process& p) {
  std::string out;
  std::visit(byte_writer{out}, p);
  return out;
}

} // namespace pmmc::search
