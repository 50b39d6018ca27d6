// What may come in at a CAF port. CAF 0.17.6 believes its peers: it takes the payload that a header
// promises without looking whether there is one, forwards, unlinks and ends actors for whoever
// asks, and reads any type that it knows. So nothing reaches it that does not have the form of what
// pmmc's processes say to each other, from somebody who may say it. Free of CAF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pmmc::door {

/// Before every message, integers big-endian: operation, two bytes of padding, flags, payload's
/// length, operation's data, sender, receiver.
inline constexpr std::size_t basp_header_bytes = 32;

/// How a node's name looks: its kind, process id, and a hash of the machine.
inline constexpr std::size_t node_name_bytes = 32;

enum class operation : std::uint8_t {
  server_handshake = 0,
  client_handshake = 1,
  direct_message = 2,
  routed_message = 3,
  monitor_message = 4,
  down_message = 5,
  heartbeat = 6,
};

struct basp_header {
  operation op = operation::heartbeat;
  std::uint16_t padding = 0;
  std::uint8_t flags = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t data = 0;
  std::uint64_t sender = 0;
  std::uint64_t receiver = 0;
};

/// `bytes`: basp_header_bytes of them.
basp_header read_basp_header(std::string_view bytes);

/// Who speaks on a connection. Whoever is accepted is a stranger until its hello was answered.
enum class speaker : std::uint8_t { stranger, client, member };

struct basp_limits {
  /// The longest hello: 64 own roles with 256 lives each, and 3 times 64 first members with
  /// addresses of 255 bytes.
  std::uint32_t stranger_payload_bytes = 256 << 10;
  /// Of one message. The longest honest one holds about 1 MiB and one more operation, answer or
  /// command, far less.
  std::uint32_t payload_bytes = 32 << 20;
  /// Of a stranger: it has one thing to say, and a few to find out.
  unsigned stranger_messages = 64;
};

/// One connection's side of the conversation, judged message by message. A refusal is final: the
/// connection is to be closed.
class basp_gate {
public:
  /// `own_node`: how this process's name looks. `accepted`: the other side dialled.
  basp_gate(std::string own_node, bool accepted, basp_limits limits = {});

  /// Why the header must not be passed on; empty: it may be, and its payload is to be judged next
  /// if it promises one.
  std::string judge(const basp_header& h);
  std::string judge_payload(const basp_header& h, std::string_view payload);

  /// Its hello was answered.
  void admit(speaker who) { who_ = who; }
  speaker who() const { return who_; }
  /// Its handshake has come.
  bool has_greeted() const { return !node_.empty(); }
  /// How the other side's node is called; empty before its handshake.
  const std::string& name() const { return node_; }

private:
  std::string judge_handshake(const basp_header& h, std::string_view payload);
  std::string judge_message(std::string_view payload) const;
  std::string judge_mail(std::uint8_t kind) const;

  std::string own_node_;
  bool accepted_;
  basp_limits limits_;
  speaker who_;
  std::string node_;
  unsigned messages_ = 0;
};

/// Whether a message of this type may come from `who`: "pmmc::hello", say.
bool may_say(speaker who, std::string_view type);
/// Whether mail of this kind may (wire/kinds.hpp): what roles say, as one type for all of it.
bool may_mail(speaker who, std::uint8_t kind);

} // namespace pmmc::door
