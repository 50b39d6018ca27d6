#include "front_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc::redis;
using pmmc::outcome_kind;
using pmmc::redis::test::bench;

TEST_CASE("a pipeline becomes one operation, and its replies keep their order") {
  bench b;
  b.open(1);
  b.send(1, "SET a 1\nGET a\nPING\nNONSENSE\nINCR a\nGET b\n");
  REQUIRE(b.waiting.size() == 1);
  CHECK(!b.waiting[0].is_query);
  CHECK(b.replies[1].empty());
  b.step();
  CHECK(b.replies[1] == "+OK\r\n$1\r\n1\r\n+PONG\r\n-ERR unknown command 'NONSENSE', with args "
                        "beginning with: \r\n:2\r\n$-1\r\n");
}

TEST_CASE("reads alone are a query") {
  bench b;
  b.open(1);
  b.send(1, "GET a\nMGET a b\n");
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.waiting[0].is_query);
}

TEST_CASE("a read never overtakes a write of its connection, nor a write a read") {
  bench b;
  b.open(1);
  b.send(1, "SET a 1\n");
  b.send(1, "GET a\n");
  REQUIRE(b.waiting.size() == 1);
  b.step();
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.waiting[0].is_query);
  b.send(1, "SET a 2\n");
  CHECK(b.waiting.size() == 1);
  b.step();
  b.step();
  CHECK(b.replies[1] == "+OK\r\n$1\r\n1\r\n+OK\r\n");
}

TEST_CASE("several writes of a connection are in flight, and answered in their order") {
  bench b;
  b.open(1);
  for (const auto* line : {"SET a 1\n", "INCR a\n", "DEL b\n", "PING\n", "SET c 1\n"})
    b.send(1, line);
  REQUIRE(b.waiting.size() >= 3);
  std::swap(b.waiting[0], b.waiting[1]); // the answers come in another order
  b.finish(outcome_kind::done, std::string("\0\1\1\2", 4));
  CHECK(b.replies[1].empty());
  b.finish(outcome_kind::done, std::string("\0\1\3\2OK", 6));
  CHECK(b.replies[1] == "+OK\r\n:2\r\n");
  while (!b.waiting.empty())
    b.step();
  CHECK(b.replies[1] == "+OK\r\n:2\r\n:0\r\n+PONG\r\n+OK\r\n");
}

TEST_CASE("a read behind a write that is under way goes through the log, as that did") {
  bench b;
  b.open(1);
  b.send(1, "SET a 1\n");
  b.send(1, "EXISTS a\n");
  b.send(1, "STRLEN a\n");
  REQUIRE(b.waiting.size() == 3);
  for (const auto& s : b.waiting)
    CHECK(!s.is_query);
  while (!b.waiting.empty())
    b.step();
  CHECK(b.replies[1] == "+OK\r\n:1\r\n:1\r\n");
  b.send(1, "EXISTS a\n"); // nothing is under way
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.waiting[0].is_query);
}

TEST_CASE("connections do not wait for each other") {
  bench b;
  b.open(1);
  b.open(2);
  b.send(1, "SET a 1\n");
  b.send(2, "SET b 1\n");
  CHECK(b.waiting.size() == 2);
}

TEST_CASE("a slow reader is not served further, until it has read") {
  front::settings options;
  options.max_unsent_bytes = 1'000;
  bench b{options};
  b.open(1);
  b.run(1, "SET big " + std::string(2'000, 'x') + "\n");
  b.run(1, "GET big\n");
  b.send(1, "GET big\n");
  b.send(1, "PING\n");
  CHECK(b.waiting.empty());
  b.drained(1);
  b.look();
  CHECK(b.waiting.size() == 1);
}

TEST_CASE("large replies go out in parts, each when the one before was read") {
  bench b;
  b.open(1);
  const std::string value(pmmc::kv::max_value_bytes, 'x');
  pmmc::kv::transaction t;
  t.calls = {{pmmc::kv::verb::set, 0, 0, {"k", value}}};
  b.store.apply(encode(t));
  b.send(1, "GET k\nGET k\nGET k\nPING\n");
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(b.waiting.size() == 1);
    if (i == 1)
      b.step(); // with little room: it is not known yet that it is large
    b.step();
    CHECK(b.replies[1].size() / value.size() == static_cast<std::size_t>(i));
    CHECK(b.waiting.empty());
    b.drained(1);
    b.look();
  }
  CHECK(b.replies[1].ends_with("+PONG\r\n"));
}

TEST_CASE("EXEC is one operation, and its array has everything in its place") {
  bench b;
  b.open(1);
  b.send(1, "MULTI\nSET a x\nINCR a\nPING\nSET a 1 EX nonsense\nGET nope\nEXEC\nPING\n");
  REQUIRE(b.waiting.size() == 1);
  b.step();
  std::string queued;
  for (int i = 0; i < 5; ++i)
    queued += "+QUEUED\r\n";
  CHECK(b.replies[1] == "+OK\r\n" + queued +
                            "*5\r\n+OK\r\n-ERR value is not an integer or out of range\r\n+PONG\r\n"
                            "-ERR value is not an integer or out of range\r\n$-1\r\n+PONG\r\n");
}

TEST_CASE("a transaction with a command that was refused is not executed") {
  bench b;
  b.open(1);
  CHECK(b.run(1, "MULTI\nSET a\nSET a 1\nEXEC\nGET a\n")
            .ends_with("-EXECABORT Transaction discarded because of previous errors.\r\n$-1\r\n"));
  CHECK(b.run(1, "EXEC\n") == "-ERR EXEC without MULTI\r\n");
}

TEST_CASE("WATCH: what follows waits for the versions, and a change makes EXEC nil") {
  bench b;
  b.open(1);
  b.open(2);
  b.send(1, "WATCH a\nMULTI\nSET b 1\nEXEC\n");
  REQUIRE(b.waiting.size() == 1);
  b.step();
  REQUIRE(b.waiting.size() == 1);
  const auto exec = b.waiting;
  b.waiting.clear();
  b.run(2, "SET a 1\n");
  b.waiting = exec;
  b.step();
  CHECK(b.replies[1] == "+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
  CHECK(b.run(1, "WATCH a\nUNWATCH\nMULTI\nEXEC\n") == "+OK\r\n+OK\r\n+OK\r\n*0\r\n");
}

TEST_CASE("failures have Redis's prefixes, and one reply for each request") {
  bench b;
  b.open(1);
  b.send(1, "SET a 1\nPING\nSET b 1\n");
  b.finish(outcome_kind::not_executed, "no quorum: 1 of 3 acceptors are heard");
  CHECK(b.replies[1] ==
        "-CLUSTERDOWN not executed: no quorum: 1 of 3 acceptors are heard\r\n+PONG\r\n"
        "-CLUSTERDOWN not executed: no quorum: 1 of 3 acceptors are heard\r\n");
  b.replies.clear();
  b.send(1, "MULTI\nSET a 1\nSET b 1\nEXEC\n");
  b.finish(outcome_kind::unknown, "why");
  CHECK(b.replies[1] == "+OK\r\n+QUEUED\r\n+QUEUED\r\n-CLUSTERDOWN it is not known whether this "
                        "was executed: why\r\n");
  b.replies.clear();
  b.send(1, "SET a 1\n");
  b.finish(outcome_kind::not_executed, "why", true);
  CHECK(b.replies[1] == "-BUSY not executed: why\r\n");
}

TEST_CASE("a read of a key that is due goes through the log, and does not see it") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.pass(100);
  b.send(1, "GET a\n");
  REQUIRE(b.waiting[0].is_query);
  b.step();
  REQUIRE(b.waiting.size() == 1);
  CHECK(!b.waiting[0].is_query);
  b.step();
  CHECK(b.replies[1] == "+OK\r\n$-1\r\n");
}

TEST_CASE("keys that are due expire without anybody's asking") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.redis.expire_keys();
  b.look();
  b.step();
  CHECK(b.waiting.empty());
  b.pass(100);
  b.redis.expire_keys();
  b.look();
  b.step();
  b.step();
  CHECK(b.store.size() == 0);
}

TEST_CASE("keys that are due are asked for once at a time, and again when that has failed") {
  bench b;
  const auto ask = [&] {
    b.redis.expire_keys();
    b.look();
    return b.waiting.size();
  };
  CHECK(ask() == 1);
  CHECK(ask() == 1); // a replica that does not answer is not asked more and more
  b.finish(outcome_kind::not_executed, "no quorum");
  CHECK(b.waiting.empty());
  CHECK(ask() == 1);
}

TEST_CASE("a port that does not know the time moves none, and works all the same") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.redis.set_clock(b.now += 400LL * 86'400'000); // the wall clock alone is not asked
  b.redis.set_log_clock(std::nullopt);
  b.redis.expire_keys();
  b.look();
  b.step();
  CHECK(b.waiting.empty());
  CHECK(b.run(1, "GET a\nPTTL a\nSET b 1 PX 50\nPTTL b\n") == "$1\r\n1\r\n:100\r\n+OK\r\n:50\r\n");
  CHECK(b.run(1, "PMMC CLOCK SET NOW\n").starts_with("-TRYAGAIN not executed"));
}

TEST_CASE("a clock that goes back between a read and its retry is no endless loop") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.pass(100);
  b.send(1, "GET a\n");
  b.pass(-50);
  b.step();
  b.step();
  CHECK(b.waiting.empty());
  CHECK(b.replies[1] == "+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("the log time is shown, and set back by an administrator only") {
  bench b;
  b.open(1);
  CHECK(!b.redis.log_time());
  const auto right = b.now;
  const auto days_400 = 400LL * 86'400'000;
  b.pass(days_400);
  b.run(1, "SET a 1 PX 100\n");
  CHECK(b.run(1, "PMMC CLOCK\n") == ":" + std::to_string(right + days_400) + "\r\n");
  b.redis.expire_keys();
  b.look();
  b.step();
  CHECK(b.redis.log_time() == static_cast<pmmc::kv::log_time>(right + days_400));
  b.now = right + 5;
  b.set_clock();
  CHECK(b.run(1, "SET b 1 PX 100\nPMMC CLOCK\n") ==
        "+OK\r\n:" + std::to_string(right + days_400) + "\r\n");
  CHECK(b.run(1, "PMMC CLOCK SET NOW\n") == "*2\r\n:" + std::to_string(right + days_400) +
                                                "\r\n:" + std::to_string(right + 5) + "\r\n");
  CHECK(b.run(1, "pmmc clock set 1700\n") ==
        "*2\r\n:" + std::to_string(right + 5) + "\r\n:1700\r\n");
  CHECK(b.run(1, "SET c 1 PX 100\nPTTL c\n") == "+OK\r\n:100\r\n");
  CHECK(b.run(1, "PMMC CLOCK\n") == ":" + std::to_string(right + 5) + "\r\n");
  for (const auto* wrong : {"PMMC CLOCK SET\n", "PMMC CLOCK SET x\n", "PMMC CLOCK SET -1\n",
                            "PMMC CLOCK GET 1\n", "PMMC CLOCK SET 18446744073709551615\n"})
    CHECK(b.run(1, wrong).starts_with("-ERR"));
  const auto last = pmmc::kv::last_log_time;
  CHECK(b.run(1, "PMMC CLOCK SET " + std::to_string(last + 1) + "\n") ==
        "-ERR PMMC CLOCK SET takes NOW, or a time in ms since 1970\r\n");
  CHECK(b.run(1, "PMMC CLOCK SET " + std::to_string(last) + "\n")
            .ends_with(":" + std::to_string(last) + "\r\n"));
}

TEST_CASE("RANDOMKEY may answer any key, and no other") {
  bench b;
  b.open(1);
  CHECK(b.run(1, "RANDOMKEY\n") == "$-1\r\n");
  b.run(1, "MSET a 1 b 1 c 1\n");
  std::set<std::string> found;
  for (int i = 0; i < 200; ++i)
    found.insert(b.run(1, "RANDOMKEY\n"));
  CHECK(found == std::set<std::string>{"$1\r\na\r\n", "$1\r\nb\r\n", "$1\r\nc\r\n"});
}

TEST_CASE("no clock comes before an administrator's word: what it makes due stays") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  const auto before = b.now;
  b.pass(200); // and nobody has told the log
  CHECK(b.run(1, "PMMC CLOCK SET " + std::to_string(before + 50) + "\n") ==
        "*2\r\n:" + std::to_string(before) + "\r\n:" + std::to_string(before + 50) + "\r\n");
  CHECK(b.store.size() == 1);
}

TEST_CASE("a connection that goes leaves nothing behind, whatever is under way") {
  bench b;
  b.open(1);
  b.open(2);
  b.send(1, "SET a 1\nMULTI\nSET x 1\n");
  b.redis.closed(1);
  b.step();
  CHECK(b.redis.connections() == 1);
  CHECK(b.run(2, "GET a\n") == "$1\r\n1\r\n"); // it was executed all the same
}

TEST_CASE("what is no protocol is answered after all that came before it, and closes") {
  bench b;
  b.open(1);
  b.send(1, "SET a 1\n*x\r\nSET b 1\n");
  CHECK(b.closed.empty());
  b.step();
  CHECK(b.replies[1] == "+OK\r\n-ERR Protocol error: invalid multibulk length\r\n");
  CHECK(b.closed.contains(1));
}

TEST_CASE("SCAN goes through all keys, and refuses a cursor that it did not give") {
  bench b;
  b.open(1);
  for (int i = 0; i < 25; ++i)
    b.run(1, "SET key" + std::to_string(i) + " 1\n");
  const auto first = b.run(1, "SCAN 0 COUNT 10\n");
  const auto end = first.find("\r\n", first.find('$') + 5);
  const auto cursor = first.substr(first.find("\r\n", 4) + 2, end - first.find("\r\n", 4) - 2);
  CHECK(b.run(1, "SCAN " + cursor + " COUNT 100\n").starts_with("*2\r\n$1\r\n0\r\n*15\r\n"));
  CHECK(b.run(1, "SCAN 12345\n").starts_with("-ERR this cursor is not known here"));
}

TEST_CASE("HELLO 3 answers a map, and nils are RESP3's from then on") {
  bench b;
  b.open(1);
  const auto hello = b.run(1, "GET a\nHELLO 3\nGET a\n");
  CHECK(hello.starts_with("$-1\r\n%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"));
  CHECK(hello.ends_with("_\r\n"));
  CHECK(b.run(1, "HELLO 4\n") == "-NOPROTO unsupported protocol version\r\n");
  CHECK(b.run(1, "RESET\nGET a\n") == "+RESET\r\n$-1\r\n");
}

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

TEST_CASE("names that a connection keeps are short, whichever command gives them") {
  bench b;
  b.open(1);
  const std::string most(256, 'n');
  for (const std::string command :
       {"CLIENT SETNAME ", "HELLO 2 SETNAME ", "CLIENT SETINFO lib-name "}) {
    CAPTURE(command);
    CHECK(b.run(1, command + most + "\n").starts_with('-') == false);
    CHECK(b.run(1, command + most + "n\n").starts_with("-ERR"));
  }
  CHECK(b.run(1, "CLIENT GETNAME\n") == "$256\r\n" + most + "\r\n");
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

TEST_CASE("HELP names all subcommands, and is what errors point to") {
  bench b;
  b.open(1);
  for (const std::string name : {"CLIENT", "COMMAND", "CONFIG"}) {
    CAPTURE(name);
    CHECK(b.run(1, name + " NONSENSE\n") ==
          "-ERR unknown subcommand 'NONSENSE'. Try " + name + " HELP.\r\n");
    CHECK(b.run(1, name + " help me\n").starts_with("-ERR wrong number of arguments"));
  }
  CHECK(b.run(1, "config help\n") ==
        "*7\r\n+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"
        "+GET <pattern>...\r\n+    The parameters that match a pattern.\r\n"
        "+SET <parameter> <value>...\r\n+    Refused: pmmc is configured by its cluster file.\r\n"
        "+HELP\r\n+    These lines.\r\n");
  CHECK(b.run(1, "CLIENT HELP\n").starts_with("*15\r\n+CLIENT <subcommand>"));
  CHECK(b.run(1, "COMMAND HELP\n").starts_with("*13\r\n+COMMAND <subcommand>"));
}

TEST_CASE("CLIENT LIST takes no arguments") {
  bench b;
  b.open(1);
  CHECK(b.run(1, "CLIENT LIST\n").find("id=1 ") != std::string::npos);
  CHECK(b.run(1, "CLIENT LIST TYPE normal\n") == "-ERR syntax error\r\n");
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

TEST_CASE("what forgets the watched keys does so behind a WATCH of the same pipeline") {
  for (const char* forgets : {"UNWATCH", "MULTI\nDISCARD", "RESET"}) {
    CAPTURE(forgets);
    bench b;
    b.open(1);
    b.open(2);
    b.run(1, "SET other 1\nWATCH k\n" + std::string{forgets} + "\n");
    b.run(2, "SET k changed\n");
    CHECK(b.run(1, "MULTI\nSET done 1\nEXEC\n") == "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  }
}

TEST_CASE("what came whole before a connection ended is executed") {
  bench b;
  b.open(1);
  std::vector<request> requests;
  parser p;
  p.feed("INCR cut\n", requests);
  b.redis.on(1, std::move(requests));
  b.redis.closed(1); // in the same turn
  b.look();
  REQUIRE(b.waiting.size() == 1);
  b.step();
  CHECK(b.store.size() == 1);
  CHECK(b.replies[1].empty());
}
