#include "search/raft/trace.hpp"

namespace pmmc::raft::search {

namespace {

using pmmc::search::text_of;

std::string text_of(const position& p) {
  return std::to_string(p.index) + "/" + std::to_string(p.term);
}

std::string text_of(const entry& e) {
  std::string text = "term " + std::to_string(e.term);
  if (e.members && e.members->is_joint())
    return text + " C-all " + text_of(bits_of(e.members->outgoing)) + "+" +
           text_of(bits_of(e.members->servers));
  if (e.members)
    return text + " C-new " + text_of(bits_of(e.members->servers));
  return text + (e.value.is_noop() ? " no-op" : " \"" + std::string{e.value.bytes()} + "\"");
}

std::string text_of(const raft::log& log) {
  std::string text = log.base().index == 0 ? "" : "snapshot to " + text_of(log.base());
  for (auto i = log.first(); i <= log.last().index; ++i)
    text += (text.empty() ? "" : ", ") + std::to_string(i) + ": " + text_of(log.at(i));
  return "[" + text + "]";
}

std::string of_term(term_num term) { return " of term " + std::to_string(term); }

struct message_text {
  std::string operator()(const request_vote& m) const {
    return "request_vote" + of_term(m.term) + " by " + m.candidate.str() + ", whose log ends at " +
           text_of(m.last);
  }
  std::string operator()(const vote& m) const {
    return "vote of " + m.voter.str() + of_term(m.term);
  }
  std::string operator()(const append_entries& m) const {
    std::string text = "append_entries" + of_term(m.term) + " behind " + text_of(m.previous) + ":";
    for (const auto& e : m.entries)
      text += " (" + text_of(e) + ")";
    return text + " committed " + std::to_string(m.commit) + in_round(m.round);
  }
  std::string operator()(const append_reply& m) const {
    return "append_reply" + of_term(m.term) + " by " + m.from.str() + ": " +
           (m.is_match ? "has all up to " : "does not match at ") + std::to_string(m.last) +
           in_round(m.round);
  }
  std::string operator()(const snapshot_offer& m) const {
    return "snapshot_offer" + of_term(m.term) + " up to " + text_of(m.base);
  }
  std::string operator()(const read_index& m) const {
    return "read_index " + std::to_string(m.number) + " of " + m.from.str();
  }
  std::string operator()(const read_index_reply& m) const {
    return "read_index_reply to " + std::to_string(m.number) + ": " + std::to_string(m.index);
  }
  std::string operator()(const timeout_now&) const { return "timeout_now"; }

private:
  static std::string in_round(std::uint64_t round) {
    return round == 0 ? "" : " (round " + std::to_string(round) + ")";
  }
};

std::string text_of(const envelope& e) { return std::visit(message_text{}, e.body); }

std::string input_text(const universe& u, const universe::step_key& key) {
  const auto number = std::to_string(key.argument);
  switch (key.kind) {
  case input_kind::message:
    return "receives " + text_of(u.message(key.argument).message);
  case input_kind::crash:
    return "crashes and restarts" +
           (key.argument == 0 ? "" : " when " + number + " records more are written");
  case input_kind::run_for_office:
    return "runs for office";
  case input_kind::hear_of_term:
    return "hears of term " + number;
  case input_kind::miss_answers:
    return "misses the answers of a majority";
  case input_kind::send_heartbeats:
    return "sends heartbeats";
  case input_kind::propose_command:
    return "is asked for a command";
  case input_kind::change_servers:
    return "is asked to change the servers";
  case input_kind::compact_log:
    return "forgets what is committed";
  case input_kind::take_snapshot:
    return "takes over the snapshot that it fetched";
  case input_kind::lose_connection:
    return "loses its connection to s" + std::to_string(key.argument + 1);
  case input_kind::finish_write:
    return "has written to its disk";
  case input_kind::begin_read:
    return "is asked for a read, when entries up to " + number + " are committed";
  }
  return "";
}

/// How the server has become.
std::string state_text(const server_process& p) {
  const auto& core = p.core;
  std::string text{to_string(core.current_state())};
  text += of_term(core.term());
  if (!core.voted_for().empty())
    text += ", voted for " + core.voted_for().str();
  text += ", log " + text_of(core.log()) + ", committed " + std::to_string(core.commit());
  if (!(p.disk == persistent_state{core.term(), core.voted_for(), core.log()}))
    text += "; on its disk: term " + std::to_string(p.disk.term) +
            (p.disk.voted_for.empty() ? "" : ", voted for " + p.disk.voted_for.str()) + ", log " +
            text_of(p.disk.log);
  return text;
}

} // namespace

std::string describe(const universe& u, const transition& t) {
  auto text = id_of(t.server).str() + " " + input_text(u, t.key);
  if (t.key.cut != t.key.survives)
    text += ", and crashes with " + std::to_string(t.key.cut) + " of its records written";
  if (t.result->after != no_part)
    text += "\n        is " + state_text(u.server(t.result->after).contents);
  for (const auto id : t.result->sent)
    text +=
        "\n        sends " + u.message(id).message.to.str() + " " + text_of(u.message(id).message);
  return text;
}

std::string broken_by(const universe& u, const transition& t, const server_state& after) {
  if (!t.fault.empty())
    return t.fault;
  thread_local std::vector<const server_fact*> facts; // kept for its memory
  facts.clear();
  for (const auto id : after.servers)
    facts.push_back(&u.server(id).fact);
  if (t.decided_from != 0)
    if (auto broken =
            broken_durability(facts, u.past(after.past).contents, *facts[t.server], t.decided_from);
        !broken.empty())
      return broken;
  return broken_invariant(facts, t.server);
}

} // namespace pmmc::raft::search
