// The codec: what was sent is what arrives, in the one way that it can be written.
#include "base/codec.hpp"
#include "unit/wire/codec_stage.hpp"

#include <concepts>

namespace pmmc::test {

namespace {

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
  CHECK(why_not(std::string(1, static_cast<char>(wire::last_kind + 1))) ==
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
  bytes[kind_place] = '\4';
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

} // namespace pmmc::test
