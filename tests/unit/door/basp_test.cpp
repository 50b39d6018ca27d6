// What may come in at a CAF port.
#include "door/basp.hpp"

#include "door/file_budget.hpp"
#include "wire/kinds.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <functional>
#include <set>
#include <vector>

using namespace pmmc::door;
namespace wire = pmmc::wire;

namespace {

std::string number(std::uint64_t n, std::size_t bytes) {
  std::string s;
  while (bytes-- > 0)
    s += static_cast<char>(n >> 8 * bytes);
  return s;
}

std::string node(char machine) {
  return number(0x00003e9aab9bac79, 8) + number(4711, 4) + std::string(20, machine);
}

std::string text(const std::string& s) { return static_cast<char>(s.size()) + s; }
std::string type(const std::string& name) { return number(0, 2) + text("@<>" + name); }
std::string message(const std::string& name, const std::string& content = {}) {
  return number(0, 1) + type("+" + name) + content;
}
std::string mail(std::uint8_t kind, const std::string& content = {}) {
  return message("pmmc::mail", number(kind, 1) + content);
}
std::string error(const std::string& context = type("")) {
  return number(1, 1) + number(0xfe3ee39ab2, 8) + context;
}

const std::string own = node('o');
const std::string other = node('x');

basp_header header(operation op, const std::string& payload, std::uint64_t data = 0,
                   std::uint64_t sender = 0, std::uint64_t receiver = 0) {
  basp_header h;
  h.op = op;
  h.payload_bytes = static_cast<std::uint32_t>(payload.size());
  h.data = data;
  h.sender = sender;
  h.receiver = receiver;
  return h;
}

std::string why(basp_gate& gate, const basp_header& h, const std::string& payload) {
  auto refusal = gate.judge(h);
  if (refusal.empty() && h.payload_bytes > 0)
    refusal = gate.judge_payload(h, payload);
  return refusal;
}

basp_gate greeted(speaker who = speaker::stranger) {
  basp_gate gate{own, true};
  REQUIRE(why(gate, header(operation::client_handshake, other), other).empty());
  gate.admit(who);
  return gate;
}

std::string server_handshake() {
  return other + number(1, 1) + text("pmmc/10") + number(17, 8) + number(0, 1);
}

struct example {
  std::string name;
  std::function<basp_gate()> gate;
  basp_header h;
  std::string payload;
};

/// Everything that processes say.
std::vector<example> honest() {
  const auto member = [] { return greeted(speaker::member); };
  const auto accepted = [] { return basp_gate{own, true}; };
  const auto dialled = [] { return basp_gate{own, false}; };
  std::vector<example> all;
  const auto add = [&](std::string name, std::function<basp_gate()> gate, operation op,
                       const std::string& payload, std::uint64_t data, std::uint64_t sender,
                       std::uint64_t receiver) {
    all.push_back(
        {std::move(name), std::move(gate), header(op, payload, data, sender, receiver), payload});
  };
  add("client handshake", accepted, operation::client_handshake, other, 0, 0, 0);
  add("server handshake", dialled, operation::server_handshake, server_handshake(), 3, 0, 0);
  add("message", member, operation::direct_message, message("pmmc::members_news", "anything"), 9, 4,
      5);
  add("mail", member, operation::direct_message, mail(wire::kind_of<pmmc::p1a>, "anything"), 9, 4,
      5);
  add(
      "hello", [] { return greeted(); }, operation::direct_message, message("pmmc::hello", "?"), 1,
      4, 5);
  add(
      "request", [] { return greeted(speaker::client); }, operation::direct_message,
      mail(wire::kind_of<pmmc::client_requests>, "?"), 0, 4, 5);
  add("text", member, operation::direct_message, message("@str", text("value")), 0, 4, 5);
  add("error", member, operation::direct_message, message("@error", error()), 0, 4, 5);
  add("error with words", member, operation::direct_message,
      message("@error", error(type("+@str") + text("why"))), 0, 4, 5);
  add("nothing", member, operation::direct_message, number(0, 1) + type(""), 0, 4, 5);
  add("monitor", member, operation::monitor_message, other + own, 0, 0, 5);
  add("down", member, operation::down_message, other + own + error(), 0, 4, 0);
  add("heartbeat", member, operation::heartbeat, "", 0, 0, 0);
  return all;
}

bool is_opaque(const example& e) { return e.payload.find("pmmc::") != std::string::npos; }

} // namespace

TEST_CASE("what processes say may come in") {
  for (const auto& e : honest()) {
    CAPTURE(e.name);
    auto gate = e.gate();
    CHECK(why(gate, e.h, e.payload) == "");
  }
}

TEST_CASE("every header that is not one of those is refused") {
  // All operations and flags, each field empty or not, before and after the handshake: what the
  // gate lets through has a payload that it then reads.
  for (int greeting = 0; greeting < 3; ++greeting)
    for (int op = 0; op < 256; ++op)
      for (int flags : {0, 1, 2, 3, 4, 128, 255})
        for (int fields = 0; fields < 16; ++fields) {
          basp_header h;
          h.op = static_cast<operation>(op);
          h.flags = static_cast<std::uint8_t>(flags);
          h.payload_bytes = fields & 1 ? 40 : 0;
          h.data = fields & 2 ? 3 : 0;
          h.sender = fields & 4 ? 1 : 0;
          h.receiver = fields & 8 ? 1 : 0;
          auto gate = greeting == 2   ? greeted(speaker::member)
                      : greeting == 1 ? basp_gate{own, false}
                                      : basp_gate{own, true};
          if (!gate.judge(h).empty())
            continue;
          CAPTURE(op);
          CAPTURE(flags);
          CAPTURE(fields);
          CHECK(op <= 6);
          CHECK(op != 3);
          CHECK((h.payload_bytes > 0) == (h.op != operation::heartbeat));
          CHECK((flags == 0 || (h.op == operation::client_handshake && flags == 2)));
          if (greeting < 2)
            CHECK(h.op ==
                  (greeting == 0 ? operation::client_handshake : operation::server_handshake));
          CHECK(gate.judge_payload(h, std::string(40, '\0')) != "");
        }
}

TEST_CASE("the 32 bytes that ended a process are refused") {
  basp_gate gate{own, true};
  CHECK(gate.judge(read_basp_header("\1" + std::string(31, '\0'))) == "a message without content");
  const auto second = number(0, 8) + number(3, 8) + std::string(16, '\0');
  CHECK(gate.judge(read_basp_header(second)) == "a message without content");
}

TEST_CASE("a message that was cut, or goes on, is refused at every byte") {
  for (const auto& e : honest()) {
    CAPTURE(e.name);
    for (std::size_t size = 1; size <= e.payload.size() + 1; ++size) {
      auto payload = e.payload.substr(0, size);
      if (size > e.payload.size())
        payload += '\0';
      const bool opaque_part = is_opaque(e) && size > e.payload.find("pmmc::") &&
                               payload.size() >= e.payload.size() - (e.name == "request" ? 1 : 8);
      if (size == e.payload.size() || opaque_part)
        continue; // what a pmmc message contains is for CAF to read
      CAPTURE(size);
      auto gate = e.gate();
      auto h = e.h;
      h.payload_bytes = static_cast<std::uint32_t>(payload.size());
      CHECK(why(gate, h, payload) != "");
    }
  }
}

TEST_CASE("counts of what is not there take no time") {
  basp_gate gate{own, false};
  const auto huge = other + std::string{"\xff\xff\xff\xff\x0f"};
  CHECK(why(gate, header(operation::server_handshake, huge, 3), huge) ==
        "a handshake that cannot be read");
  const auto endless = other + std::string(64, '\xff');
  CHECK(why(gate, header(operation::server_handshake, endless, 3), endless) ==
        "a handshake that cannot be read");
}

TEST_CASE("types that processes do not send are refused") {
  for (const auto* name : {"@exit", "@down", "@atom+@actor", "@charbuf", "@message", "@atom",
                           "@strmap", "pmmc::peer_up", "pmmc::role_status", "pmmc::p1a",
                           "pmmc::client_requests", "pmmc::mail+@str", "pmmc::hello+@str"}) {
    CAPTURE(name);
    auto gate = greeted(speaker::member);
    const auto payload = message(name, "content");
    CHECK(why(gate, header(operation::direct_message, payload, 0, 1, 5), payload) != "");
  }
}

TEST_CASE("a type is named, not numbered") {
  for (const std::uint64_t id : {1u, 256u, 0xffffu}) {
    CAPTURE(id);
    auto gate = greeted(speaker::member);
    const auto payload = number(0, 1) + number(id, 2) + text("@<>+pmmc::hello") + "content";
    CHECK(why(gate, header(operation::direct_message, payload, 0, 1, 5), payload) ==
          "a message that cannot be read");
  }
}

TEST_CASE("a text comes from members only") {
  const auto payload = message("@str", text("value"));
  for (const auto who : {speaker::stranger, speaker::client}) {
    auto gate = greeted(who);
    CHECK(why(gate, header(operation::direct_message, payload, 0, 4, 5), payload) ==
          "a message of a type that is not for it to send: @str");
  }
}

TEST_CASE("a name that is nobody's is none") {
  const auto kind = number(0x00003e9aab9bac79, 8);
  for (const auto& nobody :
       {kind + number(0, 4) + std::string(20, 'm'),     // no process
        kind + number(4711, 4) + std::string(20, '\0'), // on no machine
        number(0x00003e9aab9bac7a, 8) + other.substr(8), std::string(32, '\0')}) {
    CAPTURE(nobody);
    basp_gate gate{own, true};
    CHECK(why(gate, header(operation::client_handshake, nobody), nobody) ==
          "a handshake that cannot be read");
    CHECK_FALSE(gate.has_greeted());
  }
}

TEST_CASE("a message for the queue of a stream is refused") {
  for (std::uint64_t queue = 0; queue < 4; ++queue) {
    auto gate = greeted(speaker::member);
    CAPTURE(queue);
    const auto h = header(operation::direct_message, "payload", queue << 60 | 2, 1, 5);
    CHECK(gate.judge(h).empty() == (queue < 2));
  }
}

TEST_CASE("an error does not bring other types with it") {
  auto gate = greeted(speaker::member);
  const auto payload = message("@error", error(type("+@charbuf") + "\xff\xff\xff\xff\x0f"));
  CHECK(why(gate, header(operation::direct_message, payload, 0, 1, 5), payload) != "");
}

TEST_CASE("who says what") {
  CHECK(may_say(speaker::stranger, "pmmc::hello"));
  CHECK(may_say(speaker::stranger, "pmmc::status_request"));
  CHECK(may_say(speaker::client, "pmmc::heartbeat"));
  for (const auto* name : {"pmmc::disk_refused", "pmmc::members_news", "pmmc::export_ready"}) {
    CHECK_FALSE(may_say(speaker::client, name));
    CHECK(may_say(speaker::member, name));
  }
  for (const auto who : {speaker::stranger, speaker::client, speaker::member})
    CHECK_FALSE(may_say(who, "pmmc::mail")); // that is a matter of its kind
}

TEST_CASE("whose mail is of which kind") {
  using wire::kind_of;
  const std::set<int> never_alone{kind_of<pmmc::request>, kind_of<pmmc::response>,
                                  kind_of<pmmc::query>, kind_of<pmmc::query_reply>};
  for (int kind = 0; kind < 256; ++kind)
    for (const auto who : {speaker::stranger, speaker::client, speaker::member}) {
      CAPTURE(kind);
      CAPTURE(static_cast<int>(who));
      const bool exists = kind >= 1 && kind <= int{wire::last_kind};
      const bool may = who == speaker::stranger ? false
                       : who == speaker::client ? kind == int{kind_of<pmmc::client_requests>}
                                                : exists && !never_alone.contains(kind);
      CHECK(may_mail(who, static_cast<std::uint8_t>(kind)) == may);
      auto gate = greeted(who);
      const auto payload = mail(static_cast<std::uint8_t>(kind), "content");
      CHECK(why(gate, header(operation::direct_message, payload, 0, 1, 5), payload).empty() == may);
    }
}

TEST_CASE("mail without a kind is refused") {
  auto gate = greeted(speaker::member);
  const auto payload = message("pmmc::mail");
  CHECK(why(gate, header(operation::direct_message, payload, 0, 1, 5), payload) != "");
}

TEST_CASE("every message of the wire is on a list") {
  const std::set<std::string> others{"pmmc::mail", // by its kind
                                     "pmmc::peer_up", "pmmc::peer_down", "pmmc::role_status"};
  std::ifstream wire{PMMC_SOURCE_DIR "/actors/wire/wire.hpp"};
  const std::string begin = "CAF_ADD_TYPE_ID(pmmc, (";
  int messages = 0;
  for (std::string line; std::getline(wire, line);) {
    if (!line.starts_with(begin))
      continue;
    const auto name = line.substr(begin.size(), line.find(')') - begin.size());
    CAPTURE(name);
    CHECK(may_say(speaker::member, name) != others.contains(name));
    ++messages;
  }
  CHECK(messages > 10);
}

TEST_CASE("nobody speaks in another's name") {
  auto gate = greeted(speaker::member);
  const auto third = node('t');
  for (const auto& names : {third + own, other + third, own + other}) {
    CHECK(why(gate, header(operation::monitor_message, names, 0, 0, 5), names) != "");
    CHECK(why(gate, header(operation::down_message, names + error(), 0, 5, 0), names + error()) !=
          "");
  }
  CHECK(why(gate, header(operation::client_handshake, third), third) != "");
  CHECK(why(gate, header(operation::client_handshake, other), other) == "");
  basp_gate mirror{own, true};
  CHECK(why(mirror, header(operation::client_handshake, own), own) != "");
}

TEST_CASE("a stranger may say little, and a friend what a message may hold") {
  basp_limits limits;
  auto stranger = greeted();
  auto h = header(operation::direct_message, "", 0, 1, 5);
  h.payload_bytes = limits.stranger_payload_bytes;
  CHECK(stranger.judge(h) == "");
  ++h.payload_bytes;
  CHECK(stranger.judge(h) == "it announces a message of 262145 bytes");
  auto client = greeted(speaker::client);
  h.payload_bytes = limits.payload_bytes;
  CHECK(client.judge(h) == "");
  ++h.payload_bytes;
  CHECK(client.judge(h) != "");

  auto talker = greeted();
  unsigned said = 0;
  while (talker.judge(header(operation::heartbeat, "")).empty())
    ++said;
  CHECK(said == limits.stranger_messages - 1); // its handshake was one
}

TEST_CASE("the doors' descriptors and the files' are never more than there are") {
  for (std::size_t limit : {0u, 1u, 2u, 7u, 64u, 256u, 1'024u, 4'096u, 20'000u, 1'048'576u}) {
    CAPTURE(limit);
    const auto b = divide_files(limit);
    CHECK(b.files + b.half_open + b.clients + b.redis <= limit);
    CHECK(b.files >= limit / 2 - (limit > 1'024 ? limit / 2 - 512 : 0));
  }
  const auto b = divide_files(1'048'576);
  CHECK(b.files == 512);
  CHECK(b.half_open == 256);
  CHECK(b.clients == 4'096);
  CHECK(b.redis == 20'000);
}
TEST_CASE("each door has descriptors, how few there may be") {
  for (std::size_t limit = 64; limit <= 20'000; limit += 8) {
    CAPTURE(limit);
    const auto b = divide_files(limit);
    CHECK(b.half_open >= 4);
    CHECK(b.clients >= 8);
    CHECK(b.redis >= 8);
  }
}
