#include "search/encoding.hpp"

#include "base/codec.hpp"
#include "base/invariant.hpp"
#include "wire/message_codec.hpp"

#include <map>
#include <optional>
#include <set>
#include <type_traits>

namespace pmmc {

namespace search {

namespace {

template <class T>
requires std::is_integral_v<T> || std::is_enum_v<T>
void put(std::string& out, T value) { put_varint(out, static_cast<std::uint64_t>(value)); }
void put(std::string& out, const role_id& id) { put_bytes(out, id.view()); }
void put(std::string& out, const command& c) { put_bytes(out, c.bytes()); }

template <class... Fields>
void put_all(std::string& out, const Fields&... fields);

void put(std::string& out, const ballot_num& b) { put_all(out, b.seqnum, b.leader); }
void put(std::string& out, const pvalue& p) { put_all(out, p.ballot, p.slot, p.value); }

template <class T>
void put(std::string& out, const std::optional<T>& value) {
  put(out, value.has_value());
  if (value)
    put(out, *value);
}

template <class First, class Second>
void put(std::string& out, const std::pair<First, Second>& p) {
  put_all(out, p.first, p.second);
}

template <class Range>
void put_range(std::string& out, const Range& values) {
  put(out, values.size());
  for (const auto& value : values)
    put(out, value);
}

template <class T>
void put(std::string& out, const std::vector<T>& values) {
  put_range(out, values);
}
template <class T>
void put(std::string& out, const std::set<T>& values) {
  put_range(out, values);
}
template <class K, class V>
void put(std::string& out, const std::map<K, V>& values) {
  put_range(out, values);
}

template <class... Fields>
void put_all(std::string& out, const Fields&... fields) {
  (put(out, fields), ...);
}

} // namespace

} // namespace search

/// Enough to tell configurations of one scope apart: F1, its versions follow from its decisions.
static std::vector<config_version> versions_of(const config_history& history) {
  std::vector<config_version> versions;
  for (const auto& [first_slot, config] : history.all())
    versions.push_back(config.version);
  return versions;
}

/// The classes' friend. Each structured binding names every member, so that one that is added to a
/// role does not compile until somebody has decided here whether it tells states apart.
struct role_contents {
  /// Times: the search lets a leader run whenever it may.
  static void leave_out(const election_timer& part) {
    [[maybe_unused]] const auto& [options, random, timeout, due_tick, watched_is_down] = part;
  }

  /// Times, and what acceptors told of pings, which are not modelled.
  static void leave_out(const heard_acceptors& part) { [[maybe_unused]] const auto& [news] = part; }

  static void put(std::string& out, const leader& role) {
    const auto& [options, configurations, state, ballot_num, preempted_by, free_seqnum, timer, tick,
                 ping_number, phase_one, acceptors, replicas, proposals, early, decisions,
                 commander_slots, recovery, counters, unsent] = role;
    PMMC_INVARIANT(unsent.send.empty(), "the search takes all outputs of a step");
    leave_out(timer);
    leave_out(acceptors);
    std::map<role_id, slot_num> replica_slots;
    const auto& [itself, history, by_version] = configurations;
    const auto& [forget_ticks, near_slots, heard, watermark, held_from] = replicas;
    const auto& [most_kept, kept, highest_decided, covered_from] = decisions;
    for (const auto& [id, news] : heard)
      replica_slots.emplace(id, news.slot_out);
    const auto& [most_at_work, commanded, at_work, waiting] = commander_slots;
    const auto& [awaited, adopted, pmax] = phase_one;
    const auto& [most_wanted, recovering_from, wanted] = recovery;
    std::map<slot_num, std::pair<config_version, command>> proposed_early;
    for (const auto& [slot, m] : early)
      proposed_early.emplace(slot, std::pair{m.version, m.value});
    search::put_all(out, versions_of(history), state, ballot_num, preempted_by, free_seqnum,
                    awaited, adopted, pmax, replica_slots, covered_from, watermark, highest_decided,
                    held_from, proposals, proposed_early, kept.by_slot(), commanded.runs(), at_work,
                    waiting, recovering_from, wanted);
  }

  static void put(std::string& out, const read_rounds& part) {
    const auto& [options, queue, round_number, asking, complete, needed_slot_out, accepted] = part;
    const auto put_round = [&](slot_num slot, const read_rounds::round& r) {
      search::put_all(out, slot, r.number, r.answered, r.highest, r.queries.size());
    };
    search::put_all(out, queue.waiting(), round_number, asking.has_value(), complete.size());
    if (asking)
      put_round(0, *asking);
    for (const auto& [slot, rounds] : complete)
      for (const auto& r : rounds)
        put_round(slot, r);
  }

  /// The search keeps back what it sends but probes and answers, and gives it no requests and no
  /// time.
  static void put(std::string& out, const replica& role) {
    const auto& [options, random, state, tick, learned, slot_in, desk, proposals, decisions,
                 proposer, gossip, agreement, disks_met, reads, watermark, snapshots, missing,
                 fetch, counters, unsent] = role;
    search::put_all(out, state->slot_out(), state->fingerprint(), decisions.by_slot());
    put(out, reads);
  }

  static void put(std::string& out, const scout& role) {
    const auto& [leader, task, resend_ticks, ticks, waitfor, result, outcome, unsent] = role;
    PMMC_INVARIANT(unsent.empty() && !outcome, "a scout with an outcome is a report");
    search::put_all(out, leader, task.config->version, task.ballot, task.from_slot, task.to_slot,
                    waitfor, result.watermark, result.pvalues);
  }

  static void put(std::string& out, const commander& role) {
    const auto& [leader, task, resend_ticks, ticks, waitfor, outcome, unsent] = role;
    PMMC_INVARIANT(unsent.empty() && !outcome, "a commander with an outcome is a report");
    search::put_all(out, leader, task.config->version, task.value, task.learners, waitfor);
  }
};

namespace search {

void put(std::string& out, const leader& role) { role_contents::put(out, role); }
void put(std::string& out, const replica& role) { role_contents::put(out, role); }
void put(std::string& out, const scout& role) { role_contents::put(out, role); }
void put(std::string& out, const commander& role) { role_contents::put(out, role); }

void put(std::string& out, const config_history& history) { put(out, versions_of(history)); }

void put(std::string& out, const acceptor_state& state) {
  put(out, state.watermark);
  put(out, state.by_version.size());
  for (const auto& [version, votes] : state.by_version)
    put_all(out, version, votes.ballot, votes.accepted);
}

namespace {

struct outcome_writer {
  std::string& out;

  void operator()(const adopted& o) const {
    put_all(out, o.version, o.ballot, o.from_slot, o.to_slot, o.watermark, o.pvalues);
  }
  void operator()(const preempted& o) const { put_all(out, o.ballot); }
  void operator()(const decided& o) const { put_all(out, o.value); }
  void operator()(const below_watermark& o) const { put_all(out, o.slot, o.watermark); }
};

/// Most messages are as they are on the wire. Of others less tells states apart.
struct message_writer {
  std::string& out;

  void operator()(const ping& m) const {
    put_all(out, m.from, slot_end_of(m.state), watermark_of(m.state));
  }
  template <class Message>
  void operator()(const Message& m) const {
    wire::encode(out, m);
  }
};

} // namespace

void put(std::string& out, const scout_outcome& outcome) {
  put(out, outcome.index());
  std::visit(outcome_writer{out}, outcome);
}

void put(std::string& out, const commander_outcome& outcome) {
  put(out, outcome.index());
  std::visit(outcome_writer{out}, outcome);
}

void put(std::string& out, const envelope& e) {
  PMMC_INVARIANT(is_modelled(e.body), "only what is modelled is encoded");
  put_all(out, e.to, e.body.index());
  std::visit(message_writer{out}, e.body);
}

bool is_modelled(const message& m) {
  if (const auto* p = std::get_if<ping>(&m))
    return std::holds_alternative<replica_vitals>(p->state);
  return std::holds_alternative<p1a>(m) || std::holds_alternative<p1b>(m) ||
         std::holds_alternative<p2a>(m) || std::holds_alternative<p2b>(m) ||
         std::holds_alternative<propose>(m) || std::holds_alternative<decision>(m) ||
         std::holds_alternative<read_probe>(m) || std::holds_alternative<read_probe_reply>(m);
}

} // namespace search

} // namespace pmmc
