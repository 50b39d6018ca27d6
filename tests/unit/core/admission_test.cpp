// Who is let in, and as what: one rule a row.
#include "unit/core/admission_bench.hpp"

#include <doctest/doctest.h>
#include <functional>

namespace pmmc::test {

namespace {

std::set<std::string> strangers(std::size_t count) {
  std::set<std::string> addresses;
  for (std::size_t i = 0; i < count; ++i)
    addresses.insert("stranger" + std::to_string(i) + ":1");
  return addresses;
}

struct row {
  std::string_view what;
  std::function<void(introduction&)> change; ///< of what a2's process says
  std::string_view refusal;                  ///< a part of it; "" if it is let in
  membership known = three();                ///< by the one that is dialled
  std::set<std::string> connected = {};
  bool was_removed = false;
};

} // namespace

TEST_CASE("admission: who dials is let in, or refused with the reason") {
  const auto client = [](introduction& m) {
    m = {"test", "", {{"c1", role_kind::client, {}}}, 0, 0, false, {}};
  };
  const auto same = [](introduction&) {};
  const std::vector<row> rows = {
      {"a member", same, ""},
      {"a client", client, ""},
      {"another cluster's name", [](introduction& m) { m.cluster = "other"; },
       "it belongs to cluster \"other\", and this is \"test\""},
      {"another identity", [](introduction& m) { m.identity = others; },
       "it belongs to the cluster with identity 0000000000002222, and this is 0000000000001111"},
      {"one that does not know its identity", [](introduction& m) { m.identity = 0; }, ""},
      {"an identity, and nobody here knows ours", same, "", three(0)},
      {"the same from an address that nothing here names",
       [](introduction& m) { m.address = "host9:1"; },
       "neither its disk nor its config file names host9:1", three(0)},
      {"the same from one that the config file names",
       [](introduction& m) { m.address = "contact:1"; }, "", three(0)},
      {"a client of another identity",
       [&](introduction& m) {
         client(m);
         m.identity = others;
       },
       "it belongs to the cluster with identity"},
      {"a client with the id of a member",
       [&](introduction& m) {
         client(m);
         m.roles[0].id = "l2";
       },
       "a client must not have the id of a member, l2"},
      {"no address", [](introduction& m) { m.address.clear(); },
       "it does not say where it listens"},
      {"no members", [](introduction& m) { m.version = 0; },
       "it does not say which members it knows"},
      {"an old config file: removed",
       same,
       "a2 was removed from the cluster in version 2",
       without_a2(),
       {},
       true},
      {"removed, and it knows as much",
       [](introduction& m) { m.version = 2; },
       "a2 was removed from the cluster in version 2",
       without_a2(),
       {},
       true},
      {"a replica that was removed",
       [](introduction& m) { m.roles = {role(role_kind::replica, "r2", "disk of r2")}; },
       "r2 was removed from the cluster in version 2",
       without_r2("disk of r2"),
       {},
       true},
      {"a replica that was removed, on a disk that nobody knew",
       [](introduction& m) { m.roles = {role(role_kind::replica, "r2", "disk of r2")}; },
       "r2 was removed from the cluster in version 2",
       without_r2(""),
       {},
       true},
      {"a replica with the name of one that was removed, on another disk",
       [](introduction& m) { m.roles = {role(role_kind::replica, "r2", "another disk")}; }, "",
       without_r2("disk of r2")},
      {"removed, and it says that it knows", [](introduction& m) { m.rejoins = true; }, "",
       without_a2()},
      {"removed as this one knows, and it knows more", [](introduction& m) { m.version = 3; }, "",
       without_a2()},
      {"removed, and it has moved", [](introduction& m) { m.address = "host9:1"; }, "",
       without_a2()},
      {"one of two roles was removed",
       [](introduction& m) { m.roles.push_back(role(role_kind::leader, "l2")); }, "", without_a2()},
      {"a stranger, and there is room", [](introduction& m) { m.address = "host9:1"; }, "", three(),
       strangers(admission::max_guests - 1)},
      {"a stranger too many", [](introduction& m) { m.address = "host9:1"; },
       "as many processes as may be are connected that are no members: 32", three(),
       strangers(admission::max_guests)},
      {"a stranger that is connected already", [](introduction& m) { m.address = "stranger1:1"; },
       "", three(), strangers(admission::max_guests)},
      {"a member among strangers", same, "", three(), strangers(admission::max_guests)},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    auto said = a2_says();
    r.change(said);
    admission here{host1(), r.known};
    const auto answer = here.answer(said, r.connected);
    CHECK(answer.refusal.empty() == r.refusal.empty());
    CHECK_MESSAGE(contains(answer.refusal, r.refusal), answer.refusal);
    CHECK(answer.was_removed == r.was_removed);
    CHECK(answer.roles.empty() != r.refusal.empty()); // who is refused hears of no roles
    CHECK(answer.known == r.known);                   // but of what is known
  }
}

TEST_CASE("admission: a refusal does not say all that others have said") {
  auto said = a2_says();
  said.facts.machine.assign(2 * max_said_bytes, 'x');
  admission here{host1(), three()};
  const auto answer = here.answer(said, {});
  CHECK(answer.refusal.starts_with("its state machine is xxx"));
  CHECK(answer.refusal.size() == max_said_bytes);
}

TEST_CASE("admission: both processes say where they listen, and which start of them this is") {
  auto own = host1();
  own.incarnation = 7;
  admission here{own, without_a2()};
  const auto said = here.introduce();
  CHECK(said.address == "host1:1");
  CHECK(said.incarnation == 7);
  for (const auto& reply : {here.answer(a2_says(), {}), here.refuse("for no reason")}) {
    CHECK(reply.address == "host1:1");
    CHECK(reply.incarnation == 7);
  }
  const auto beat = here.next_heartbeat(1234);
  CHECK(beat.incarnation == 7);
  CHECK(beat.version == 2);
  CHECK(beat.live_from == 2);
  CHECK(beat.identity == ours);
  CHECK(beat.wall_ms == 1234);
}

TEST_CASE("admission: a member is made known to the own roles, of guests only a replica, to "
          "replicas") {
  const admission here{host1(), three()};
  struct made_known {
    role_kind kind;
    role_id id;
    std::string address;
    role_kind own;
    bool is;
  };
  const std::vector<made_known> rows = {
      {role_kind::acceptor, "a2", "host2:1", role_kind::acceptor, true},
      {role_kind::replica, "r2", "host2:1", role_kind::acceptor, true},
      {role_kind::client, "c1", "", role_kind::replica, true},
      {role_kind::acceptor, "a2", "host3:1", role_kind::replica, false}, // swapped addresses
      {role_kind::leader, "l9", "host9:1", role_kind::replica, false},
      {role_kind::replica, "r9", "host9:1", role_kind::acceptor, false},
      {role_kind::replica, "r9", "host9:1", role_kind::replica, true},
      {role_kind::leader, "a2", "host2:1", role_kind::leader, false}, // another kind
  };
  for (const auto& r : rows) {
    CAPTURE(r.id.str() + " at " + r.address);
    CHECK(here.is_made_known(r.kind, r.id, r.address, r.own) == r.is);
  }
  CHECK_FALSE(here.is_guest_itself());
  auto own = host1();
  own.address = "host9:1";
  CHECK(admission{own, three()}.is_guest_itself());
}

TEST_CASE("admission: the own process is the former place of an acceptor that moved from it") {
  const auto moved = [](role_kind kind, std::size_t which, config_version live_from) {
    auto next = three().configurations.latest();
    next.version = 2;
    next.first_slot = 9;
    auto& members = kind == role_kind::acceptor ? next.acceptors
                    : kind == role_kind::leader ? next.leaders
                                                : next.replicas;
    members[which].address = "host9:1";
    auto known = three();
    known.configurations.add(next);
    known.live_from = live_from;
    return known;
  };
  struct place {
    role_kind kind;
    std::string id;
    config_version live_from;
    std::string address; ///< of the own process
    bool is_former;
  };
  const std::vector<place> rows = {
      {role_kind::acceptor, "a1", 2, "host1:1", true},
      {role_kind::leader, "l1", 2, "host1:1", true},
      {role_kind::replica, "r1", 2, "host1:1", false},
      {role_kind::acceptor, "a1", 1, "host1:1", false}, // earlier slots are to be finished
      {role_kind::acceptor, "a1", 2, "host9:1", false}, // where it is now
      {role_kind::acceptor, "a1", 2, "host8:1", false}, // where it may be one day
  };
  for (const auto& r : rows) {
    CAPTURE(r.id + " at " + r.address);
    auto own = host1();
    own.address = r.address;
    own.roles = {role(r.kind, r.id)};
    const auto known = moved(r.kind, 0, r.live_from);
    CHECK(admission{own, known}.has_left(r.id) == r.is_former);
    admission here{own, three()};
    CHECK(here.left_places().empty());
    CHECK(here.learn(known));
    CHECK(here.has_left(r.id) == r.is_former);
  }
}

TEST_CASE("admission: the log's identity holds, whatever others have told") {
  admission here{host1(), three()};
  CHECK(here.why_log_differs(three()).empty());
  CHECK(here.why_log_differs(three(0)).empty());
  CHECK(contains(here.why_log_differs(three(others)),
                 "the log is that of the cluster with identity 0000000000002222"));
  CHECK_FALSE(here.learn(three(others)));
  CHECK_FALSE(here.learn(membership{}));
}

TEST_CASE("admission: who knows less is told") {
  const admission here{host1(), without_a2()};
  CHECK_FALSE(here.knows_more_than(2, 2, ours));
  CHECK(here.knows_more_than(1, 2, ours));
  CHECK(here.knows_more_than(2, 1, ours));
  CHECK(here.knows_more_than(2, 2, 0));
  CHECK_FALSE(here.knows_more_than(3, 3, ours));
}

} // namespace pmmc::test
