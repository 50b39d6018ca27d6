// The codec of what processes say of themselves: introductions, replies, heartbeats, and that they
// refuse a disk. It comes from strangers.
#include "membership/reconfiguration.hpp"
#include "unit/wire/codec_stage.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace pmmc::test {

namespace {

introduction some_introduction() {
  introduction m{"c", "h:1", {{"a1", role_kind::acceptor, "disk"}}, 1, 2, true, {}, 3};
  m.roles[0].lives.begin(4);
  return m;
}

introduction_reply some_reply() {
  return {"", false, "c", some_introduction().roles, {}, {}, "h:1", 3};
}

template <class M>
std::string_view why_not(const M& m) {
  M read;
  return wire::decode(bytes_of(m), read);
}

constexpr std::string_view nobody = "no process says so of itself";

struct row {
  std::string_view what;
  std::function<void(introduction&)> change;
  std::string_view why; ///< "" if it is read
};

} // namespace

TEST_CASE_FIXTURE(codec_stage, "what processes say of themselves arrives as it was said") {
  for_every_sort(*this, 100, [this]<class M>(const M& sent) {
    const auto bytes = bytes_of(sent);
    auto received = draw<M>();
    REQUIRE(wire::decode(bytes, received) == "");
    CHECK(same(sent, received));
    CHECK(bytes_of(received) == bytes);
  });
}

TEST_CASE_FIXTURE(codec_stage, "part of it is nothing, nor is it with something behind it") {
  for_every_sort(*this, 10, []<class M>(const M& sent) {
    const auto bytes = bytes_of(sent);
    M m;
    for (std::size_t size = 0; size < bytes.size(); ++size)
      REQUIRE(wire::decode(std::string_view{bytes}.substr(0, size), m) != "");
    CHECK(wire::decode(bytes + '\0', m) == "there is something behind it");
  });
}

TEST_CASE_FIXTURE(codec_stage, "a bit of it that flips makes something else, or nothing") {
  for_every_sort(*this, 3, []<class M>(const M& sent) {
    auto bytes = bytes_of(sent);
    for (std::size_t at = 0; at < 8 * bytes.size(); ++at) {
      const auto bit = static_cast<char>(1 << at % 8);
      bytes[at / 8] ^= bit;
      M m;
      REQUIRE((!wire::decode(bytes, m).empty() || bytes_of(m) == bytes));
      bytes[at / 8] ^= bit;
    }
  });
}

TEST_CASE("what no process says of itself is not read") {
  const std::vector<row> rows = {
      {"as it is", [](introduction&) {}, ""},
      {"a client",
       [](introduction& m) {
         m.roles[0] = {"c1", role_kind::client, {}};
       },
       ""},
      {"as many roles as may be",
       [](introduction& m) { m.roles.resize(max_hosted_roles, introduced_role{m.roles[0]}); }, ""},
      {"one more",
       [](introduction& m) { m.roles.resize(max_hosted_roles + 1, introduced_role{m.roles[0]}); },
       "it has more roles than a process may have"},
      {"as many lives as are kept",
       [](introduction& m) { m.roles[0].lives.nonces.resize(life_history::max_kept); }, ""},
      {"one more",
       [](introduction& m) { m.roles[0].lives.nonces.resize(life_history::max_kept + 1); },
       "it has had more lives than are ever kept"},
      {"lives before the first", [](introduction& m) { m.roles[0].lives.first = 0; }, nobody},
      {"lives beyond all numbers",
       [](introduction& m) { m.roles[0].lives.first = (std::uint64_t{1} << 62) + 1; }, nobody},
      {"no id", [](introduction& m) { m.roles[0].id = {}; }, nobody},
      {"no kind", [](introduction& m) { m.roles[0].kind = static_cast<role_kind>(0); },
       "there is no such kind of member"},
      {"another kind", [](introduction& m) { m.roles[0].kind = static_cast<role_kind>(6); },
       "there is no such kind of member"},
      {"the longest disk",
       [](introduction& m) { m.roles[0].format_id.assign(max_address_bytes, 'd'); }, ""},
      {"a longer one",
       [](introduction& m) { m.roles[0].format_id.assign(max_address_bytes + 1, 'd'); }, nobody},
      {"the longest address", [](introduction& m) { m.address.assign(max_address_bytes, 'h'); },
       ""},
      {"a longer one", [](introduction& m) { m.address.assign(max_address_bytes + 1, 'h'); },
       nobody},
      {"the longest name", [](introduction& m) { m.cluster.assign(max_said_bytes, 'c'); }, ""},
      {"a longer one", [](introduction& m) { m.cluster.assign(max_said_bytes + 1, 'c'); }, nobody},
      {"a long engine", [](introduction& m) { m.facts.engine.assign(max_said_bytes + 1, 'e'); },
       nobody},
      {"a long protocol", [](introduction& m) { m.facts.protocol.assign(max_said_bytes + 1, 'p'); },
       nobody},
      {"a long state machine",
       [](introduction& m) { m.facts.machine.assign(max_said_bytes + 1, 'm'); }, nobody},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    auto m = some_introduction();
    r.change(m);
    CHECK(why_not(m) == r.why);
    auto reply = some_reply(); // which has the same roles, texts and facts
    reply.cluster = m.cluster;
    reply.address = m.address;
    reply.roles = m.roles;
    reply.facts = m.facts;
    CHECK(why_not(reply) == r.why);
  }
}

TEST_CASE("the reason of a refusal has bounds, and so has the disk that is refused") {
  auto m = some_reply();
  m.refusal.assign(max_said_bytes, 'w');
  CHECK(why_not(m) == "");
  m.refusal += 'w';
  CHECK(why_not(m) == nobody);
  disk_refused refusal{"a1", {std::string(max_address_bytes, 'd'), {}, 0}};
  CHECK(why_not(refusal) == "");
  refusal.known.format_id += 'd';
  CHECK(why_not(refusal) == nobody);
}

TEST_CASE("a clock may stand before 1970") {
  heartbeat read;
  REQUIRE(wire::decode(bytes_of(heartbeat{1, 2, 3, 4, -5}), read) == "");
  CHECK(read.wall_ms == -5);
}

} // namespace pmmc::test
