// How messages look as bytes, wherever they travel or are kept: the network (CAF carries these
// bytes), the simulator, the search. A message is its kind (kinds.hpp), then its fields in their
// order: integers, sizes and enums as LEB128, strings and commands as size and bytes, lists as size
// and elements, vitals as their place among the kinds of roles and what such a role tells.
// Canonical: a message has one encoding, and nothing else is decoded.
#pragma once

#include "base/codec.hpp"
#include "wire/fields.hpp"
#include "wire/kinds.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::wire {

/// Of one message or group. The longest honest one has about 1 MiB and one more operation, answer
/// or command, far less. What the door lets in (door::basp_limits) is no more than this.
inline constexpr std::size_t max_bytes = 32 << 20;
/// Requests, or answers, in one group: twice what may wait at a replica. A small one takes many
/// times its bytes in memory.
inline constexpr std::size_t max_group_elements = 1 << 17;

// --- Writing ------------------------------------------------------------------------------------

/// Appends to a string, or to whatever has such an append(); all is there when the writer is gone.
/// It gathers small values, since most are of one byte.
template <class Out>
class writer {
public:
  explicit writer(Out& out) : out_(out) {}
  ~writer() { flush(); }
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  template <class T>
  requires std::integral<T> || std::is_enum_v<T>
  void put(T value) {
    make_room(max_varint_bytes);
    auto rest = static_cast<std::uint64_t>(value);
    for (; rest >= 0x80; rest >>= 7)
      gathered_[size_++] = static_cast<char>(rest | 0x80);
    gathered_[size_++] = static_cast<char>(rest);
  }
  void put(const role_id& id) {
    put(id.view().size());
    make_room(id.view().size());
    size_ += id.view().copy(gathered_.data() + size_, id.view().size());
  }
  void put(const std::string& bytes) { put_long(bytes); }
  void put(const shared_bytes& bytes) { put_long(bytes); }
  void put(const command& c) { put_long(c.bytes()); }
  void put(const config_history& history) {
    put(history.all().size());
    for (const auto& [first_slot, config] : history.all())
      put(config);
    put(history.former_members().size());
    for (const auto& [id, former] : history.former_members())
      put(former);
  }

  void put(const vitals& told) {
    put(told.index());
    std::visit([this](const auto& of_kind) { put(of_kind); }, told);
  }

  /// Whether there is one, and it.
  void put(const std::optional<simple::proposal>& value) { put_if_any(value); }
  void put(const std::shared_ptr<const raft::server_set>& value) { put_if_any(value); }

  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    for (const auto& value : values)
      put(value);
  }

  template <has_fields T>
  void put(const T& x) {
    each_field(x, [this](const auto&... fields) { (put(fields), ...); });
  }

private:
  static constexpr std::size_t max_varint_bytes = 10;

  template <class Pointer>
  void put_if_any(const Pointer& value) {
    put(static_cast<bool>(value));
    if (value)
      put(*value);
  }
  void put_long(std::string_view bytes) {
    put(bytes.size());
    flush();
    out_.append(bytes.data(), bytes.size());
  }
  void make_room(std::size_t bytes) {
    if (size_ + bytes > gathered_.size())
      flush();
  }
  void flush() { out_.append(gathered_.data(), std::exchange(size_, 0)); }

  Out& out_;
  std::array<char, 128> gathered_;
  std::size_t size_ = 0;
};

/// Appends `m`, or the fields of what is no message by itself.
template <class Out, class M>
void encode(Out& out, const M& m) {
  writer<Out> to{out};
  if constexpr (is_message<M>)
    to.put(kind_of<M>);
  to.put(m);
}
void encode(std::string& out, const message& m);
void encode(std::string& out, const parcel& p);

/// How many bytes encode() appends.
template <class M>
std::size_t encoded_size(const M& m) {
  struct {
    std::size_t bytes = 0;
    void append(const char*, std::size_t size) { bytes += size; }
  } counted;
  encode(counted, m);
  return counted.bytes;
}

// --- Reading ------------------------------------------------------------------------------------

/// Takes values off the front of bytes that may be anything. What it allocates is bounded by their
/// number. The bytes must outlive it.
class reader {
public:
  explicit reader(std::string_view bytes) : rest_(bytes) {
    if (bytes.size() > max_bytes)
      fail("it is longer than a message may be");
  }

  /// "", or what is wrong with the first value that did not fit. All further ones are empty.
  std::string_view why_not() const { return why_not_; }
  /// There must be nothing left, unless something was wrong before.
  void finish() {
    if (!rest_.empty())
      fail("there is something behind it");
  }
  std::uint8_t kind();

  void take(bool& into);
  void take(std::uint64_t& into) { into = number(); }
  void take(std::int64_t& into) { into = static_cast<std::int64_t>(number()); }
  void take(request_kind& into) {
    take(into, request_kind::operation, request_kind::refusal, "there is no such kind of request");
  }
  void take(reply_status& into) {
    take(into, reply_status::ok, reply_status::put_off, "there is no such status of a reply");
  }
  /// Of a member or a client.
  void take(role_kind& into) {
    take(into, role_kind::acceptor, role_kind::server, "there is no such kind of member");
  }
  void take(role_id& into);
  void take(std::string& into) { into = bytes(); }
  void take(shared_bytes& into) { into = std::string{bytes()}; }
  void take(command& into) { into = command{std::string{bytes()}}; }
  void take(config_history& into);
  void take(vitals& into);
  void take(std::optional<simple::proposal>& into);
  void take(std::shared_ptr<const raft::server_set>& into);
  void take(life_history& into);

  template <class T>
  void take(std::vector<T>& into) {
    if constexpr (is_client_word<T>)
      take(into, max_group_elements, "it has more requests or answers than one message may have");
    else if constexpr (std::same_as<T, introduced_role>)
      take(into, max_hosted_roles, "it has more roles than a process may have");
    else
      take(into, max_bytes, {});
  }

  template <has_fields T>
  void take(T& into) {
    each_field(into, [this](auto&... fields) { (take(fields), ...); });
    if constexpr (requires { is_well_formed(into); })
      if (!is_well_formed(into))
        fail("no process says so of itself");
  }

private:
  void fail(std::string_view why) {
    if (why_not_.empty())
      why_not_ = why;
    rest_ = {};
  }

  std::uint64_t number() {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) >= 0x80)
      return long_number();
    const auto value = static_cast<std::uint8_t>(rest_.front()); // as most are
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t long_number();
  /// Of a string or list: an element has one byte at the least.
  std::size_t size();
  std::string_view bytes();

  template <class E>
  void take(E& into, E least, E most, std::string_view why) {
    const auto value = number();
    if (value < static_cast<std::uint64_t>(least) || value > static_cast<std::uint64_t>(most))
      return fail(why);
    into = static_cast<E>(value);
  }

  template <class T>
  void take(std::vector<T>& into, std::size_t most, std::string_view why) {
    into.clear();
    auto left = size();
    if (left > most)
      return fail(why);
    into.reserve(std::min<std::size_t>(left, rest_.size() / sizeof(T)));
    for (; left > 0 && why_not_.empty(); --left)
      take(into.emplace_back());
  }

  std::string_view rest_;
  std::string_view why_not_;
};

/// Replaces `into` by the message that `bytes` are. Returns "", or why they are none; `into` is
/// then worth nothing.
template <class M>
std::string_view decode(std::string_view bytes, M& into) {
  reader in{bytes};
  if constexpr (is_message<M>)
    if (in.kind() != kind_of<M>)
      return in.why_not().empty() ? "it is a message of another kind" : in.why_not();
  in.take(into);
  in.finish();
  return in.why_not();
}
std::string_view decode(std::string_view bytes, message& into);
std::string_view decode(std::string_view bytes, parcel& into);

} // namespace pmmc::wire
