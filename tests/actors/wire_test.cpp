// The wire: every message arrives as it was sent, and bytes that are no message are an error.
#include "actors/stage.hpp"
#include "actors/wire_values.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <utility>

namespace pmmc::test {

namespace {

using bytes = std::vector<char>;

struct wire_stage : stage {
  wire_stage() : seed(seed_or(20'150'217)), lots{random_source{seed}, {}} {
    for (const auto* id : {"x", "y", "z"})
      lots.handles.push_back(record(id).handle());
  }

  template <class M>
  bytes write(const M& m) {
    bytes buffer;
    caf::binary_serializer sink{system(), buffer};
    REQUIRE_FALSE(sink(m));
    return buffer;
  }

  /// Whether `buffer` is one message, and nothing more.
  template <class M>
  bool read(const bytes& buffer, M& m) {
    caf::binary_deserializer source{system(), buffer};
    return !source(m) && source.remaining() == 0;
  }

  template <class M>
  M draw() {
    M m;
    lots.fill(m);
    return m;
  }

  template <class M>
  void check_round_trip() {
    for (int i = 0; i < 50; ++i) {
      const auto sent = draw<M>();
      M received;
      REQUIRE(read(write(sent), received));
      CHECK(same(sent, received));
    }
  }

  /// Every strict prefix of a message lacks something.
  template <class M>
  void check_truncated() {
    const auto whole = write(draw<M>());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      M m;
      REQUIRE_FALSE(
          read(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), m));
    }
  }

  /// Whatever comes of it: no crash, and what is read can be written again.
  template <class M>
  void check_damaged() {
    for (int i = 0; i < 200; ++i) {
      auto buffer = write(draw<M>());
      for (auto flips = 1 + lots.random.below(4); flips > 0; --flips)
        buffer[lots.random.below(buffer.size())] = static_cast<char>(lots.random.next());
      M m;
      if (read(buffer, m))
        write(m);
    }
  }

  template <class M>
  void check_random() {
    for (int i = 0; i < 300; ++i) {
      const auto noise = random_bytes(lots.random, lots.random.below(300));
      M m;
      if (read(bytes(noise.begin(), noise.end()), m))
        write(m);
    }
  }

  /// The largest sizes that can be claimed, at every place of a message. Taking one at its word
  /// would end in std::bad_alloc, or in the sanitizer's hands.
  template <class M>
  void check_huge_sizes() {
    const auto whole = write(draw<M>());
    for (std::size_t at = 0; at < whole.size(); ++at)
      for (const auto* claim : {"\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xff\xff\xff\xff\x7f",
                                "\xff\xff\xff\xff\xff\xff\x7f"}) {
        auto buffer = bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at));
        buffer.insert(buffer.end(), claim, claim + std::strlen(claim));
        buffer.insert(buffer.end(), whole.begin() + static_cast<std::ptrdiff_t>(at), whole.end());
        M m;
        CHECK_NOTHROW(read(buffer, m));
      }
  }

  template <class M>
  void check() {
    check_round_trip<M>();
    check_truncated<M>();
    check_damaged<M>();
    check_random<M>();
    check_huge_sizes<M>();
  }

  template <caf::type_id_t Id>
  void check_type() {
    using type = typename caf::type_by_id<Id>::type;
    INFO("PMMC_SEED=" << seed << ", " << caf::type_name_by_id<Id>::value);
    check<type>();
  }

  std::uint64_t seed;
  dice lots;
};

} // namespace

TEST_CASE_FIXTURE(wire_stage, "every message arrives as it was sent, and nothing else as one") {
  using block = caf::id_block::pmmc;
  [this]<caf::type_id_t... I>(std::integer_sequence<caf::type_id_t, I...>) {
    (check_type<block::begin + I>(), ...);
  }
  (std::make_integer_sequence<caf::type_id_t, block::end - block::begin>{});
}

TEST_CASE_FIXTURE(wire_stage, "whole CAF messages, with their types") {
  for (int i = 0; i < 50; ++i) {
    const auto sent = draw<mail>();
    const auto buffer = write(caf::make_message(sent));
    caf::message received;
    REQUIRE(read(buffer, received));
    REQUIRE(received.match_elements<mail>());
    CHECK(same(received.get_as<mail>(0), sent));
    const auto noise = random_bytes(lots.random, lots.random.below(100));
    caf::message garbage;
    read(bytes(noise.begin(), noise.end()), garbage);
  }
}

TEST_CASE_FIXTURE(wire_stage, "a role id that is too long is refused") {
  const auto longest = write(std::string(role_id::max_size, 'a'));
  role_id id;
  REQUIRE(read(longest, id));
  CHECK(id.view().size() == role_id::max_size);
  CHECK_FALSE(read(write(std::string(role_id::max_size + 1, 'a')), id));
  CHECK_FALSE(read(write(std::string(100'000, 'a')), id));

  auto buffer = write(peer_down{"a1", "why"});
  buffer.erase(buffer.begin(), buffer.begin() + 3); // the id
  auto too_long = write(std::string(role_id::max_size + 1, 'a'));
  too_long.insert(too_long.end(), buffer.begin(), buffer.end());
  peer_down m;
  CHECK_FALSE(read(too_long, m));
}

TEST_CASE_FIXTURE(wire_stage, "the bytes of a message are the codec's, behind one short name") {
  const auto check_codec = [this](const auto& sent) {
    std::string encoded;
    wire::encode(encoded, sent);
    const auto written = write(mail{sent});
    CHECK(std::string(written.begin(), written.end()) == encoded);
    const auto with_type = write(caf::make_message(mail{sent}));
    CHECK(std::string(with_type.begin(), with_type.end()) ==
          std::string{"\0\0\x0e@<>+pmmc::mail", 17} + encoded);
  };
  check_codec(draw<p1b>());
  check_codec(draw<ping>());
  check_codec(draw<client_requests>());
  check_codec(draw<client_replies>());
}

TEST_CASE_FIXTURE(wire_stage, "what plumbing carries of the protocol is the codec's, too") {
  const auto known = draw<membership>();
  std::string encoded;
  wire::encode(encoded, known);
  CHECK(write(known) == write(encoded));
  CHECK(write(members_news{known}) == write(known));

  const auto check_codec = [this](const auto& said) {
    std::string bytes_of_it;
    wire::encode(bytes_of_it, said);
    CHECK(write(said) == write(bytes_of_it));
  };
  check_codec(draw<heartbeat>());
  check_codec(draw<disk_refused>());
  check_codec(draw<cluster_facts>());
}

TEST_CASE_FIXTURE(wire_stage, "what the codec refuses is an error") {
  const auto is_mail = [this](const std::string& written) {
    mail m;
    return read(bytes(written.begin(), written.end()), m);
  };
  std::string encoded;
  wire::encode(encoded, collected{});
  REQUIRE(is_mail(encoded));
  CHECK_FALSE(is_mail(encoded + '\0'));
  CHECK_FALSE(is_mail(std::string{}));
  for (const auto kind : {0, wire::last_kind + 1, 255}) {
    encoded[0] = static_cast<char>(kind);
    CHECK_FALSE(is_mail(encoded));
  }
}

TEST_CASE_FIXTURE(wire_stage, "words of clients come in groups only") {
  const auto check_alone = [this](const auto& word) {
    mail m;
    CHECK_FALSE(read(write(mail{message{word}}), m));
  };
  check_alone(draw<request>());
  check_alone(draw<response>());
  check_alone(draw<query>());
  check_alone(draw<query_reply>());
}

TEST_CASE_FIXTURE(wire_stage, "people read names and fields") {
  const p2a m{"l1", 2, {{3, "l1"}, 7, command{"abc"}}};
  const auto text = caf::deep_to_string(m);
  for (const auto* part : {"p2a", "l1", "3.l1", "7", "abc"})
    CHECK_MESSAGE(text.find(part) != text.npos, text);
}

TEST_CASE_FIXTURE(wire_stage, "of all engines") {
  const auto members = std::make_shared<const raft::server_set>(
      raft::server_set{3, {{"s1", "host1:1"}}, {{"s2", "host2:1"}}});
  raft::append_entries entries{"s1", 4, {}, {{4, command{"abc"}, members}}, 0, 0};
  const auto raft_text = caf::deep_to_string(mail{message{entries}});
  for (const auto* part : {"raft::append_entries", "abc", "s1", "s2", "host2:1"})
    CHECK_MESSAGE(raft_text.find(part) != raft_text.npos, raft_text);
  simple::promise told{"s1", 2, {3}, simple::proposal{{1}, command{"xyz"}}};
  const auto simple_text = caf::deep_to_string(mail{message{told}});
  for (const auto* part : {"simple::promise", "s1", "xyz"})
    CHECK_MESSAGE(simple_text.find(part) != simple_text.npos, simple_text);
}

} // namespace pmmc::test
