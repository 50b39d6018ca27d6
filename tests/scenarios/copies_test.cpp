// Copies of one request: what became of one of them says nothing of the others.
#include "scenarios/story_clients.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::string put_of(std::size_t bytes) {
  std::string op = "put big ";
  return op.append(bytes, 'x');
}

} // namespace

TEST_CASE("a request that the log put off is not said to be refused: a copy of it, handed on to a "
          "replica that died, may be decided elsewhere") {
  script_settings settings;
  settings.replica.batch_requests = 1;
  script c{settings};
  story_clients d{c};
  REQUIRE(c.run_until([&] { return c.active_leaders().size() == 1; }, 500));
  c.run(60);
  const auto leader = c.active_leaders()[0];
  const auto dead = std::string{leader.view().substr(1)};
  const role_id replica = dead == "1" ? "r2" : "r1";

  const auto other = d.open("c3", replica); // takes back first what has the lower session
  const auto s = d.open("c1", replica);
  REQUIRE(other < s);
  REQUIRE(d.ask("c1", replica, s, 1, put_of(1'000'000)));
  for (std::uint64_t n = 2; n <= 17; ++n) // answers that the client has not acknowledged: too many
    REQUIRE(d.ask("c1", replica, s, n, "append big x")->size() > 1'000'000);

  // Two requests are handed on, and lost. Then number 18, once; and number 19, which acknowledges.
  for (std::uint64_t n : {1, 2})
    d.send("c3", replica, other, n, "append other x");
  c.flow([&](const letter& f) { return f.to == replica; });
  REQUIRE(c.drop(is<handoff>) == 2);
  d.send("c1", replica, s, 18, "append n x");
  d.send("c1", replica, s, 19, "append m x", 17);
  c.flow([](const letter& f) { return !is<p2b>(f); }); // chosen, one slot each, and nobody knows
  const auto taken = c.replica_at(replica).slot_out();
  REQUIRE(c.checkers().log().is_chosen(taken));
  REQUIRE(c.checkers().log().is_chosen(taken + 1));
  c.drop(is<p2b>);
  for (const auto* kind : {"l", "r"})
    c.crash(kind + dead);
  c.announce_down(leader);
  c.announce_down("r" + dead);

  std::optional<reply_status> said;
  c.on_answer = [&](const role_id&, const message& m) {
    const auto* r = std::get_if<response>(&m);
    if (r != nullptr && r->session == s && r->sequence == 18 &&
        r->status != reply_status::unavailable)
      said = r->status;
  };
  const auto executed = [&] { return c.value_at(replica, "n") == "x"; };
  REQUIRE(c.run_until([&] { return executed(); }, 500));
  REQUIRE(said.has_value());
  CHECK(*said != reply_status::busy); // "not executed"
  CHECK(*said == reply_status::put_off);
}
