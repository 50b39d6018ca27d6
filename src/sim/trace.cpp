#include "sim/trace.hpp"

namespace pmmc::sim {

namespace {

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  for (const char c : bytes)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  return hash;
}

/// The few numbers that tell a message from others of its kind.
struct essence {
  trace& out;

  void ballot(const ballot_num& b) {
    out.mix(b.seqnum << 8 ^
            (b.leader.empty() ? 0 : static_cast<std::uint8_t>(b.leader.view().back())));
  }
  void state(const vitals& v) {
    ballot(v.ballot);
    out.mix(v.slot_out << 20 ^ v.slot_in);
    out.mix(v.watermark << 20 ^ v.snapshot_slot);
  }
  void operator()(const p1a& m) {
    ballot(m.ballot);
    out.mix(m.from_slot);
  }
  void operator()(const p1b& m) {
    ballot(m.ballot);
    out.mix(m.next_slot);
    for (const auto& p : m.accepted) {
      ballot(p.ballot);
      out.mix(p.slot);
    }
  }
  void operator()(const p2a& m) {
    ballot(m.value.ballot);
    out.mix(m.value.slot);
    out.mix(m.value.value.size());
  }
  void operator()(const p2b& m) {
    ballot(m.ballot);
    out.mix(m.slot);
  }
  void operator()(const propose& m) { out.mix(m.slot << 20 ^ m.value.size()); }
  void operator()(const decision& m) { out.mix(number_of(m.value.bytes()) ^ m.slot); }
  void operator()(const collected& m) { out.mix(m.watermark); }
  void operator()(const request& m) { out.mix(m.session << 20 ^ m.sequence); }
  void operator()(const response& m) { out.mix(number_of(m.body) ^ m.sequence); }
  void operator()(const query& m) { out.mix(m.number); }
  void operator()(const query_reply& m) { out.mix(number_of(m.body) ^ m.slot << 8); }
  void operator()(const handoff& m) { out.mix(m.requests.size()); }
  void operator()(const better_replica& m) { out.mix(number_of(m.better.str())); }
  void operator()(const read_probe& m) { out.mix(m.round); }
  void operator()(const read_probe_reply& m) { out.mix(m.highest); }
  void operator()(const ping& m) { state(m.state); }
  void operator()(const pong& m) { state(m.state); }
  void operator()(const config_news& m) { out.mix(m.configurations.latest().version); }
  void operator()(const catchup& m) { out.mix(m.from_slot); }
  void operator()(const catchup_reply& m) { out.mix(m.from_slot << 20 ^ m.decisions.size()); }
  void operator()(const snapshot_request& m) { out.mix(m.slot << 20 ^ m.offset); }
  void operator()(const snapshot_chunk& m) { out.mix(number_of(m.bytes) ^ m.offset); }
};

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
  std::string vitals_text(const vitals& v) {
    return to_string(v.ballot) + (v.active ? " active" : "") + " in " + std::to_string(v.slot_in) +
           " out " + std::to_string(v.slot_out) + " snapshot " + std::to_string(v.snapshot_slot) +
           " watermark " + std::to_string(v.watermark);
  }
  std::string operator()(const ping& m) { return "ping " + vitals_text(m.state); }
  std::string operator()(const pong& m) { return "pong " + vitals_text(m.state); }
  std::string operator()(const config_news& m) {
    return "config_news up to" + version_text(m.configurations.latest().version);
  }
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
};

} // namespace

void trace::mix(const message& m) {
  mix(m.index());
  std::visit(essence{*this}, m);
}

std::string describe(const message& m) { return std::visit(teller{}, m); }

} // namespace pmmc::sim
