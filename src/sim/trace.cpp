#include "sim/trace.hpp"

namespace pmmc::sim {

namespace {

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  for (const char c : bytes)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  return hash;
}

/// The first byte is the lowest, on any machine.
template <std::size_t Bytes>
std::uint64_t number_of_first(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < Bytes; ++i)
    number |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << 8 * i;
  return number;
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
};

} // namespace

void trace::mix(std::string_view bytes) {
  mix(bytes.size());
  while (bytes.size() >= 8) {
    mix(number_of_first<8>(bytes));
    bytes.remove_prefix(8);
  }
  for (; !bytes.empty(); bytes.remove_prefix(1))
    mix(number_of_first<1>(bytes));
}

std::string describe(const message& m) { return std::visit(teller{}, m); }

} // namespace pmmc::sim
