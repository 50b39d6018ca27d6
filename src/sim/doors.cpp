#include "sim/doors.hpp"

#include "base/invariant.hpp"

#include <cstdint>

namespace pmmc::sim {

namespace {

/// No further receivers; no number of a type, but its name.
std::string before(std::string_view type) {
  const auto name = "@<>+" + std::string{type};
  return std::string(3, '\0') + static_cast<char>(name.size()) + name;
}

/// As CAF has it: a kind of name, a process id, a hash of the machine.
std::string node(char machine) {
  std::string name{"\0\0\x3e\x9a\xab\x9b\xac\x79\0\0\x12\x67", 12};
  name.resize(door::node_name_bytes, machine);
  return name;
}

door::basp_gate greeted(door::basp_limits limits) {
  door::basp_gate gate{node('o'), true, limits};
  const auto other = node('x');
  door::basp_header h;
  h.op = door::operation::client_handshake;
  h.payload_bytes = static_cast<std::uint32_t>(other.size());
  PMMC_INVARIANT(gate.judge(h).empty() && gate.judge_payload(h, other).empty(),
                 "whoever greets is heard");
  return gate;
}

door::basp_gate admitted(door::basp_gate gate, door::speaker who) {
  gate.admit(who);
  return gate;
}

std::string judge(door::basp_gate& gate, std::string_view payload) {
  door::basp_header h;
  h.op = door::operation::direct_message;
  h.payload_bytes = static_cast<std::uint32_t>(payload.size());
  h.sender = h.receiver = 1;
  auto why = gate.judge(h);
  return why.empty() ? gate.judge_payload(h, payload) : why;
}

} // namespace

doors::doors(door::basp_limits limits)
    : strangers_(greeted(limits)), clients_(admitted(strangers_, door::speaker::client)),
      members_(admitted(strangers_, door::speaker::member)) {}

std::string_view doors::before_mail() {
  static const auto bytes = before("pmmc::mail");
  return bytes;
}

std::string doors::why_refused(bool is_of_client, std::string_view payload) {
  return judge(is_of_client ? clients_ : members_, payload);
}

std::string doors::why_said_refused(door::speaker who, std::string_view type,
                                    std::string_view said) {
  auto gate = who == door::speaker::stranger ? strangers_ : members_;
  return judge(gate, before(type).append(said));
}

} // namespace pmmc::sim
