// The codec: what was sent is what arrives, in the one way that it can be written.
#include "codec.hpp"
#include "field_values.hpp"
#include "wire/message_codec.hpp"

#include <cctype>
#include <doctest/doctest.h>
#include <iterator>
#include <string>
#include <utility>

using namespace pmmc;

namespace pmmc::test {

namespace {

struct nothing {};

struct codec_stage {
  value_dice<nothing> lots{random_source{20'150'217}, {}};

  template <class M>
  M draw() {
    M m;
    lots.fill(m);
    return m;
  }

  /// A message or a group of each kind, many times.
  template <class Check>
  void for_every_kind(int times, const Check& check) {
    const auto some = [&]<class M>(std::type_identity<M>) {
      INFO("kind " << int{wire::kind_of<M>});
      for (int i = 0; i < times; ++i)
        check(draw<M>());
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (some(std::type_identity<std::variant_alternative_t<I, message>>{}), ...);
    }
    (std::make_index_sequence<wire::message_kinds>{});
    some(std::type_identity<client_requests>{});
    some(std::type_identity<client_replies>{});
  }
};

template <class M>
std::string bytes_of(const M& m) {
  std::string bytes;
  wire::encode(bytes, m);
  return bytes;
}

/// What a parcel holds if it is a message of type M, or the group M.
template <class M>
const M* find(const wire::parcel& p) {
  if constexpr (std::same_as<M, client_requests> || std::same_as<M, client_replies>) {
    return std::get_if<M>(&p);
  } else {
    const auto* m = std::get_if<message>(&p);
    return m != nullptr ? std::get_if<M>(m) : nullptr;
  }
}

/// Whatever `bytes` are: what is decoded from them has no other encoding.
bool is_refused_or_canonical(std::string_view bytes) {
  wire::parcel p;
  return !wire::decode(bytes, p).empty() || bytes_of(p) == bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  put_varint(bytes, value);
  return bytes;
}

std::string_view why_not(const std::string& bytes) {
  wire::parcel p;
  return wire::decode(bytes, p);
}

} // namespace

TEST_CASE_FIXTURE(codec_stage, "every message arrives as it was sent") {
  for_every_kind(100, [](const auto& sent) {
    using type = std::remove_cvref_t<decltype(sent)>;
    const auto bytes = bytes_of(sent);
    type received;
    REQUIRE(wire::decode(bytes, received) == "");
    CHECK(same(sent, received));
    CHECK(bytes_of(received) == bytes);
    CHECK(wire::encoded_size(sent) == bytes.size());

    wire::parcel any;
    REQUIRE(wire::decode(bytes, any) == "");
    REQUIRE(find<type>(any) != nullptr);
    CHECK(same(sent, *find<type>(any)));
    CHECK(bytes_of(any) == bytes);
  });
}

TEST_CASE_FIXTURE(codec_stage, "what was there before is replaced") {
  for_every_kind(20, [this](const auto& sent) {
    using type = std::remove_cvref_t<decltype(sent)>;
    auto received = draw<type>();
    REQUIRE(wire::decode(bytes_of(sent), received) == "");
    CHECK(same(sent, received));
  });
}

TEST_CASE_FIXTURE(codec_stage, "part of a message is none, nor is one with something behind it") {
  for_every_kind(4, [](const auto& sent) {
    using type = std::remove_cvref_t<decltype(sent)>;
    const auto whole = bytes_of(sent);
    type m;
    wire::parcel any;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      REQUIRE(wire::decode(std::string_view{whole}.substr(0, size), m) != "");
      REQUIRE(wire::decode(std::string_view{whole}.substr(0, size), any) != "");
    }
    for (const char more : {'\0', '\1', '\x7f', '\xff'}) {
      REQUIRE(wire::decode(whole + more, m) != "");
      REQUIRE(wire::decode(whole + more, any) != "");
    }
  });
}

TEST_CASE_FIXTURE(codec_stage, "a bit that flips makes another message, or none") {
  for_every_kind(3, [](const auto& sent) {
    auto bytes = bytes_of(sent);
    for (std::size_t at = 0; at < 8 * bytes.size(); ++at) {
      const auto bit = static_cast<char>(1 << at % 8);
      bytes[at / 8] ^= bit;
      REQUIRE(is_refused_or_canonical(bytes));
      bytes[at / 8] ^= bit;
    }
  });
}

TEST_CASE_FIXTURE(codec_stage, "the largest sizes that can be claimed, at every place") {
  for_every_kind(1, [](const auto& sent) {
    const auto whole = bytes_of(sent);
    for (std::size_t at = 0; at < whole.size(); ++at)
      for (const auto claim : {~std::uint64_t{0}, std::uint64_t{1} << 62, std::uint64_t{1} << 31}) {
        auto bytes = whole;
        REQUIRE(is_refused_or_canonical(bytes.replace(at, 1, varint(claim))));
      }
  });
}

TEST_CASE_FIXTURE(codec_stage, "a number is written in no more bytes than it needs") {
  const auto good = bytes_of(collected{5});
  CHECK(good == std::string{static_cast<char>(wire::kind_of<collected>), '\5'});
  CHECK(why_not(good) == "");
  CHECK(why_not({good[0], '\x85', '\0'}) == "a number has more bytes than it needs");
  CHECK(why_not({good[0], '\0'}) == "");
  CHECK(why_not({good[0], '\x80', '\0'}) == "a number has more bytes than it needs");
  CHECK(why_not(bytes_of(collected{~std::uint64_t{0}})) == "");
  CHECK(why_not(good[0] + std::string(9, '\xff') + '\2') ==
        "it ends too early, or a number is too large");
}

TEST_CASE("kinds that there are not") {
  CHECK(why_not("") == "it is empty");
  CHECK(why_not(std::string(1, '\0')) == "there is no such kind of message");
  CHECK(why_not(std::string(1, static_cast<char>(wire::message_kinds + 3))) ==
        "there is no such kind of message");
  collected m;
  CHECK(wire::decode(bytes_of(better_replica{"r1", "r2"}), m) == "it is a message of another kind");
  message single;
  CHECK(wire::decode(bytes_of(client_replies{"r1", {}, {}}), single) ==
        "there is no such kind of message");
}

TEST_CASE("enums end where they end") {
  const auto of_kind = [](unsigned kind) {
    request r;
    r.kind = static_cast<request_kind>(kind);
    return bytes_of(r);
  };
  for (unsigned kind = 1; kind <= 6; ++kind)
    CHECK(why_not(of_kind(kind)) == "");
  for (const unsigned kind : {0u, 7u, 255u})
    CHECK(why_not(of_kind(kind)) == "there is no such kind of request");
  const auto of_status = [](unsigned status) {
    response r;
    r.status = static_cast<reply_status>(status);
    return bytes_of(r);
  };
  for (unsigned status = 0; status <= 6; ++status)
    CHECK(why_not(of_status(status)) == "");
  for (const unsigned status : {7u, 255u})
    CHECK(why_not(of_status(status)) == "there is no such status of a reply");

  ping p;
  p.state = leader_vitals{.active = true};
  auto bytes = bytes_of(p);
  constexpr std::size_t kind_place = 3; // behind kind, id and number
  constexpr std::size_t place = 6;      // behind these, and the ballot's two fields
  REQUIRE(bytes[place] == '\1');
  CHECK(why_not(bytes) == "");
  bytes[place] = '\2';
  CHECK(why_not(bytes) == "something is neither true nor false");
  REQUIRE(bytes[kind_place] == '\1');
  bytes[kind_place] = '\3';
  CHECK(why_not(bytes) == "there is no such kind of role");
}

TEST_CASE("an id may have 31 bytes") {
  const std::string kind(1, static_cast<char>(wire::kind_of<better_replica>));
  const auto with_id = [&](std::size_t size) {
    return kind + varint(size) + std::string(size, 'x') + varint(0);
  };
  CHECK(why_not(with_id(role_id::max_size)) == "");
  CHECK(why_not(with_id(role_id::max_size + 1)) == "an id is too long");
}

TEST_CASE("no message is longer than a message may be") {
  const auto of_size = [](std::size_t size) {
    return bytes_of(snapshot_chunk{"", 0, 0, 0, std::string(size, 'x')});
  };
  const auto other = of_size(wire::max_bytes).size() - wire::max_bytes;
  CHECK(why_not(of_size(wire::max_bytes - other)) == "");
  CHECK(why_not(of_size(wire::max_bytes - other + 1)) == "it is longer than a message may be");
}

TEST_CASE("no group has more requests than could ever wait") {
  client_requests group{"c1", {}, std::vector<query>(wire::max_group_elements)};
  client_requests read;
  CHECK(wire::decode(bytes_of(group), read) == "");
  group.queries.emplace_back();
  CHECK(wire::decode(bytes_of(group), read) ==
        "it has more requests or answers than one message may have");
}

TEST_CASE("when a request came in is not sent") {
  request r{request_kind::operation, 3, 4, 2, "op", {}};
  const auto bytes = bytes_of(r);
  r.arrived = {77, 1};
  CHECK(bytes_of(r) == bytes);
  REQUIRE(wire::decode(bytes, r) == "");
}

// --- Configurations -----------------------------------------------------------------------------

namespace {

configuration some_configuration(config_version version) {
  return {version, 10 * version, {{"a1", "h:1"}}, {{"l1", "h:2"}}, {{"r1", "h:3"}}};
}

/// As config_history is written, of whatever parts.
std::string history_bytes(const std::vector<configuration>& configurations,
                          const std::vector<former_member>& former) {
  std::string bytes;
  {
    wire::writer<std::string> out{bytes};
    out.put(configurations);
    out.put(former);
  }
  return bytes;
}

std::string_view why_no_history(const std::vector<configuration>& configurations,
                                const std::vector<former_member>& former = {}) {
  config_history history;
  return wire::decode(history_bytes(configurations, former), history);
}

former_member gone(const std::string& id) { return {role_kind::acceptor, id, "h:1", "", 2}; }

} // namespace

TEST_CASE_FIXTURE(codec_stage, "what nodes tell each other arrives as it was sent") {
  for (int i = 0; i < 100; ++i) {
    const auto sent = draw<membership>();
    const auto bytes = bytes_of(sent);
    membership received;
    REQUIRE(wire::decode(bytes, received) == "");
    CHECK(received == sent);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      REQUIRE(wire::decode(std::string_view{bytes}.substr(0, size), received) != "");
    CHECK(wire::decode(bytes + '\0', received) != "");
  }
}

TEST_CASE("configurations follow each other, and former members are in order") {
  CHECK(why_no_history({}) == "");
  CHECK(why_no_history({some_configuration(1), some_configuration(2)}) == "");
  CHECK(why_no_history({some_configuration(2), some_configuration(1)}) ==
        "configurations that do not follow each other");
  CHECK(why_no_history({some_configuration(1), some_configuration(1)}) ==
        "configurations that do not follow each other");
  CHECK(why_no_history({configuration{1, 1, {}, {}, {}}}) ==
        "configurations that do not follow each other");
  CHECK(why_no_history({some_configuration(1)}, {gone("a2"), gone("a3")}) == "");
  for (const auto* second : {"a1", "a2"})
    CHECK(why_no_history({some_configuration(1)}, {gone("a2"), gone(second)}) ==
          "former members that are not in order");
  auto client = gone("a2");
  client.kind = role_kind::client;
  CHECK(why_no_history({some_configuration(1)}, {client}) == "there is no such kind of member");
}

TEST_CASE("no more configurations and former members than are ever kept") {
  std::vector<configuration> configurations;
  while (configurations.size() <= config_history::most_kept)
    configurations.push_back(some_configuration(configurations.size() + 1));
  std::vector<former_member> former;
  while (former.size() < config_history::most_former_members)
    former.push_back(gone("x" + std::to_string(10'000 + former.size())));
  CHECK(why_no_history(configurations, former) == "");
  former.push_back(gone("y"));
  CHECK(why_no_history(configurations, former) ==
        "more configurations or former members than are ever kept");
  configurations.push_back(some_configuration(configurations.size() + 1));
  CHECK(why_no_history(configurations) ==
        "more configurations or former members than are ever kept");
}

// --- The format ---------------------------------------------------------------------------------

namespace {

/// Fills each field with something that no other one has.
struct counting {
  unsigned next = 1;

  template <class T>
  void fill(T& x) {
    if constexpr (std::same_as<T, bool>) {
      x = true;
    } else if constexpr (std::is_enum_v<T>) {
      x = static_cast<T>(2);
    } else if constexpr (std::is_arithmetic_v<T>) {
      x = next++;
    } else if constexpr (std::same_as<T, std::string> || std::same_as<T, shared_bytes>) {
      x = "s" + std::to_string(next++);
    } else if constexpr (std::same_as<T, role_id>) {
      x = "i" + std::to_string(next++);
    } else if constexpr (std::same_as<T, command>) {
      x = command{"c" + std::to_string(next++)};
    } else if constexpr (is_vector<T>) {
      fill(x.emplace_back());
    } else if constexpr (std::same_as<T, vitals>) {
      fill(x.template emplace<replica_vitals>());
    } else if constexpr (std::same_as<T, config_history>) {
      configuration first;
      fill(first);
      x.add(first);
      first.acceptors[0].id = "a0";
      first.version += 100;
      first.first_slot += 100;
      x.add(first);
    } else {
      std::apply([this](auto&... field) { (fill(field), ...); }, fields_of(x));
    }
  }
};

/// Letters and digits as they are, other bytes as two hexadecimal digits in brackets.
std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      text += c;
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<std::uint8_t>(c);
      text += {'[', digits[byte / 16], digits[byte % 16], ']'};
    }
  return text;
}

/// By kind.
constexpr std::string_view format[] = {
    "[01][02]i1[02][03][02]i4[05][06]",
    "[02][02]i1[02][03][02]i4[05][02]i6[07][08][09][01][0a][03]i11[0c][03]c13",
    "[03][02]i1[02][03][02]i4[05][02]c6",
    "[04][02]i1[02][03][02]i4[05][02]i6[07][08]",
    "[05][02]i1[02][03][02]c4",
    "[06][01][02][02]c3",
    "[07][01]",
    "[08][02][01][02][03][02]s4",
    "[09][01][02][02][02]s3",
    "[0a][01][02]s2[05]",
    "[0b][01][02][02][02]s3",
    "[0c][02]i1[01][02][02][03][04][02]s5",
    "[0d][02]i1[02]i2",
    "[0e][02]i1[02][03]",
    "[0f][02]i1[02][03][04]",
    "[10][02]i1[02][02][03][02]i4[05][06][07][08][09][0a][0b]",
    "[11][02]i1[02][02][03][02]i4[05][06][07][08][09][0a][0b]",
    "[12][02]i1[02]",
    "[13][02]i1[02][03][01][02]c4",
    "[14][02]i1[02][03]",
    "[15][02]i1[02][03][04][02]s5",
    "[16][02]i1[01][02][02][03][04][02]s5[01][08][02]s9[0c]",
    "[17][02]i1[01][02][03][02][02]s4[01][07][02][08][02]s9"};

} // namespace

TEST_CASE_FIXTURE(codec_stage, "the format is that of this version of the protocol") {
  // Where this fails by intention, raise the version in actors/protocol.hpp.
  std::size_t kind = 0;
  for_every_kind(1, [&]<class M>(const M&) {
    M m;
    counting{}.fill(m);
    CHECK(shown(bytes_of(m)) == format[kind++]);
  });
  CHECK(kind == std::size(format));
}

TEST_CASE("so is that of what nodes tell each other") {
  membership known;
  counting values;
  values.fill(known.configurations);
  values.fill(known.live_from);
  values.fill(known.identity);
  CHECK(shown(bytes_of(known)) ==
        "[02][01][02][01][02]i3[02]s4[02]s5[01][02]i6[02]s7[02]s8[01][02]i9[03]s10[03]s11"
        "ef[01][02]a0[02]s4[02]s5[01][02]i6[02]s7[02]s8[01][02]i9[03]s10[03]s11"
        "[01][01][02]i3[02]s4[02]s5e[0c][0d]");
}

TEST_CASE("what acceptors and leaders tell of themselves has its own format") {
  const auto shown_of = [](auto told) {
    counting{}.fill(told);
    return shown(bytes_of(pong{{}, 0, told})).substr(std::size("[11][00][00]") - 1);
  };
  CHECK(shown_of(acceptor_vitals{}) == "[00][01][02]i2[03][04][05][06]");
  CHECK(shown_of(leader_vitals{}) == "[01][01][02]i2[01][03][04][05]");
}

} // namespace pmmc::test
