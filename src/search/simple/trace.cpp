#include "search/simple/trace.hpp"

#include "search/simple/words.hpp"

#include <array>

namespace pmmc::simple::search {

namespace {

std::string text_of(proposal_number number) { return std::to_string(number.value); }
std::string text_of(const proposal& p) { return text_of(p.number) + ": " + quoted(p.value); }
std::string text_of(const std::optional<proposal>& p) { return p ? text_of(*p) : "nothing"; }

struct message_text {
  std::string operator()(const prepare& m) const {
    return "prepare " + text_of(m.number) + in_slot(m.slot) + " of " + m.proposer.str();
  }
  std::string operator()(const promise& m) const {
    return "promise of " + m.acceptor.str() + " for " + text_of(m.number) + in_slot(m.slot) +
           ", where it has accepted " + text_of(m.highest);
  }
  std::string operator()(const accept& m) const {
    return "accept " + text_of(m.what) + in_slot(m.slot) + " of " + m.proposer.str();
  }
  std::string operator()(const accepted& m) const {
    return "accepted " + text_of(m.number) + in_slot(m.slot) + " by " + m.acceptor.str();
  }
  std::string operator()(const reject& m) const {
    return "reject of " + text_of(m.asked) + in_slot(m.slot) + " by " + m.acceptor.str() +
           ", which has promised " + text_of(m.promised);
  }
  std::string operator()(const chosen& m) const {
    return "chosen " + quoted(m.value) + in_slot(m.slot);
  }
  std::string operator()(const learn_request& m) const {
    return "learn_request from slot " + std::to_string(m.from_slot) + " of " + m.learner.str();
  }
  std::string operator()(const learn_reply& m) const {
    return "learn_reply from slot " + std::to_string(m.from_slot) + " of " + m.server.str();
  }
  std::string operator()(const announce& m) const {
    return "announce of " + m.server.str() + ": done below " + std::to_string(m.done) +
           ", knows below " + std::to_string(m.slot_out) + ", in use below " +
           std::to_string(m.end);
  }
  std::string operator()(const collected& m) const {
    return "collected" + in_slot(m.slot) + " by " + m.server.str() + ", snapshot below " +
           std::to_string(m.snapshot_slot);
  }
  std::string operator()(const read_probe& m) const {
    return "read_probe " + std::to_string(m.round) + " of " + m.server.str();
  }
  std::string operator()(const read_probe_reply& m) const {
    return "read_probe_reply " + std::to_string(m.round) + " of " + m.acceptor.str() +
           ": accepted up to slot " + std::to_string(m.highest);
  }
};

std::string text_of(const envelope& e) { return std::visit(message_text{}, e.body); }

std::string input_text(const universe& u, const universe::step_key& key) {
  const auto number = std::to_string(key.argument);
  switch (key.kind) {
  case input_kind::message:
    return "receives " + text_of(u.message(key.argument).message);
  case input_kind::crash:
    return "crashes and restarts";
  case input_kind::propose_command:
    return "is asked for a command";
  case input_kind::try_next_number:
    return "takes the next number in slot " + number;
  case input_kind::fill_slots:
    return "fills what is in use";
  case input_kind::tell_progress:
    return "tells of its progress";
  case input_kind::save_snapshot:
    return "saves a snapshot";
  case input_kind::take_snapshot:
    return "takes over a snapshot of the slots below " + number;
  case input_kind::begin_read:
    return "is asked for a read, when values up to slot " + number + " are chosen";
  }
  return "";
}

std::string text_of(const acceptor_state& state) {
  std::string text = state.min == 1 ? "" : "forgot below " + std::to_string(state.min);
  for (const auto& [slot, vote] : state.votes)
    text += (text.empty() ? "" : "; ") + std::to_string(slot) + ": promised " +
            text_of(vote.promised) + ", accepted " + text_of(vote.highest);
  return "[" + text + "]";
}

/// How the server has become.
std::string state_text(const server_process& p) {
  static constexpr std::array doing{"waits behind", "prepares", "proposes under"};
  const auto& acceptor = p.core.own_acceptor().state();
  auto text = "acceptor " + text_of(acceptor);
  if (text_of(acceptor) != text_of(p.disk))
    text += ", on its disk " + text_of(p.disk);
  for (const auto& a : role_contents::attempts_of(p.core))
    text += ", " + std::string{doing[static_cast<std::size_t>(a.phase)]} + " " + text_of(a.number) +
            in_slot(a.slot) + " (answers of " + pmmc::search::text_of(a.answered) + ")";
  text += ", knows the slots below " + std::to_string(p.core.slot_out());
  return p.snapshot == 1 ? text : text + ", snapshot below " + std::to_string(p.snapshot);
}

} // namespace

std::string describe(const universe& u, const transition& t) {
  auto text = id_of(t.server).str() + " " + input_text(u, t.key);
  if (t.key.cut != t.key.survives)
    text += ", and crashes with " + std::to_string(t.key.cut) + " of its records written";
  if (t.result->after != pmmc::search::no_part)
    text += "\n        has " + state_text(u.server(t.result->after).contents);
  for (const auto id : t.result->sent)
    text +=
        "\n        sends " + u.message(id).message.to.str() + " " + text_of(u.message(id).message);
  return text;
}

std::string broken_by(const universe& u, const transition& t, const server_state& after) {
  if (!t.fault.empty())
    return t.fault;
  thread_local std::vector<const server_fact*> facts; // kept for its memory
  thread_local std::vector<const envelope*> sent;
  facts.clear();
  for (const auto id : after.servers)
    facts.push_back(&u.server(id).fact);
  sent.clear();
  for (const auto id : after.messages)
    sent.push_back(&u.message(id).message);
  for (const auto id : t.sent)
    if (const auto* what = std::get_if<accept>(&u.message(id).message.body);
        what != nullptr && has_number_of_another(sent, *what))
      return "L3: two proposals have number " + text_of(what->what.number) + in_slot(what->slot);
  return broken_invariant(facts, u.past(after.past).contents, t.server);
}

} // namespace pmmc::simple::search
