#include "door/basp.hpp"

#include "wire/kinds.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pmmc::door {

namespace {

constexpr std::uint64_t basp_version = 3;
/// Of a message's number: CAF's queue for it. The upper two are those of streams, which pmmc does
/// not have, and CAF does not look whether such a message is one.
constexpr std::uint64_t stream_queues = std::uint64_t{2} << 60;
constexpr std::uint8_t select_connection_flag = 2;
constexpr std::size_t no_node_bytes = 8; ///< of a name that names nobody
/// The kind of name that pmmc's processes have. CAF knows another one, an URI.
constexpr std::string_view default_node{"\x00\x00\x3e\x9a\xab\x9b\xac\x79", no_node_bytes};

// --- Who may say what ---------------------------------------------------------------------------

/// A stranger may also have been asked something, or answer.
constexpr std::array strangers_words{
    std::string_view{"pmmc::hello"},
    std::string_view{"pmmc::welcome"},
    std::string_view{"pmmc::status_request"},
    std::string_view{"pmmc::process_status"},
};

/// All that roles say, and clients to them; its first byte tells what it is.
constexpr std::string_view mail{"pmmc::mail"};

constexpr std::array clients_words{
    std::string_view{"pmmc::heartbeat"},
    std::string_view{"pmmc::export_open"},
    std::string_view{"pmmc::export_page"},
};

constexpr std::array members_words{
    std::string_view{"pmmc::members_news"},
    std::string_view{"pmmc::disk_refused"},
    std::string_view{"pmmc::export_ready"},
};

template <class Words>
bool contains(const Words& words, std::string_view type) {
  return std::find(words.begin(), words.end(), type) != words.end();
}

// --- Reading ------------------------------------------------------------------------------------

/// Takes from the front; broken once something was not there.
class reader {
public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}

  bool broken() const { return broken_; }
  bool at_end() const { return !broken_ && rest_.empty(); }

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      broken_ = true;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint64_t number(std::size_t bytes) {
    std::uint64_t n = 0;
    for (const auto c : take(bytes))
      n = n << 8 | static_cast<unsigned char>(c);
    return n;
  }

  /// Seven bits a byte, the lowest first; at most five bytes.
  std::uint32_t count() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const auto byte = number(1);
      n |= (byte & 0x7F) << shift;
      if (byte < 0x80)
        break;
      broken_ |= shift == 28;
    }
    broken_ |= n > UINT32_MAX;
    return static_cast<std::uint32_t>(n);
  }

  std::string_view text() { return take(count()); }

  /// A process's name; empty if it is none.
  std::string_view node() {
    const auto name = take(node_name_bytes);
    const bool named = name.size() == node_name_bytes && name.starts_with(default_node) &&
                       name.substr(8, 4) != std::string_view{"\0\0\0\0", 4} &&
                       name.find_first_not_of('\0', 12) != name.npos;
    broken_ |= !named;
    return named ? name : std::string_view{};
  }

  /// The type of a message, "pmmc::hello" or "" for an empty one.
  std::string_view type() {
    broken_ |= number(2) != 0;
    auto name = text();
    if (!name.starts_with("@<>")) {
      broken_ = true;
      return {};
    }
    name.remove_prefix(3);
    if (name.starts_with("+"))
      name.remove_prefix(1);
    return name;
  }

  /// Code, category, and a text or nothing as its context.
  void error() {
    take(1 + 8);
    const auto context = type();
    if (context == "@str")
      text();
    else
      broken_ |= !context.empty();
  }

private:
  std::string_view rest_;
  bool broken_ = false;
};

bool says_nothing_but(const basp_header& h, bool data, bool sender, bool receiver) {
  return (data || h.data == 0) && (sender || h.sender == 0) && (receiver || h.receiver == 0);
}

std::string why_headless(const basp_header& h) {
  if (h.padding != 0)
    return "a header whose padding is not empty";
  const bool handshake_flag =
      h.op == operation::client_handshake && h.flags == select_connection_flag;
  if (h.flags != 0 && !handshake_flag)
    return "a header with flags that no process sets";
  if ((h.payload_bytes == 0) != (h.op == operation::heartbeat))
    return h.payload_bytes == 0 ? "a message without content" : "a heartbeat with content";
  bool good = false;
  switch (h.op) {
  case operation::server_handshake:
    good = h.data == basp_version && says_nothing_but(h, true, false, false);
    break;
  case operation::client_handshake:
  case operation::heartbeat:
    good = says_nothing_but(h, false, false, false);
    break;
  case operation::direct_message:
    good = h.receiver != 0 && (h.data & stream_queues) == 0;
    break;
  case operation::monitor_message:
    good = h.receiver != 0 && says_nothing_but(h, false, false, true);
    break;
  case operation::down_message:
    good = h.sender != 0 && says_nothing_but(h, false, true, false);
    break;
  case operation::routed_message:
    return "a message to be handed on, which no process asks for";
  }
  return good ? "" : "a header that no process writes";
}

} // namespace

bool may_say(speaker who, std::string_view type) {
  if (type.empty() || contains(strangers_words, type))
    return true;
  return (who != speaker::stranger && contains(clients_words, type)) ||
         (who == speaker::member && contains(members_words, type));
}

bool may_mail(speaker who, std::uint8_t kind) {
  if (kind == wire::kind_of<client_requests>)
    return who != speaker::stranger;
  return who == speaker::member && wire::travels(kind);
}

basp_header read_basp_header(std::string_view bytes) {
  reader in{bytes};
  basp_header h;
  h.op = static_cast<operation>(in.number(1));
  h.padding = static_cast<std::uint16_t>(in.number(2));
  h.flags = static_cast<std::uint8_t>(in.number(1));
  h.payload_bytes = static_cast<std::uint32_t>(in.number(4));
  h.data = in.number(8);
  h.sender = in.number(8);
  h.receiver = in.number(8);
  return h;
}

basp_gate::basp_gate(std::string own_node, bool accepted, basp_limits limits)
    : own_node_(std::move(own_node)), accepted_(accepted), limits_(limits),
      who_(accepted ? speaker::stranger : speaker::member) {}

std::string basp_gate::judge(const basp_header& h) {
  if (auto why = why_headless(h); !why.empty())
    return why;
  const bool stranger = who_ == speaker::stranger;
  const auto most = stranger ? limits_.stranger_payload_bytes : limits_.payload_bytes;
  if (h.payload_bytes > most)
    return "it announces a message of " + std::to_string(h.payload_bytes) + " bytes";
  if (stranger && ++messages_ > limits_.stranger_messages)
    return "it says much without saying hello";
  const bool handshake = h.op == operation::server_handshake || h.op == operation::client_handshake;
  if (handshake && (h.op == operation::client_handshake) != accepted_)
    return "the handshake of the wrong side";
  if (!handshake && !has_greeted())
    return "a message before the handshake";
  return {};
}

std::string basp_gate::judge_payload(const basp_header& h, std::string_view payload) {
  if (payload.size() != h.payload_bytes)
    return "a message of another length than was announced";
  reader in{payload};
  switch (h.op) {
  case operation::server_handshake:
  case operation::client_handshake:
    return judge_handshake(h, payload);
  case operation::direct_message:
    return judge_message(payload);
  case operation::monitor_message:
  case operation::down_message:
    if (in.node() != node_ || in.node() != own_node_)
      return "news of an actor that is neither its own nor ours";
    if (h.op == operation::down_message)
      in.error();
    return in.at_end() ? "" : "news of an actor that cannot be read";
  case operation::routed_message:
  case operation::heartbeat:
    break;
  }
  return "a content that nobody asked for";
}

std::string basp_gate::judge_handshake(const basp_header& h, std::string_view payload) {
  reader in{payload};
  const auto node = in.node();
  if (h.op == operation::server_handshake) {
    for (auto n = in.count(); n > 0 && !in.broken(); --n)
      in.text(); // protocols, which CAF compares
    in.number(8);
    for (auto n = in.count(); n > 0 && !in.broken(); --n)
      in.text();
  }
  if (!in.at_end() || node.empty())
    return "a handshake that cannot be read";
  if (accepted_ && node == own_node_)
    return "a handshake with this process's own name";
  if (has_greeted() && node != node_)
    return "a second handshake with another name";
  node_ = node;
  return {};
}

std::string basp_gate::judge_message(std::string_view payload) const {
  reader in{payload};
  if (in.count() != 0)
    return "a message with further receivers";
  const auto type = in.type();
  if (in.broken())
    return "a message that cannot be read";
  if (type == mail)
    return judge_mail(static_cast<std::uint8_t>(in.number(1)));
  if (type == "@error")
    in.error();
  else if (type == "@str" && who_ == speaker::member)
    in.text();
  else if (may_say(who_, type))
    return !type.empty() || in.at_end() ? "" : "a message that cannot be read";
  else
    return "a message of a type that is not for it to send: " + std::string{type.substr(0, 60)};
  return in.at_end() ? "" : "a message that cannot be read";
}

std::string basp_gate::judge_mail(std::uint8_t kind) const {
  return may_mail(who_, kind)
             ? ""
             : "mail of a kind that is not for it to send: " + std::to_string(kind);
}

} // namespace pmmc::door
