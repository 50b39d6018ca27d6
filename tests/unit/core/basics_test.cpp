#include "base/codec.hpp"
#include "base/random.hpp"
#include "consensus/pmmc/aimd_timeout.hpp"
#include "core_helpers.hpp"
#include "service/batch.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace pmmc;
using namespace pmmc::test;

TEST_CASE("ballots are ordered by seqnum, then by leader; the bottom is below all") {
  const ballot_num bottom;
  CHECK(bottom.is_bottom());
  CHECK(bottom < ballot_num{0, "l1"});
  CHECK(ballot_num{0, "l1"} < ballot_num{0, "l2"});
  CHECK(ballot_num{0, "l9"} < ballot_num{1, "l1"});
  CHECK(ballot_num{1, "l"} < ballot_num{1, "l1"});
  CHECK(ballot_num{3, "l1"} == ballot_num{3, "l1"});
  CHECK(to_string(bottom) == "⊥");
  CHECK(to_string({3, "l1"}) == "3.l1");
}

TEST_CASE("commands are compared by their bytes") {
  CHECK(command{}.is_noop());
  CHECK(command{""} == command{});
  CHECK(command{"a"} == command{std::string{"a"}});
  CHECK_FALSE(command{"a"} == command{"b"});
  CHECK(role_id{"a"} < role_id{"b"});
  CHECK(role_id{std::string(31, 'x')}.view().size() == 31);
}

TEST_CASE("a configuration knows its quorum and what it tolerates") {
  CHECK(make_config(1).quorum() == 1);
  CHECK(make_config(2).quorum() == 2);
  CHECK(make_config(3).quorum() == 2);
  CHECK(make_config(4).quorum() == 3);
  CHECK(make_config(5).quorum() == 3);
  CHECK(make_config(1).tolerated_failures() == 0);
  CHECK(make_config(4).tolerated_failures() == 1);
  CHECK(make_config(5).tolerated_failures() == 2);
  CHECK(make_config(5).durable_replicas() == 3);
  auto few = make_config(5);
  few.replicas.resize(1);
  CHECK(few.durable_replicas() == 1);
  CHECK(few.has_acceptor("a5"));
  CHECK_FALSE(few.has_acceptor("l5"));
  CHECK(few.address_of("l2") == "host2:1");
  CHECK(few.address_of("nobody").empty());
}

TEST_CASE("the configuration of a slot is that of the last first_slot at or below it") {
  config_history history{make_config()};
  auto second = make_config();
  second.version = 2;
  second.first_slot = 11;
  history.add(second);
  CHECK(history.for_slot(1).version == 1);
  CHECK(history.for_slot(10).version == 1);
  CHECK(history.for_slot(11).version == 2);
  CHECK(history.end_of(1) == 11);
  CHECK(history.end_of(2) == std::numeric_limits<slot_num>::max());
  CHECK(history.find(2)->first_slot == 11);
  CHECK(history.find(3) == nullptr);
  CHECK(history.latest().version == 2);
}

TEST_CASE("integers and strings survive encoding") {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{300},
        std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max()}) {
    std::string bytes;
    put_varint(bytes, value);
    put_bytes(bytes, "text");
    byte_reader in{bytes};
    CHECK(in.varint() == value);
    CHECK(in.bytes() == "text");
    CHECK(in.ok());
    CHECK(in.at_end());
  }
}

TEST_CASE("a reader stops at the first value that does not fit") {
  byte_reader cut{std::string_view{"\x80"}};
  CHECK(cut.varint() == 0);
  CHECK_FALSE(cut.ok());
  byte_reader too_large{std::string_view{"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"}};
  too_large.varint();
  CHECK_FALSE(too_large.ok());
  byte_reader longer_than_there{std::string_view{"\x05"
                                                 "abc"}};
  CHECK(longer_than_there.bytes().empty());
  CHECK_FALSE(longer_than_there.ok());
}

TEST_CASE("a batch comes back as it went in") {
  const std::vector<request> requests{opening(77),
                                      operation(9, 1, "put a b", 0),
                                      operation(9, 2, std::string("\0\x80", 2), 1),
                                      {request_kind::end_session, 9, 3, 2, ""}};
  const auto encoded = encode_batch(requests);
  const auto entries = decode_batch(encoded);
  REQUIRE(entries);
  REQUIRE(entries->size() == requests.size());
  std::size_t bytes = 1;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CHECK((*entries)[i].kind == requests[i].kind);
    CHECK((*entries)[i].session == requests[i].session);
    CHECK((*entries)[i].sequence == requests[i].sequence);
    CHECK((*entries)[i].acknowledged == requests[i].acknowledged);
    CHECK((*entries)[i].op == requests[i].op);
    bytes += batch_bytes(requests[i]);
  }
  CHECK(encoded.size() <= bytes);
  CHECK(encode_batch(std::vector<request>{}).is_noop());
  CHECK(decode_batch(command{})->empty());
}

TEST_CASE("bytes that are no batch are refused, never a crash") {
  CHECK_FALSE(decode_batch(command{"\x02"}));
  CHECK_FALSE(decode_batch(command{"\x01\x09"}));
  const auto good = batch_of({operation(1, 1, "abc")});
  CHECK_FALSE(decode_batch(command{std::string{good.bytes().substr(0, good.size() - 1)}}));
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    std::string bytes(random.below(40), '\0');
    for (auto& c : bytes)
      c = static_cast<char>(random.below(seed % 2 == 0 ? 256 : 5));
    if (!bytes.empty() && seed % 3 != 0)
      bytes[0] = 1;
    const command garbage{bytes};
    if (const auto entries = decode_batch(garbage))
      for (const auto& e : *entries)
        CHECK(e.op.size() <= bytes.size());
  }
}

TEST_CASE("the timeout grows by half, shrinks by one, and keeps its limits (section 3)") {
  aimd_timeout timeout{{.least_ticks = 10, .most_ticks = 40}};
  CHECK(timeout.ticks() == 20);
  timeout.increase();
  CHECK(timeout.ticks() == 31);
  timeout.increase();
  timeout.increase();
  CHECK(timeout.ticks() == 40);
  timeout.decrease();
  CHECK(timeout.ticks() == 39);
  for (int i = 0; i < 100; ++i)
    timeout.decrease();
  CHECK(timeout.ticks() == 10);
}
