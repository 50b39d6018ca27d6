#include "base/random.hpp"
#include "core_helpers.hpp"
#include "membership/reconfiguration.hpp"
#include "service/replicated_state.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <stdexcept>

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::unique_ptr<replicated_state> fresh() {
  return std::make_unique<replicated_state>(std::make_unique<log_machine>(),
                                            config_history{make_config()}, 16);
}

request claim(cluster_identity identity) {
  return found_request({identity, facts_of(make_config(), 16), {}});
}

constexpr session_id first_session = std::uint64_t{1} << 16; // opened in slot 1, place 0

/// Two slots: a session with an executed, an unacknowledged and a held-back request.
std::unique_ptr<replicated_state> busy() {
  auto state = fresh();
  state->perform(batch_of({opening(7)}));
  state->perform(batch_of({operation(first_session, 1, "a"), operation(first_session, 3, "c")}));
  return state;
}

std::string bytes_of(const replicated_state& state) {
  std::ostringstream out;
  state.write(out);
  return out.str();
}

} // namespace

TEST_CASE("state: a command that is no batch takes up its slot and has no effect") {
  auto state = fresh();
  CHECK(state->perform(command{"\x07 garbage"}).empty());
  CHECK(state->perform(command{}).empty());
  CHECK(state->slot_out() == 3);
  CHECK(state->machine().query("").empty());
}

TEST_CASE("state: S1, equal decisions give equal fingerprints, other decisions others") {
  CHECK(busy()->fingerprint() == busy()->fingerprint());
  auto other = busy();
  other->perform(command{});
  CHECK(other->fingerprint() != busy()->fingerprint());
  // Same application state, but one request more is held back: X2, the fingerprint shows it.
  auto a = busy();
  auto b = busy();
  a->perform(batch_of({operation(first_session, 4, "d")}));
  b->perform(command{});
  CHECK(a->machine().fingerprint() == b->machine().fingerprint());
  CHECK(a->fingerprint() != b->fingerprint());
}

TEST_CASE("state: sessions that differ after equal decisions show in the fingerprint, too") {
  const auto state = busy();
  state->perform(batch_of({operation(first_session, 5, "held back")}));
  auto bytes = bytes_of(*state);
  REQUIRE(bytes.find("held back") == bytes.rfind("held back"));
  bytes.replace(bytes.find("held back"), 4, "kept");
  std::istringstream in{bytes};
  const auto other = fresh();
  other->read(in);
  CHECK(other->digests() == state->digests());
  CHECK(other->machine().fingerprint() == state->machine().fingerprint());
  CHECK(other->fingerprint() != state->fingerprint());
}

TEST_CASE("state: a snapshot holds everything, what sessions hold back included") {
  const auto state = busy();
  auto copy = fresh();
  std::istringstream in{bytes_of(*state)};
  copy->read(in);
  CHECK(copy->slot_out() == 3);
  CHECK(copy->window() == 16);
  CHECK(copy->configurations() == state->configurations());
  CHECK(copy->fingerprint() == state->fingerprint());
  const auto answers = copy->perform(batch_of({operation(first_session, 2, "b")}));
  CHECK(answers.size() == 2);
  CHECK(copy->machine().query("") == "a,b,c,");
}

TEST_CASE("state: a snapshot has the servers, where these are the members") {
  const auto of_servers = [] {
    return std::make_unique<replicated_state>(std::make_unique<log_machine>(),
                                              config_history{make_servers()}, 16);
  };
  auto copy = of_servers();
  std::istringstream in{bytes_of(*of_servers())};
  copy->read(in);
  CHECK(copy->configurations().latest() == make_servers());
}

TEST_CASE("state: a disk that no member may have does not come in by a claim, the others do") {
  auto state = fresh();
  state->perform(batch_of({found_request({7,
                                          facts_of(make_config(), 16),
                                          {{"a1", std::string(max_address_bytes + 1, 'd')},
                                           {"a2", std::string(max_address_bytes, 'd')}}})}));
  CHECK(state->identity() == 7);
  const auto& acceptors = state->configurations().latest().acceptors;
  CHECK(acceptors[0].disk == "");
  CHECK(acceptors[1].disk.size() == max_address_bytes);
}

TEST_CASE("state: the first identity in the log holds, in snapshots, clones and the fingerprint") {
  auto state = busy();
  CHECK(state->identity() == 0);
  const auto before = state->fingerprint();
  auto garbage = claim(1);
  garbage.op = "\x01\x01";
  CHECK(state->perform(batch_of({garbage, claim(0)})).empty());
  CHECK(state->identity() == 0);
  CHECK(state->perform(batch_of({claim(~std::uint64_t{0}), claim(7)})).empty());
  CHECK(state->identity() == ~std::uint64_t{0});
  state->perform(batch_of({claim(7)}));
  CHECK(state->identity() == ~std::uint64_t{0});
  CHECK(state->clone()->identity() == ~std::uint64_t{0});

  auto copy = fresh();
  std::istringstream in{bytes_of(*state)};
  copy->read(in);
  CHECK(copy->identity() == ~std::uint64_t{0});
  CHECK(copy->fingerprint() == state->fingerprint());
  auto other = busy();
  CHECK(other->fingerprint() == before);
  other->perform({});
  other->perform(batch_of({claim(7)}));
  other->perform({});
  CHECK(other->slot_out() == state->slot_out());
  CHECK(other->fingerprint() != state->fingerprint());
}

TEST_CASE("state: a claim of another cluster changes nothing once the log has an identity") {
  auto state = fresh();
  state->perform(batch_of({claim(7)}));
  auto other = facts_of(make_config(), 32);
  state->perform(batch_of({found_request({9, facts_of(make_config(), 16), {{"a1", "disk"}}})}));
  CHECK(state->configurations().latest().acceptors[0].disk == "");
  state->perform(batch_of({found_request({9, other, {}})}));
  CHECK(state->refusal() == "");
  CHECK(state->slot_out() == 4);
  CHECK(state->identity() == 7);
  state->perform(batch_of({found_request({7, facts_of(make_config(), 16), {{"a1", "disk"}}})}));
  CHECK(state->configurations().latest().acceptors[0].disk == "disk");
}

TEST_CASE("state: an identity takes no session's place, and answers nobody") {
  auto state = fresh();
  const auto answers = state->perform(batch_of({opening(7), claim(9), opening(8)}));
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].sequence == 7);
  CHECK(answers[1].sequence == 8);
  CHECK(state->perform(batch_of({operation(first_session, 1, "a")})).at(0).body == "a,");
}

TEST_CASE("state: a snapshot of another format is refused by its number") {
  auto bytes = bytes_of(*busy());
  bytes[8] = 2; // the first byte after the length
  std::istringstream in{bytes};
  std::string why;
  try {
    fresh()->read(in);
  } catch (const std::runtime_error& e) {
    why = e.what();
  }
  CHECK(why == "the snapshot is of format 2, and this program reads format 5 only: use the version "
               "of the program that wrote it");
}

TEST_CASE("state: the facts of its cluster are in the fingerprint, and those of a snapshot are "
          "demanded") {
  const auto of = [](cluster_facts facts) {
    return replicated_state{std::make_unique<log_machine>(), config_history{facts.first},
                            facts.window, facts.protocol};
  };
  const auto facts = facts_of(make_config(), 16);
  const auto bytes = bytes_of(of(facts));
  std::vector<cluster_facts> list(3, facts);
  list[0].window = 17;
  list[1].protocol = "pmmc/0";
  list[2].first.acceptors.pop_back();
  for (const auto& other : list) {
    auto state = of(other);
    CHECK(state.fingerprint() != of(facts).fingerprint());
    std::istringstream in{bytes};
    CHECK_THROWS_WITH_AS(
        state.read(in),
        ("the snapshot is of another cluster: " + why_facts_differ(facts, other)).c_str(),
        std::runtime_error);
  }
}

TEST_CASE("state: a clone stays as it was") {
  auto state = busy();
  const auto clone = state->clone();
  const auto before = clone->fingerprint();
  state->perform(batch_of({operation(first_session, 2, "b")}));
  CHECK(clone->fingerprint() == before);
  CHECK(clone->slot_out() == 3);
  CHECK(clone->machine().query("") == "a,");
}

TEST_CASE("state: a damaged snapshot is an error, never a crash or another state") {
  const auto good = bytes_of(*busy());
  for (std::size_t size = 0; size < good.size(); ++size) {
    std::istringstream in{good.substr(0, size)};
    CHECK_THROWS_AS(fresh()->read(in), std::runtime_error);
  }
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    auto bytes = good;
    for (auto n = 1 + random.below(3); n > 0; --n)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    std::istringstream in{bytes};
    try {
      fresh()->read(in);
    } catch (const std::runtime_error&) {
    }
  }
}
