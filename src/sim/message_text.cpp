// Messages in words, for people.
#include "sim/trace.hpp"

#include <cstdio>

namespace pmmc::sim {

namespace {

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  for (const char c : bytes)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  return hash;
}

std::string slot_text(slot_num slot) { return " slot " + std::to_string(slot); }

std::string value_text(const command& c) {
  if (c.is_noop())
    return " no-op";
  char text[40];
  std::snprintf(text, sizeof text, " %zu B #%04llx", c.size(),
                static_cast<unsigned long long>(number_of(c.bytes()) & 0xFFFF));
  return text;
}

std::string version_text(config_version v) { return " v" + std::to_string(v); }

std::string term_text(raft::term_num term) { return " term " + std::to_string(term); }

std::string position_text(const raft::position& p) {
  return " " + std::to_string(p.index) + term_text(p.term);
}

std::string members_text(const raft::server_set& s) {
  std::string text = " v" + std::to_string(s.version) + (s.is_joint() ? " C-all" : " C-new");
  for (const auto& m : s.servers)
    text += " " + m.id.str();
  for (const auto& m : s.outgoing)
    text += (&m == &s.outgoing.front() ? " | " : " ") + m.id.str();
  return text;
}

std::string number_text(simple::proposal_number n) { return " number " + std::to_string(n.value); }

struct teller {
  std::string operator()(const p1a& m) {
    return "p1a " + to_string(m.ballot) + version_text(m.version) + " from" +
           slot_text(m.from_slot) + (m.to_slot == 0 ? "" : " to" + slot_text(m.to_slot));
  }
  std::string operator()(const p1b& m) {
    std::string text = "p1b asked " + to_string(m.asked) + version_text(m.version) + " holds " +
                       to_string(m.ballot) + " watermark " + std::to_string(m.watermark);
    for (const auto& p : m.accepted)
      text += " [" + to_string(p.ballot) + slot_text(p.slot) + value_text(p.value) + "]";
    return m.next_slot == 0 ? text : text + " next" + slot_text(m.next_slot);
  }
  std::string operator()(const p2a& m) {
    return "p2a " + to_string(m.value.ballot) + version_text(m.version) + slot_text(m.value.slot) +
           value_text(m.value.value);
  }
  std::string operator()(const p2b& m) {
    return "p2b asked " + to_string(m.asked) + version_text(m.version) + " holds " +
           to_string(m.ballot) + slot_text(m.slot) + " watermark " + std::to_string(m.watermark);
  }
  std::string operator()(const propose& m) {
    return "propose" + version_text(m.version) + slot_text(m.slot) + value_text(m.value);
  }
  std::string operator()(const decision& m) {
    return "decision" + version_text(m.version) + slot_text(m.slot) + value_text(m.value);
  }
  std::string operator()(const collected& m) { return "collected below" + slot_text(m.watermark); }
  std::string operator()(const request& m) {
    return "request kind " + std::to_string(static_cast<int>(m.kind)) + " of session " +
           std::to_string(m.session) + " number " + std::to_string(m.sequence);
  }
  std::string operator()(const response& m) {
    return "response of session " + std::to_string(m.session) + " number " +
           std::to_string(m.sequence) + " status " + std::to_string(static_cast<int>(m.status));
  }
  std::string operator()(const query& m) { return "query " + std::to_string(m.number); }
  std::string operator()(const query_reply& m) {
    return "query_reply " + std::to_string(m.number) + " status " +
           std::to_string(static_cast<int>(m.status)) + " at" + slot_text(m.slot);
  }
  std::string operator()(const handoff& m) {
    return "handoff of " + std::to_string(m.requests.size());
  }
  std::string operator()(const better_replica& m) { return "better_replica " + m.better.str(); }
  std::string operator()(const read_probe& m) { return "read_probe" + version_text(m.version); }
  std::string operator()(const read_probe_reply& m) {
    return "read_probe_reply" + version_text(m.version) + " highest" + slot_text(m.highest);
  }
  std::string operator()(const acceptor_vitals& v) {
    return to_string(v.ballot) + " accepted below" + slot_text(v.accepted_end) + " watermark" +
           slot_text(v.watermark);
  }
  std::string operator()(const leader_vitals& v) {
    return to_string(v.ballot) + (v.active ? " active" : "") + " decided below" +
           slot_text(v.decided_end) + " watermark" + slot_text(v.watermark);
  }
  std::string operator()(const replica_vitals& v) {
    return to_string(v.active_ballot) + " in" + slot_text(v.slot_in) + " out" +
           slot_text(v.slot_out) + " snapshot" + slot_text(v.snapshot_slot) + " watermark" +
           slot_text(v.watermark);
  }
  std::string operator()(const ping& m) { return "ping " + std::visit(*this, m.state); }
  std::string operator()(const pong& m) { return "pong " + std::visit(*this, m.state); }
  std::string operator()(const catchup& m) { return "catchup from" + slot_text(m.from_slot); }
  std::string operator()(const catchup_reply& m) {
    return "catchup_reply from" + slot_text(m.from_slot) + ", " +
           std::to_string(m.decisions.size()) + " decisions, snapshot " +
           std::to_string(m.snapshot_slot);
  }
  std::string operator()(const snapshot_request& m) {
    return "snapshot_request" + slot_text(m.slot) + " offset " + std::to_string(m.offset);
  }
  std::string operator()(const snapshot_chunk& m) {
    return "snapshot_chunk" + slot_text(m.slot) + " offset " + std::to_string(m.offset) + " of " +
           std::to_string(m.total);
  }
  std::string operator()(const server_vitals& v) {
    return "term " + std::to_string(v.term) + (v.is_leader ? " leads" : " follows ") +
           (v.is_leader ? "" : v.leader.str()) + " in" + slot_text(v.slot_in) + " out" +
           slot_text(v.slot_out) + " snapshot" + slot_text(v.snapshot_slot) + " from" +
           slot_text(v.watermark);
  }

  // --- Raft ---
  std::string operator()(const raft::request_vote& m) {
    return std::string{m.is_pre_vote ? "request_pre_vote" : "request_vote"} + term_text(m.term) +
           " last" + position_text(m.last) + (m.is_transfer ? ", as the leader wants it" : "");
  }
  std::string operator()(const raft::vote& m) {
    return std::string{m.is_pre_vote ? "pre_vote" : "vote"} + term_text(m.term) +
           (m.is_granted ? " granted" : " refused");
  }
  std::string operator()(const raft::append_entries& m) {
    auto text = "append_entries" + term_text(m.term) + " behind" + position_text(m.previous) +
                " commit " + std::to_string(m.commit) + " round " + std::to_string(m.round);
    auto index = m.previous.index;
    for (const auto& e : m.entries)
      text += " [" + std::to_string(++index) + term_text(e.term) + value_text(e.value) +
              (e.members ? members_text(*e.members) : "") + "]";
    return text;
  }
  std::string operator()(const raft::append_reply& m) {
    return "append_reply" + term_text(m.term) +
           (m.is_match ? " has up to " : " has not what is behind ") + std::to_string(m.last) +
           (m.is_match ? "" : " but" + position_text(m.conflict)) + " round " +
           std::to_string(m.round);
  }
  std::string operator()(const raft::snapshot_offer& m) {
    return "snapshot_offer" + term_text(m.term) + " up to" + position_text(m.base);
  }
  std::string operator()(const raft::timeout_now& m) { return "timeout_now" + term_text(m.term); }
  std::string operator()(const raft::read_index& m) {
    return "read_index " + std::to_string(m.number);
  }
  std::string operator()(const raft::read_index_reply& m) {
    return "read_index_reply " + std::to_string(m.number) + " index " + std::to_string(m.index);
  }

  // --- Simple ---
  std::string operator()(const simple::prepare& m) {
    return "prepare" + slot_text(m.slot) + number_text(m.number);
  }
  std::string operator()(const simple::promise& m) {
    return "promise" + slot_text(m.slot) + number_text(m.number) +
           (m.highest
                ? " has accepted" + number_text(m.highest->number) + value_text(m.highest->value)
                : "");
  }
  std::string operator()(const simple::accept& m) {
    return "accept" + slot_text(m.slot) + number_text(m.what.number) + value_text(m.what.value);
  }
  std::string operator()(const simple::accepted& m) {
    return "accepted" + slot_text(m.slot) + number_text(m.number);
  }
  std::string operator()(const simple::reject& m) {
    return "reject" + slot_text(m.slot) + number_text(m.asked) + " has promised" +
           number_text(m.promised);
  }
  std::string operator()(const simple::chosen& m) {
    return "chosen" + slot_text(m.slot) + value_text(m.value);
  }
  std::string operator()(const simple::learn_request& m) {
    return "learn_request from" + slot_text(m.from_slot);
  }
  std::string operator()(const simple::learn_reply& m) {
    return "learn_reply from" + slot_text(m.from_slot) + ", " + std::to_string(m.values.size()) +
           " values, out" + slot_text(m.slot_out);
  }
  std::string operator()(const simple::announce& m) {
    return "announce done" + slot_text(m.done) + " out" + slot_text(m.slot_out) + " end" +
           slot_text(m.end);
  }
  std::string operator()(const simple::collected& m) {
    return "collected" + slot_text(m.slot) + ", snapshot" + slot_text(m.snapshot_slot);
  }
  std::string operator()(const simple::read_probe& m) {
    return "read_probe round " + std::to_string(m.round);
  }
  std::string operator()(const simple::read_probe_reply& m) {
    return "read_probe_reply round " + std::to_string(m.round) + " highest" + slot_text(m.highest);
  }
};

} // namespace

std::string describe(const message& m) { return std::visit(teller{}, m); }

} // namespace pmmc::sim
