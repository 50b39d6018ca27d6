// A newcomer that was not there until all whom it knew were gone: when it finds the others, and
// when an operator has to name them (docs/RECONFIGURATION.md, "Founding and joining").
#include "scenarios/site.hpp"

using namespace pmmc;
using namespace pmmc::test;

TEST_CASE("a newcomer that slept until all that it knew were gone needs an operator") {
  for (const bool knows_identity : {false, true}) {
    CAPTURE(knows_identity);
    script c{{}};
    story_clients d{c};
    REQUIRE(c.run_until([&] { return c.active_leaders().size() == 1; }, 500));
    c.run(60);
    session_id session = knows_identity ? d.open("c1", "r1") : 0;
    for (const auto& id : next_nine)
      c.join(id);
    if (knows_identity)
      c.run(200);
    c.pause("r6");
    if (!knows_identity)
      session = d.open("c1", "r1"); // with it the cluster's identity is decided
    REQUIRE(session != 0);
    c.run(120);
    c.send("c1", "r1",
           request{request_kind::reconfigure, session, 1, 0,
                   encode(change_of(1, first_nine, next_nine))});
    REQUIRE(d.answer_to(session, 1)->status == reply_status::ok);
    REQUIRE(c.run_until([&] { return c.replica_at("r4").live_from() == 2; }, 1'000));
    c.run(120);
    for (const auto& id : first_nine)
      c.switch_off(id);
    c.resume("r6");
    const auto has_all = [&] {
      return c.replica_at("r6").live_from() == 2 &&
             c.replica_at("r6").slot_out() == c.replica_at("r4").slot_out();
    };
    CHECK(c.run_until(has_all, 1'000) == knows_identity);
    CHECK((c.replica_at("r6").state().identity() != 0) == knows_identity);
    if (!knows_identity) {
      c.crash("r6");
      c.restart("r6");
      CHECK(c.run_until(has_all, 1'000));
    }
  }
}
