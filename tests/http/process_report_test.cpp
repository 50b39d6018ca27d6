#include "reports.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

TEST_CASE("health: a process whose roles answer is healthy and ready") {
  CHECK(unhealthy_because(whole_process()).empty());
  CHECK(not_ready_because(whole_process()).empty());
}

TEST_CASE("health: a role that does not answer makes the process unhealthy, by name") {
  auto p = whole_process();
  p.roles[0].answered = false;
  CHECK(unhealthy_because(p) ==
        "acceptor a1 did not answer within 900 ms: it is overloaded, or waits for its disk; its "
        "log may say more");
  CHECK(not_ready_because(p) == unhealthy_because(p));
}

TEST_CASE("health: a replica's trouble and a node that is silent are told together") {
  auto p = whole_process();
  replica_of(p).now.trouble = "no quorum: 1 of 3";
  p.node_answered = false;
  CHECK(unhealthy_because(p) == "replica r1: no quorum: 1 of 3; the process's node did not answer "
                                "within 900 ms: the process is overloaded");
}

TEST_CASE("health: what a role that is silent now told before does not count") {
  auto p = whole_process();
  replica_of(p).now.trouble = "old news";
  p.roles[2].answered = false;
  CHECK(unhealthy_because(p).find("old news") == std::string::npos);
  CHECK(unhealthy_because(p).find("replica r1 did not answer") == 0);
}

TEST_CASE("ready: a replica may lag by WINDOW, not by more") {
  auto p = whole_process();
  replica_of(p).now.window = 8;
  replica_of(p).now.lag = 8;
  CHECK(not_ready_because(p).empty());
  replica_of(p).now.lag = 9;
  CHECK(not_ready_because(p) == "replica r1 is 9 slots behind (ready at 8)");
  CHECK(unhealthy_because(p).empty());
}

TEST_CASE("ready: not before a replica is a member, which makes it no less healthy") {
  auto p = whole_process();
  replica_of(p).now.is_member = false;
  CHECK(unhealthy_because(p).empty());
  CHECK(not_ready_because(p).find("replica r1 is no member of the cluster's configuration") == 0);
}

TEST_CASE("ready: not while a snapshot is fetched") {
  auto p = whole_process();
  replica_of(p).now.fetching_snapshot = true;
  CHECK(not_ready_because(p) == "replica r1 fetches a snapshot from another replica");
}

TEST_CASE("health: a server is as healthy as what it serves, and ready when it has caught up") {
  auto p = server_process();
  CHECK(unhealthy_because(p).empty());
  CHECK(not_ready_because(p).empty());
  server_of(p).service.now.fetching_snapshot = true;
  CHECK(unhealthy_because(p).empty());
  CHECK(not_ready_because(p) == "server s1 fetches a snapshot from another server");
  server_of(p).service.now.trouble = "no quorum: 1 of 3 servers are heard";
  CHECK(unhealthy_because(p) == "server s1: no quorum: 1 of 3 servers are heard");
}
