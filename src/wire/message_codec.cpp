#include "wire/message_codec.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace pmmc::wire {

// --- Writing ------------------------------------------------------------------------------------

void encode(std::string& out, const message& m) {
  std::visit([&](const auto& body) { encode(out, body); }, m);
}

void encode(std::string& out, const parcel& p) {
  std::visit([&](const auto& what) { encode(out, what); }, p);
}

// --- Reading ------------------------------------------------------------------------------------

std::uint64_t reader::long_number() {
  byte_reader in{rest_};
  const auto value = in.varint();
  if (!in.ok()) {
    fail("it ends too early, or a number is too large");
    return 0;
  }
  const auto taken = rest_.size() - in.rest().size();
  if (taken > 1 && rest_[taken - 1] == 0) {
    fail("a number has more bytes than it needs");
    return 0;
  }
  rest_ = in.rest();
  return value;
}

std::size_t reader::size() {
  const auto announced = number();
  if (announced <= rest_.size())
    return announced;
  fail("it announces more than there is");
  return 0;
}

std::string_view reader::bytes() {
  const auto taken = rest_.substr(0, size());
  rest_.remove_prefix(taken.size());
  return taken;
}

std::uint8_t reader::kind() {
  if (rest_.empty()) {
    fail("it is empty");
    return 0;
  }
  const auto kind = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return kind;
}

void reader::take(bool& into) {
  const auto value = number();
  if (value > 1)
    fail("something is neither true nor false");
  into = value == 1;
}

void reader::take(role_id& into) {
  const auto name = bytes();
  if (name.size() > role_id::max_size)
    return fail("an id is too long");
  into = name;
}

void reader::take(config_history& into) {
  std::vector<configuration> configurations;
  std::vector<former_member> former;
  take(configurations);
  take(former);
  if (!why_not_.empty())
    return;
  if (configurations.size() > config_history::most_kept + 1 ||
      former.size() > config_history::most_former_members)
    return fail("more configurations or former members than are ever kept");
  const auto not_after = [](const former_member& a, const former_member& b) {
    return !(a.id < b.id);
  };
  if (std::adjacent_find(former.begin(), former.end(), not_after) != former.end())
    return fail("former members that are not in order");
  if (std::any_of(former.begin(), former.end(),
                  [](const former_member& m) { return m.kind == role_kind::client; }))
    return fail("there is no such kind of member");
  if (!into.assign(std::move(configurations), std::move(former)))
    fail("configurations that do not follow each other");
}

void reader::take(life_history& into) {
  each_field(into, [this](std::uint64_t& first, std::vector<std::uint64_t>& nonces) {
    take(first);
    take(nonces, life_history::max_kept, "it has had more lives than are ever kept");
  });
}

void reader::take(vitals& into) {
  switch (number()) {
  case 0:
    return take(into.emplace<acceptor_vitals>());
  case 1:
    return take(into.emplace<leader_vitals>());
  case 2:
    return take(into.emplace<replica_vitals>());
  case 3:
    return take(into.emplace<server_vitals>());
  default:
    fail("there is no such kind of role");
  }
}

void reader::take(std::optional<simple::proposal>& into) {
  bool is_there = false;
  take(is_there);
  into.reset();
  if (is_there)
    take(into.emplace());
}

void reader::take(std::shared_ptr<const raft::server_set>& into) {
  bool is_there = false;
  take(is_there);
  into.reset();
  if (!is_there)
    return;
  const auto read = std::make_shared<raft::server_set>();
  take(*read);
  into = read;
}

namespace {

template <class M, class Variant>
void take_into(reader& in, Variant& into) {
  in.take(into.template emplace<M>());
}

using take_message = void (*)(reader&, message&);

template <std::size_t... I>
constexpr std::array<take_message, sizeof...(I)> takers(std::index_sequence<I...>) {
  return {take_into<std::variant_alternative_t<I, message>, message>...};
}

/// Whether there is such a kind.
bool take_kind(reader& in, std::uint8_t kind, message& into) {
  static constexpr auto by_place = takers(std::make_index_sequence<message_kinds>{});
  const bool is_group = kind == kind_of<client_requests> || kind == kind_of<client_replies>;
  if (kind == 0 || kind > last_kind || is_group)
    return false;
  by_place[kind - 1 - (kind > kinds_before_groups ? group_kinds : 0)](in, into);
  return true;
}

bool take_kind(reader& in, std::uint8_t kind, parcel& into) {
  if (kind == kind_of<client_requests>)
    take_into<client_requests>(in, into);
  else if (kind == kind_of<client_replies>)
    take_into<client_replies>(in, into);
  else
    return take_kind(in, kind, into.emplace<message>());
  return true;
}

template <class Variant>
std::string_view decode_any(std::string_view bytes, Variant& into) {
  reader in{bytes};
  const auto kind = in.kind();
  if (in.why_not().empty() && !take_kind(in, kind, into))
    return "there is no such kind of message";
  in.finish();
  return in.why_not();
}

} // namespace

std::string_view decode(std::string_view bytes, message& into) { return decode_any(bytes, into); }

std::string_view decode(std::string_view bytes, parcel& into) { return decode_any(bytes, into); }

} // namespace pmmc::wire
