// What the own roles of a process are told of those that it is connected with.
#include "admission_bench.hpp"
#include "membership/connected_processes.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace pmmc::test {

namespace {

/// The process of host1, with a1 and r1; what it orders is written down, a line each.
struct bench {
  admission admits;
  connected_processes others{
      admits, {{role(role_kind::acceptor, "a1"), 1}, {role(role_kind::replica, "r1"), 2}}};

  explicit bench(membership known = three()) : admits(host1(), std::move(known)) {}

  std::vector<std::string> orders() {
    std::vector<std::string> lines;
    for (const auto& order : others.take())
      lines.push_back(std::visit([](const auto& o) { return text_of(o); }, order));
    return lines;
  }

  static std::string own(std::size_t place) { return place == 0 ? "a1" : "r1"; }
  static std::string text_of(const connection_order::tell_up& o) {
    return own(o.own) + ": " + std::to_string(o.handle) + " is at " + o.address +
           (o.process.empty() ? " itself" : "") + (o.is_guest ? " as a guest" : "");
  }
  static std::string text_of(const connection_order::tell_down& o) {
    return own(o.own) + ": " + o.id.str() + " " + o.why;
  }
  static std::string text_of(const connection_order::note_lost& o) {
    return "lost " + o.process + (o.is_replaced ? " for now" : "");
  }
  static std::string text_of(const connection_order::close& o) { return "close " + o.process; }
};

using lines = std::vector<std::string>;

connected_process process_at(const std::string& address, std::vector<reached_role> roles,
                             std::uint64_t incarnation = 1, std::string name = {}) {
  return {name.empty() ? "process of " + address : name, address, incarnation, std::move(roles)};
}

reached_role acceptor_role(const char* id, std::uint64_t handle, const char* disk = "disk") {
  return {role(role_kind::acceptor, id, disk), handle};
}

reached_role replica_role(const char* id, std::uint64_t handle, const char* disk = "disk") {
  return {role(role_kind::replica, id, disk), handle};
}

void beat(bench& b, unsigned times) {
  for (unsigned i = 0; i < times; ++i)
    b.others.beat();
}

/// a2 is a member at host9 from version 2 on, and as long as version 1 is live, at host2, too.
membership with_a2_at_host9(config_version live_from = 2) {
  auto known = three();
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.acceptors[1].address = "host9:1";
  known.configurations.add(next);
  known.live_from = live_from;
  return known;
}

} // namespace

TEST_CASE("connected processes: own roles are told of each other, and of themselves") {
  bench b;
  b.others.begin();
  CHECK(b.orders() == lines{"a1: 1 is at host1:1 itself", "r1: 1 is at host1:1 itself",
                            "a1: 2 is at host1:1 itself", "r1: 2 is at host1:1 itself"});
}

TEST_CASE("connected processes: a member is told of to all, a guest that promises to nobody") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), false);
  CHECK(b.orders() == lines{"a1: 7 is at host2:1", "r1: 7 is at host2:1"});
  CHECK(b.others.is_announced("host2:1"));
  CHECK(b.others.is_reached("a2"));
  b.others.connected("host8:1", process_at("host8:1", {acceptor_role("a9", 8)}), false);
  CHECK(b.orders().empty());
  b.others.connected("host9:1", process_at("host9:1", {replica_role("r9", 9)}), false);
  CHECK(b.orders() == lines{"r1: 9 is at host9:1 as a guest"}); // it has to catch up
}

TEST_CASE("connected processes: who is silent for 600 ms does not count, until it is heard") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), false);
  b.orders();
  beat(b, connected_processes::most_silent_beats);
  CHECK(b.orders().empty());
  beat(b, 1);
  const auto why = "a2 at host2:1 " + std::string{connected_processes::silent};
  CHECK(b.orders() == lines{"lost host2:1", "a1: " + why, "r1: " + why});
  CHECK_FALSE(b.others.is_announced("host2:1"));
  CHECK(b.others.is_connected("host2:1"));
  b.others.heard("host2:1", 2, ours); // of another life of it
  CHECK(b.orders().empty());
  b.others.heard("host2:1", 1, test::others);
  CHECK(b.orders().empty()); // of another cluster, as both know by now
  b.others.heard("host2:1", 1, ours);
  CHECK(b.orders() == lines{"a1: 7 is at host2:1", "r1: 7 is at host2:1"});
}

TEST_CASE("connected processes: what is heard puts off that one is silent") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), false);
  for (int i = 0; i < 5; ++i) {
    beat(b, connected_processes::most_silent_beats);
    b.others.heard("host2:1", 1, ours);
  }
  CHECK(b.others.is_announced("host2:1"));
  beat(b, connected_processes::silent_beats_until_redialled);
  CHECK_FALSE(b.others.is_given_up("host2:1"));
  beat(b, 1);
  CHECK(b.others.is_given_up("host2:1"));
}

TEST_CASE("connected processes: one that was dialled at two spellings is heard at both") {
  bench b;
  for (const auto* address : {"another-name-of-host2:1", "host2:1"})
    b.others.connected(address, process_at(address, {acceptor_role("a2", 7)}, 1, "one process"),
                       false);
  CHECK(b.orders() == lines{"a1: 7 is at host2:1", "r1: 7 is at host2:1"});
  for (const auto* address : {"another-name-of-host2:1", "host2:1"}) {
    beat(b, connected_processes::most_silent_beats);
    b.others.heard(address, 1, ours);
  }
  beat(b, connected_processes::most_silent_beats);
  CHECK(b.orders().empty());
  beat(b, 1);
  CHECK(b.orders().size() == 4); // both are lost, and with the member its acceptor
}

TEST_CASE("connected processes: one that turns out to be of another cluster does not count") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), false);
  b.orders();
  b.others.heard("host2:1", 1, test::others);
  CHECK(b.orders().front() == "lost host2:1");
  CHECK_FALSE(b.others.is_announced("host2:1"));
}

TEST_CASE("connected processes: a connection anew, and the same one with other roles") {
  bench b;
  const auto both = process_at("host2:1", {acceptor_role("a2", 7), replica_role("r2", 8)});
  b.others.connected("host2:1", both, false);
  b.orders();
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), true);
  const std::string left = "r2 at host2:1 is not named there any more";
  CHECK(b.orders() ==
        lines{"a1: " + left, "r1: " + left, "a1: 7 is at host2:1", "r1: 7 is at host2:1"});
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 17)}, 2), false);
  const std::string anew = "a2 at host2:1 connected anew";
  CHECK(b.orders() == lines{"lost host2:1 for now", "a1: " + anew, "r1: " + anew,
                            "a1: 17 is at host2:1", "r1: 17 is at host2:1"});
}

TEST_CASE("connected processes: another actor under the same id is another role") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), false);
  b.orders();
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 8)}), true);
  const std::string left = "a2 at host2:1 is not named there any more";
  const auto orders = b.orders();
  REQUIRE(orders.size() >= 4);
  CHECK(lines{orders.begin(), orders.begin() + 2} == lines{"a1: " + left, "r1: " + left});
  for (auto at = orders.begin() + 2; at != orders.end(); ++at)
    CHECK(contains(*at, ": 8 is at host2:1"));
}

TEST_CASE("connected processes: a guest with a member's id is not told of while that one runs") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {replica_role("r2", 7)}), false);
  b.orders();
  b.others.connected("host9:1", process_at("host9:1", {replica_role("r2", 8, "other")}), false);
  CHECK(b.orders().empty());
  b.others.disconnected("host2:1", "has closed the connection");
  const std::string gone = "r2 at host2:1 has closed the connection";
  CHECK(b.orders() == lines{"lost host2:1", "a1: " + gone, "r1: " + gone,
                            "r1: 8 is at host9:1 as a guest"}); // in its place
  // What the member leaves when it goes is not what the guest leaves.
  b.others.connected("host2:1", process_at("host2:1", {replica_role("r2", 9)}), false);
  CHECK(b.orders() == lines{"a1: 9 is at host2:1", "r1: 9 is at host2:1"});
  b.others.disconnected("host9:1", "has closed the connection");
  CHECK(b.orders() == lines{"lost host9:1"});
}

TEST_CASE("connected processes: a copy that was let in while the member was away is left") {
  bench b;
  b.others.connected("host9:1", process_at("host9:1", {replica_role("r2", 8)}), false);
  b.orders();
  SUBCASE("as the member comes") {
    b.others.connected("host2:1", process_at("host2:1", {replica_role("r2", 7)}), false);
    CHECK(b.orders().front() == "close host9:1");
  }
  SUBCASE("not if the member has another disk") {
    b.others.connected("host2:1", process_at("host2:1", {replica_role("r2", 7, "other")}), false);
    CHECK(b.orders() == lines{"a1: 7 is at host2:1", "r1: 7 is at host2:1"});
  }
  SUBCASE("not if it is the same process, at another name of the address") {
    b.others.connected(
        "host2:1", process_at("host2:1", {replica_role("r2", 8)}, 1, "process of host9:1"), false);
    CHECK(b.orders() == lines{"a1: 8 is at host2:1", "r1: 8 is at host2:1"});
  }
}

TEST_CASE("connected processes: a copy that was let in while the member was silent is left") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {replica_role("r2", 7)}), false);
  beat(b, connected_processes::most_silent_beats + 1);
  b.others.connected("host9:1", process_at("host9:1", {replica_role("r2", 8)}), false);
  b.orders();
  b.others.heard("host2:1", 1, ours);
  CHECK(b.orders().front() == "close host9:1");
}

TEST_CASE("connected processes: where a member has moved from it does not count any more") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), false);
  b.orders();
  const auto left = b.admits.left_places();
  REQUIRE(b.admits.learn(with_a2_at_host9()));
  b.others.learned(left);
  const std::string moved = "a2 at host2:1 has moved to host9:1";
  CHECK(b.orders() == lines{"a1: " + moved, "r1: " + moved});
  b.others.connected("host9:1", process_at("host9:1", {acceptor_role("a2", 8)}), false);
  CHECK(b.orders() == lines{"close host2:1", "a1: 8 is at host9:1", "r1: 8 is at host9:1"});
  b.others.disconnected("host2:1", "has closed the connection");
  CHECK(b.orders() == lines{"lost host2:1"}); // a2 is elsewhere
}

TEST_CASE("connected processes: while a member moves, its new place is met when the former goes") {
  bench b{with_a2_at_host9(1)};
  const auto former = process_at("host2:1", {acceptor_role("a2", 7), replica_role("r2", 6)});
  b.others.connected("host2:1", former, false);
  b.others.connected("host9:1", process_at("host9:1", {acceptor_role("a2", 8, "moved")}), false);
  b.orders();
  SUBCASE("with its connection") { b.others.disconnected("host2:1", "has closed the connection"); }
  SUBCASE("as it is not named there any more") {
    b.others.connected("host2:1", process_at("host2:1", {replica_role("r2", 6)}), true);
  }
  const auto orders = b.orders();
  CHECK(std::count(orders.begin(), orders.end(), "a1: 8 is at host9:1") == 1);
  for (const auto& line : orders)
    CHECK_FALSE(contains(line, ": a2 "));
}

TEST_CASE("connected processes: a copy that came while the member was not named is left") {
  bench b;
  const auto both = process_at("host2:1", {acceptor_role("a2", 7), replica_role("r2", 6)});
  b.others.connected("host2:1", both, false);
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), true);
  b.others.connected("host9:1", process_at("host9:1", {replica_role("r2", 8)}), false);
  b.orders();
  b.others.connected("host2:1", both, true);
  CHECK(b.orders().front() == "close host9:1");
}

TEST_CASE("connected processes: an own role that is a member elsewhere does not count here") {
  auto known = three();
  bench b{known};
  b.others.begin();
  b.orders();
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.acceptors[0].address = "host9:1";
  known.configurations.add(next);
  known.live_from = 2;
  const auto left = b.admits.left_places();
  REQUIRE(b.admits.learn(known));
  b.others.learned(left);
  const std::string moved = "a1 at host1:1 has moved to host9:1";
  CHECK(b.orders() == lines{"a1: " + moved, "r1: " + moved});
  CHECK_FALSE(b.others.is_reached("a1"));
  b.others.learned(b.admits.left_places()); // something else
  CHECK(b.orders().empty());
  b.others.begin();
  CHECK(b.orders() == lines{"a1: 2 is at host1:1 itself", "r1: 2 is at host1:1 itself",
                            "a1: " + moved, "r1: " + moved});
}

TEST_CASE("connected processes: an own role that is made a member is no guest any more") {
  auto others = make_config();
  for (auto* members : {&others.acceptors, &others.leaders, &others.replicas})
    members->erase(members->begin());
  membership known{config_history{others}, 1, ours};
  bench b{known};
  b.others.begin();
  CHECK(b.orders() ==
        lines{"a1: 1 is at host1:1 itself as a guest", "r1: 1 is at host1:1 itself as a guest",
              "a1: 2 is at host1:1 itself as a guest", "r1: 2 is at host1:1 itself as a guest"});
  b.others.learned(b.admits.left_places()); // something else
  CHECK(b.orders().empty());
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  known.configurations.add(next);
  const auto left = b.admits.left_places();
  REQUIRE(b.admits.learn(known));
  b.others.learned(left);
  CHECK(b.orders() == lines{"a1: 1 is at host1:1 itself", "r1: 1 is at host1:1 itself",
                            "a1: 2 is at host1:1 itself", "r1: 2 is at host1:1 itself"});
  b.others.learned(b.admits.left_places());
  CHECK(b.orders().empty());
}

TEST_CASE("connected processes: a member that nobody reaches is told of, and a moved one not") {
  bench b;
  b.others.unreachable("host3:1", "cannot be reached");
  CHECK(b.orders().front() == "a1: a3 at host3:1 cannot be reached");
  b.others.unreachable("contact:1", "cannot be reached"); // of no member
  CHECK(b.orders().empty());
  REQUIRE(b.admits.learn(with_a2_at_host9()));
  b.others.connected("host9:1", process_at("host9:1", {acceptor_role("a2", 8)}), false);
  b.orders();
  b.others.unreachable("host2:1", "cannot be reached");
  for (const auto& line : b.orders())
    CHECK_FALSE(contains(line, ": a2 "));
}

TEST_CASE("connected processes: a client leaves a replica that is no member any more") {
  admission client{{"test", "", {{"c1", role_kind::client, {}}}, {"host1:1"}, "test.conf", {}},
                   three()};
  connected_processes others{client, {{{"c1", role_kind::client, {}}, 1}}};
  others.connected("host2:1", process_at("host2:1", {replica_role("r2", 7)}), false);
  REQUIRE(others.take().size() == 1);
  REQUIRE(client.learn(without_r2("disk")));
  others.learned({});
  const auto orders = others.take();
  const auto* down = std::get_if<connection_order::tell_down>(&orders.back());
  REQUIRE(down != nullptr);
  CHECK(down->id == "r2");
  CHECK(down->why == "at host2:1 is no member any more since version 2");
}

TEST_CASE("connected processes: a client hears only of those that serve it that they are gone") {
  admission client{{"test", "", {{"c1", role_kind::client, {}}}, {"host1:1"}, "test.conf", {}},
                   three()};
  connected_processes others{client, {{{"c1", role_kind::client, {}}, 1}}};
  others.connected("host2:1",
                   process_at("host2:1", {acceptor_role("a2", 7), replica_role("r2", 8)}), false);
  others.take();
  others.disconnected("host2:1", "is gone");
  std::vector<role_id> gone;
  for (const auto& order : others.take())
    if (const auto* down = std::get_if<connection_order::tell_down>(&order))
      gone.push_back(down->id);
  CHECK(gone == std::vector<role_id>{"r2"});
}

TEST_CASE("connected processes: who counts is listed, but for who asks") {
  bench b;
  b.others.connected("host2:1", process_at("host2:1", {acceptor_role("a2", 7)}), false);
  b.others.connected("client", {"a client", "", 1, {{{"c1", role_kind::client, {}}, 5}}}, false);
  CHECK(b.others.addresses() == std::set<std::string>{"host2:1"});
  CHECK(b.others.clients() == 1);
  REQUIRE(b.others.running("a client").size() == 1);
  CHECK(b.others.running("a client").front().id == "a2");
  CHECK(b.others.running("process of host2:1").size() == 1);
  b.others.started_again("host2:1");
  CHECK(b.others.running("a client").empty());
}

} // namespace pmmc::test
