// Through the front: PMMC's own commands and WAIT.
#include "front_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc::redis;
using pmmc::redis::test::bench;

TEST_CASE("PMMC REQ executes once, also from another connection, also a transaction") {
  bench b;
  b.open(1);
  b.open(2);
  CHECK(b.run(1, "PMMC REQ 1 INCR n\n").starts_with("-ERR PMMC REQ needs a session"));
  CHECK(b.run(1, "PMMC SESSION s\nPMMC REQ 1 INCR n\nPMMC REQ 2 INCR n\n") ==
        "*2\r\n$3\r\nnew\r\n:0\r\n:1\r\n:2\r\n");
  CHECK(b.run(2, "PMMC SESSION s\nPMMC REQ 2 INCR n\n") == "*2\r\n$7\r\nresumed\r\n:2\r\n:2\r\n");
  CHECK(b.run(1, "MULTI\nINCR n\nPMMC REQ 3 EXEC\n") == "+OK\r\n+QUEUED\r\n*1\r\n:3\r\n");
  CHECK(b.run(2, "MULTI\nINCR n\nPMMC REQ 3 EXEC\n") == "+OK\r\n+QUEUED\r\n*1\r\n:3\r\n");
  CHECK(b.run(2, "GET n\n") == "$1\r\n3\r\n");
}

TEST_CASE("RESET leaves the session of PMMC") {
  bench b;
  b.open(1);
  CHECK(b.run(1, "PMMC SESSION s\nRESET\nPMMC REQ 1 INCR n\nGET n\n")
            .ends_with("+RESET\r\n-ERR PMMC REQ needs a session: send PMMC SESSION and a name of "
                       "your own first\r\n$-1\r\n"));
}

TEST_CASE("PMMC REQ takes the numbers that can be told back") {
  bench b;
  b.open(1);
  b.run(1, "PMMC SESSION s\n");
  for (const auto* number : {"0", "-1", "9223372036854775808", "18446744073709551615", "one"}) {
    CAPTURE(number);
    CHECK(b.run(1, std::string{"PMMC REQ "} + number + " INCR n\n") ==
          "-ERR the number of a PMMC request is an integer from 1 to 9223372036854775807\r\n");
  }
  CHECK(b.run(1, "PMMC REQ 9223372036854775807 INCR n\nPMMC SESSION s\n") ==
        ":1\r\n*2\r\n$7\r\nresumed\r\n:9223372036854775807\r\n");
}

TEST_CASE("the name of a session that the store would refuse is not kept, nor sent") {
  bench b;
  b.open(1);
  b.run(1, "PMMC SESSION s\n");
  for (const auto& name : {std::string(65, 'n'), std::string(60'000, 'n'), std::string("\"\"")}) {
    b.replies.clear();
    b.send(1, "PMMC SESSION " + name + "\n");
    CHECK(b.waiting.empty());
    CHECK(b.replies[1] == "-ERR a session's name must have 1 to 64 bytes\r\n");
  }
  CHECK(b.run(1, "PMMC REQ 1 INCR n\n") == ":1\r\n"); // it is in its session still
}

TEST_CASE("questions are answered in the order of their requests") {
  bench b;
  b.open(1);
  b.send(1, "SET a 1\nWAIT 2 100\nGET a\n");
  CHECK(b.asked.empty());
  b.step();
  REQUIRE(b.asked.size() == 1);
  CHECK(b.waiting.empty());
  CHECK(b.redis.waits_for(b.asked[0].ticket));
  b.redis.answered(b.asked[0].ticket, std::string("\1\3", 2));
  b.look();
  b.step();
  CHECK(b.replies[1] == "+OK\r\n:3\r\n$1\r\n1\r\n");
}

TEST_CASE("PMMC asks in the order of its connection, and RECONFIG hands its words on as they are") {
  bench b;
  b.open(1);
  b.send(1, "PMMC STATUS\npmmc reconfig Add acceptor:a4=h:1 DRYRUN\nPMMC RECONFIG\nPING\n");
  REQUIRE(b.asked.size() == 1);
  CHECK(b.asked[0].kind == question_kind::status);
  b.redis.answered(b.asked[0].ticket, std::string("\2\1x", 3));
  b.look();
  REQUIRE(b.asked.size() == 2);
  CHECK(b.asked[1].kind == question_kind::reconfig);
  CHECK(b.asked[1].words == std::vector<std::string>{"Add", "acceptor:a4=h:1", "DRYRUN"});
  b.redis.answered(b.asked[1].ticket, std::string("\4\5ERR x", 7));
  b.look();
  REQUIRE(b.asked.size() == 3);
  CHECK(b.asked[2].words.empty());
  b.redis.answered(b.asked[2].ticket, std::string("\4\5ERR y", 7));
  b.look();
  CHECK(b.replies[1] == "$1\r\nx\r\n-ERR x\r\n-ERR y\r\n+PONG\r\n");
  b.replies.clear();
  CHECK(b.run(1, "PMMC STATUS now\n").starts_with("-ERR wrong number of arguments"));
  CHECK(b.run(1, "PMMC NONSENSE\n").ends_with("RECONFIG and CLOCK.\r\n"));
  CHECK(b.run(1, "MULTI\nPMMC RECONFIG REMOVE leader:l1\n")
            .ends_with("-ERR Command not allowed inside a transaction\r\n"));
  CHECK(b.asked.size() == 3);
}
