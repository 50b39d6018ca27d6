#include "search/trace.hpp"

#include "base/invariant.hpp"
#include "search/role_names.hpp"
#include "service/batch.hpp"

#include <algorithm>

namespace pmmc::search {

namespace {

std::string quoted(const command& c) {
  if (c.is_noop())
    return "no-op";
  const auto entries = decode_batch(c);
  if (!entries)
    return "\"" + std::string{c.bytes()} + "\"";
  std::string text;
  for (const auto& e : *entries)
    text += e.kind == request_kind::operation     ? "\"" + std::string{e.op} + "\""
            : e.kind == request_kind::reconfigure ? "a change of the members"
                                                  : "";
  return text;
}

std::string slot_and(const pvalue& p) {
  return "slot " + std::to_string(p.slot) + " " + quoted(p.value) + " at " + to_string(p.ballot);
}

std::string in_version(config_version version) {
  return version == 1 ? "" : " v" + std::to_string(version);
}

struct message_text {
  std::string operator()(const p1a& m) const {
    return "p1a " + to_string(m.ballot) + in_version(m.version) +
           (m.from_slot == 1 ? "" : " from slot " + std::to_string(m.from_slot));
  }
  std::string operator()(const p1b& m) const {
    std::string text = "p1b of " + m.acceptor.str() + " to " + to_string(m.asked) +
                       in_version(m.version) + ": " +
                       (m.ballot == m.asked ? "promised" : "is at " + to_string(m.ballot));
    for (const auto& p : m.accepted)
      text += ", holds " + slot_and(p);
    if (m.watermark > 1)
      text += ", nothing below slot " + std::to_string(m.watermark);
    if (m.next_slot != 0)
      text += ", more from slot " + std::to_string(m.next_slot);
    return text;
  }
  std::string operator()(const p2a& m) const {
    return "p2a " + slot_and(m.value) + in_version(m.version);
  }
  std::string operator()(const p2b& m) const {
    std::string text = "p2b of " + m.acceptor.str() + " to slot " + std::to_string(m.slot) +
                       " at " + to_string(m.asked) + in_version(m.version) + ": ";
    if (m.slot < m.watermark)
      return text + "dropped below slot " + std::to_string(m.watermark);
    return text + (m.ballot == m.asked ? "accepted" : "is at " + to_string(m.ballot));
  }
  std::string operator()(const propose& m) const {
    return "propose slot " + std::to_string(m.slot) + " " + quoted(m.value);
  }
  std::string operator()(const decision& m) const {
    return "decision slot " + std::to_string(m.slot) + " " + quoted(m.value);
  }
  std::string operator()(const ping& m) const {
    return "ping: slots below " + std::to_string(slot_end_of(m.state)) +
           (watermark_of(m.state) == 0 ? " are performed" : " are durable");
  }
  std::string operator()(const read_probe& m) const {
    return "read probe of round " + std::to_string(m.round % 1'000) + in_version(m.version);
  }
  std::string operator()(const read_probe_reply& m) const {
    return m.acceptor.str() + "'s answer to round " + std::to_string(m.round % 1'000) +
           in_version(m.version) + ": nothing above slot " + std::to_string(m.highest);
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return "?";
  }
};

std::string text_of(const message& m) { return std::visit(message_text{}, m); }

struct report_text {
  std::string operator()(const adopted& o) const { return to_string(o.ballot) + " is adopted"; }
  std::string operator()(const preempted& o) const { return "preempted by " + to_string(o.ballot); }
  std::string operator()(const decided& o) const {
    return "slot " + std::to_string(o.value.slot) + " is decided";
  }
  std::string operator()(const below_watermark& o) const {
    return "slot " + std::to_string(o.slot) + " is below the watermark";
  }
  std::string operator()(const scout_outcome& o) const { return std::visit(*this, o); }
  std::string operator()(const commander_outcome& o) const { return std::visit(*this, o); }
};

std::string name_of(const process_part& part) {
  const auto leader = id_of(role_kind::leader, part.number).str();
  switch (part.kind) {
  case part_kind::acceptor:
    return id_of(role_kind::acceptor, part.number).str();
  case part_kind::replica:
    return id_of(role_kind::replica, part.number).str();
  case part_kind::scout:
    return leader + "'s scout";
  case part_kind::commander:
    return leader + "'s commander";
  default:
    return leader;
  }
}

std::string what_happens(const universe& u, const step_key& key) {
  switch (key.kind) {
  case input_kind::message:
    return "receives " + text_of(u.message(key.argument).message.body);
  case input_kind::report: {
    const auto& r = std::get<report>(u.process_state(key.argument).contents);
    return "hears: " + std::visit(report_text{}, r.what.outcome);
  }
  case input_kind::crash:
    return "crashes and restarts";
  case input_kind::run_for_office:
    return "runs for office";
  case input_kind::lose_office:
    return "hears no majority and gives up office";
  case input_kind::hear_of:
    return "hears of configuration " + std::to_string(key.argument);
  case input_kind::begin_read:
    return "is asked for a read, when " + std::to_string(key.argument) + " slots are acknowledged";
  default:
    return "sees time pass";
  }
}

/// "p1a 0.l1 to a1 a2 a3": what went to many is told once.
std::string sent_text(const universe& u, const std::vector<part_id>& sent) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto id : sent) {
    const auto& m = u.message(id).message;
    const auto text = text_of(m.body);
    const auto known =
        std::find_if(texts.begin(), texts.end(), [&](const auto& t) { return t.first == text; });
    if (known == texts.end())
      texts.emplace_back(text, m.to.str());
    else
      known->second += " " + m.to.str();
  }
  std::string all;
  for (const auto& [text, to] : texts)
    all += (all.empty() ? "" : "; ") + text + " to " + to;
  return all;
}

} // namespace

std::string describe(const universe& u, const transition& t) {
  std::string text;
  for (const auto& earlier : t.silent)
    text += name_of(u.process_state(earlier.before)) + " " + what_happens(u, earlier) + "; ";
  text += name_of(u.process_state(t.key.before)) + " " + what_happens(u, t.key);
  if (!t.sent.empty())
    text += "; sends " + sent_text(u, t.sent);
  return text;
}

cluster_state first_state(const universe& u) {
  cluster_state s{u.first_processes(), u.first_messages()};
  std::sort(s.messages.begin(), s.messages.end());
  return s;
}

std::string broken_by(const universe& u, const version_table& members, const cluster_state& before,
                      const transition& t, const cluster_state& after) {
  if (!t.fault.empty())
    return t.fault;
  thread_local state_facts facts; // kept for its memory
  thread_local std::vector<const replica_fact*> replicas;
  const auto tell_messages = [&](const cluster_state& s) {
    facts.sent.clear();
    for (const auto id : s.messages)
      facts.sent.push_back(&u.message(id).fact);
  };
  if (t.key.kind == input_kind::run_for_office) {
    tell_messages(before);
    for (const auto id : t.result->sent)
      if (const auto& fact = u.message(id).fact; fact.what == message_fact::kind::p1a)
        if (auto broken = broken_invariant_of_run(facts.sent, fact); !broken.empty())
          return broken;
  }
  for (const auto id : t.sent) {
    if (u.message(id).fact.what == message_fact::kind::p2a) {
      tell_messages(before);
      if (auto broken = broken_invariant_of_proposal(facts.sent, u.message(id).fact, members);
          !broken.empty())
        return broken;
    }
  }
  tell_messages(after);
  facts.acceptors.clear();
  facts.leaders.clear();
  replicas.clear();
  for (const auto id : after.processes) {
    const auto& part = u.process_state(id);
    if (part.kind == part_kind::acceptor)
      facts.acceptors.push_back(&part.durable);
    else if (part.kind == part_kind::leader)
      facts.leaders.push_back(&part.leader);
    else if (part.kind == part_kind::replica)
      replicas.push_back(&part.replica);
  }
  if (auto broken = broken_invariant(replicas); !broken.empty())
    return broken;
  return broken_invariant(facts, members);
}

} // namespace pmmc::search
