// Which configuration governs which slot (docs/RECONFIGURATION.md, rules 1, 2 and 5).
#include "scenarios/site.hpp"
#include "service/batch.hpp"

using namespace pmmc;
using namespace pmmc::test;

namespace {

/// The slots in which a reconfiguration was decided.
std::vector<slot_num> slots_of_changes(const script& c) {
  std::vector<slot_num> slots;
  for (slot_num slot = 1; slot < c.checkers().truth().slot_out(); ++slot)
    if (const auto entries = decode_batch(c.checkers().log().chosen(slot)))
      for (const auto& e : *entries)
        if (e.kind == request_kind::reconfigure)
          slots.push_back(slot);
  return slots;
}

} // namespace

TEST_CASE(
    "a reconfiguration decided in slot s governs the slots from s + WINDOW on, and no other") {
  site s;
  for (int i = 0; i < 5; ++i)
    s.write("r2");
  s.c.crash("a1"); // so that a vote of a4 is needed
  const auto o = s.change("r3", {"a3"}, {"a4"});
  REQUIRE(slots_of_changes(s.c).size() == 1);
  CHECK(o.version == 2);
  CHECK(o.first_slot == slots_of_changes(s.c)[0] + 16);
  s.finish_change();
  s.write("r1");
  // The checker has seen to it that no slot got votes of both; here are the ends.
  const auto& votes = s.c.acceptor_at("a4").state().by_version;
  CHECK(votes.size() == 1);
  CHECK(votes.at(2).accepted.begin()->first == o.first_slot);
  CHECK_FALSE(s.c.acceptor_at("a3").state().by_version.contains(2));
  for (const auto* id : {"r1", "r2", "r3"}) {
    const auto& known = s.c.replica_at(id).state().configurations();
    CHECK(known.for_slot(o.first_slot - 1).version == 1);
    CHECK(known.for_slot(o.first_slot).version == 2);
  }
  s.c.restart("a1");
  s.works();
}

TEST_CASE("the operator's command repeated: the same request is answered the same, a new one does "
          "nothing") {
  site s;
  const auto wanted = s.send_change("r1", {"a1"}, {"a4"});
  const auto first = s.outcome();
  CHECK(first.status == reconfiguration_status::accepted);
  s.send_again("r3", wanted);
  const auto again = s.outcome();
  CHECK(again.status == reconfiguration_status::accepted);
  CHECK(again.version == first.version);
  CHECK(again.first_slot == first.first_slot);

  const auto session = s.d.open("c9", "r2"); // the command was killed and started again
  const auto o = s.d.reconfigure("c9", "r2", session, 1, wanted);
  REQUIRE(o);
  CHECK(o->status == reconfiguration_status::conflict);
  CHECK(o->version == 2);
  s.finish_change();
  CHECK(s.c.config().version == 2);
  s.works();
}

TEST_CASE("a change that was undone is not done again by its command decided late") {
  site s;
  const auto wanted = s.send_change("r1", {"a1"}, {"a4"});
  CHECK(s.outcome().status == reconfiguration_status::accepted);
  s.finish_change();
  s.change("r1", {"a4"}, {"a1"});
  s.finish_change();
  const auto session = s.d.open("c9", "r2");
  CHECK(s.d.reconfigure("c9", "r2", session, 1, wanted)->status ==
        reconfiguration_status::conflict);
  CHECK(s.c.config().has_acceptor("a1"));
  s.works();
}

TEST_CASE("two operators ask for different majorities at once, and one of them gets it") {
  for (const bool in_one_batch : {false, true}) {
    CAPTURE(in_one_batch);
    site s;
    for (const auto* id : {"a4", "a5", "a6", "a7"})
      s.c.join(id);
    const auto x = s.d.open("x", "r1");
    const auto y = s.d.open("y", "r3");
    s.c.send("x", in_one_batch ? "r1" : "r2",
             request{request_kind::reconfigure, x, 1, 0,
                     encode(change_of(1, {"a2", "a3"}, {"a4", "a5"}))});
    s.c.send("y", "r1",
             request{request_kind::reconfigure, y, 1, 0,
                     encode(change_of(1, {"a1", "a2"}, {"a6", "a7"}))});
    const auto answer_x = s.d.answer_to(x, 1);
    const auto answer_y = s.d.answer_to(y, 1);
    REQUIRE((answer_x && answer_y));
    const auto of_x = decode_reconfiguration_outcome(answer_x->body);
    const auto of_y = decode_reconfiguration_outcome(answer_y->body);
    REQUIRE((of_x && of_y));
    CHECK((of_x->status == reconfiguration_status::accepted) !=
          (of_y->status == reconfiguration_status::accepted));
    const auto& loser = of_x->status == reconfiguration_status::accepted ? *of_y : *of_x;
    CHECK(loser.status == reconfiguration_status::conflict);
    s.finish_change();
    CHECK(s.c.config().version == 2);
    CHECK(s.c.config().acceptors.size() == 3);
    s.switch_off_removed();
    s.works();
  }
}

TEST_CASE("an idle cluster brings a new configuration into force at once") {
  for (const unsigned delay_ticks : {0, 3}) {
    CAPTURE(delay_ticks);
    script_settings settings;
    settings.window = 128;
    site s{settings};
    s.c.disturb({.most_delay_ticks = delay_ticks});
    s.change("r2", {"a1", "l1", "r1"}, {"a4", "l4", "r4"});
    // No-ops go out together. Who waits until a gap shows, or for one after the other, is late:
    // 25 ticks in either case.
    const auto is_beyond = [&](const role_id& id) {
      return s.c.replica_at(id).slot_out() > s.c.config().first_slot;
    };
    REQUIRE(s.c.run_until([&] { return is_beyond("r2") && is_beyond("r3"); }, 4 + 5 * delay_ticks));
    REQUIRE(s.c.run_until([&] { return s.in_force(); }, 50));
    REQUIRE(s.c.run_until([&] { return s.retired(); }, 50));
    // The boundary's slot shows that it works; nothing is filled beyond it.
    CHECK(s.c.replica_at("r2").slot_out() == s.c.config().first_slot + 1);
  }
}

TEST_CASE("an idle cluster does so, too, when the proposer has just died") {
  site s;
  s.c.cut = [](const role_id& from, const role_id&) { return from.view() == "r1"; };
  s.send_change("r2", {"a3"}, {"a4"});
  REQUIRE(s.c.run_until([&] { return s.c.config().version == 2; }, 300));
  s.c.crash("r1");
  s.c.cut = nullptr;
  REQUIRE(s.c.run_until([&] { return s.retired(); }, 300));
}

TEST_CASE("two reconfigurations inside one WINDOW come into force one after the other") {
  for (const bool everything : {false, true}) {
    CAPTURE(everything);
    script_settings settings;
    settings.replica.batch_requests = 1;
    site s{settings};
    for (const auto* kind : {"a", "l", "r"})
      for (const auto* n : {"4", "5", "6", "7", "8", "9"})
        s.c.join(std::string{kind} + n);
    const std::vector<role_id> last_nine = {"a7", "a8", "a9", "l7", "l8", "l9", "r7", "r8", "r9"};
    const auto x = s.d.open("x", "r1");
    const auto order = [&](std::uint64_t number, const reconfiguration& r) {
      s.c.send("x", "r1", request{request_kind::reconfigure, x, number, 0, encode(r)});
    };
    order(1, everything ? change_of(1, first_nine, next_nine) : change_of(1, {"a1"}, {"a4"}));
    order(2, everything ? change_of(2, next_nine, last_nine) : change_of(2, {"a2"}, {"a5"}));
    const auto first = decode_reconfiguration_outcome(s.d.answer_to(x, 1)->body);
    const auto second = decode_reconfiguration_outcome(s.d.answer_to(x, 2)->body);
    REQUIRE((first && second));
    CHECK(first->version == 2);
    CHECK(second->version == 3);
    CHECK(second->first_slot > first->first_slot);
    CHECK(second->first_slot < first->first_slot + 16);
    s.finish_change();
    s.switch_off_removed();
    s.works();
  }
}
