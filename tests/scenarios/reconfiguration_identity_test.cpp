// Who is who: an id outlives an address, and a replica's id outlives its disk
// (docs/RECONFIGURATION.md, "Rules").
#include "scenarios/site.hpp"

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::vector<role_id> roles_of(const std::string& number) {
  return {"a" + number, "l" + number, "r" + number};
}

/// Takes the members away and adds them again under the same ids.
reconfiguration move_to(const std::string& address, config_version replaces,
                        const std::vector<role_id>& who) {
  auto r = change_of(replaces, who, who);
  for (auto& a : r.add)
    a.who.address = address;
  return r;
}

std::string number_of(const role_id& id) { return std::string{id.view().substr(1)}; }

} // namespace

TEST_CASE("a replica that lost its disk comes back under a new id, or under its own") {
  for (const auto* back : {"r4", "r3"}) {
    CAPTURE(back);
    script_settings settings;
    settings.replica.snapshot_log_bytes = 1;
    settings.replica.kept_decisions_bytes = 0;
    site s{settings};
    for (int n = 0; n < 5; ++n)
      s.write("r1");
    s.c.run(100);
    s.c.wipe("r3");
    const auto fetched = s.c.snapshots_fetched();
    s.change("r1", {"r3"}, {back});
    s.finish_change();
    CHECK(s.c.config().find(role_kind::replica, back)->disk == "disk-" + std::string{back});
    s.read(back);
    CHECK(s.c.snapshots_fetched() > fetched);
    s.works();
    s.c.crash("r1"); // it is one of the f + 1 now
    const auto watermark = s.c.replica_at("r2").watermark();
    s.write(back);
    s.write("r2");
    REQUIRE(s.c.run_until([&] { return s.c.replica_at("r2").watermark() > watermark; }, 200));
  }
}

TEST_CASE("a process moves to another address with its votes, ballots and state") {
  for (const bool leads : {true, false}) {
    CAPTURE(leads);
    script_settings settings;
    settings.together = true;
    site s{settings};
    for (int n = 0; n < 5; ++n)
      s.write("r1");
    const auto active = number_of(s.c.active_leaders()[0]);
    const auto number = leads ? active : std::string{active == "1" ? "2" : "1"};
    const auto moved = roles_of(number);
    const role_id stays = number == "3" ? "r2" : "r3";
    const auto promised = s.c.acceptor_at(moved[0]).state().by_version.at(1);
    s.c.crash(moved[0]);
    s.c.run(20);
    s.order(stays, move_to("host9:1", 1, moved));
    REQUIRE(s.outcome().status == reconfiguration_status::accepted);
    s.c.move(moved[0], "host9:1");
    s.c.restart(moved[0]);
    s.finish_change();
    for (const auto& id : moved)
      CHECK(s.c.config().address_of(id) == "host9:1");
    CHECK(s.c.config().acceptors.size() == 3);
    const auto& votes = s.c.acceptor_at(moved[0]).state().by_version;
    CHECK(votes.at(1).ballot >= promised.ballot);
    s.c.run(200); // until all have met it there
    s.works();
    CHECK(votes.contains(2));
    // It leads there, too, and the replica beside it proposes.
    s.c.cut = [&](const role_id& from, const role_id& to) {
      const auto is_other = [&](const role_id& id) {
        return kind_of(id) == role_kind::leader && id != moved[1];
      };
      return is_other(from) || is_other(to);
    };
    REQUIRE(s.c.run_until([&] { return s.c.active_leaders() == std::vector<role_id>{moved[1]}; },
                          1'000));
    s.write(stays);
  }
}

TEST_CASE("an acceptor or leader does not come back under its id with another disk") {
  site s;
  const std::vector<role_id> pair = {"a1", "l1"};
  s.order("r2", change_of(1, pair, pair)); // from now on its disk is known
  REQUIRE(s.outcome().status == reconfiguration_status::accepted);
  s.finish_change();
  for (const auto& id : pair) {
    auto elsewhere = move_to("host8:1", 2, {id});
    elsewhere.add[0].who.disk = "another disk";
    s.order("r2", elsewhere);
    const auto o = s.outcome();
    CHECK(o.status == reconfiguration_status::refused);
    CHECK(o.text.find("with another disk") != std::string::npos);
  }
  s.change("r2", pair, {}); // nor when it has been away
  s.finish_change();
  auto r = change_of(3, {}, {"a1"});
  r.add[0].who.disk = "another disk";
  s.order("r2", r);
  CHECK(s.outcome().status == reconfiguration_status::refused);
  CHECK(s.c.config().version == 3);
  s.works();
}
