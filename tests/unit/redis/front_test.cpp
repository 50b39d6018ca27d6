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

TEST_CASE("a long pipeline becomes several operations, of so many calls and bytes at most") {
  front::settings s;
  s.bundle_calls = 3;
  s.bundle_bytes = 1'000;
  bench b{s};
  b.open(1);
  SUBCASE("calls") {
    b.send(1, "INCR a\nINCR a\nINCR a\nINCR a\n");
    REQUIRE(b.waiting.size() == 2);
    while (!b.waiting.empty())
      b.step();
    CHECK(b.replies[1] == ":1\r\n:2\r\n:3\r\n:4\r\n");
  }
  SUBCASE("bytes") {
    const auto set = "SET a " + std::string(600, 'x') + "\n";
    b.send(1, set + set);
    CHECK(b.waiting.size() == 2);
  }
}

TEST_CASE("a command is counted once, whether it could follow what is under way or not") {
  bench b;
  b.open(1);
  b.send(1, "SET a 1\n");
  b.send(1, "GET a\n"); // not now
  while (!b.waiting.empty())
    b.step();
  CHECK(b.run(1, "INFO stats\n").find("total_commands_processed:3\r\n") != std::string::npos);
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

TEST_CASE("what comes before a transaction is executed whether or not a watched key has changed") {
  bench b;
  b.open(1);
  b.open(2);
  b.run(1, "SET k 0\nWATCH k\n");
  b.run(2, "SET k 1\n");
  CHECK(b.run(1, "SET a 1\nMULTI\nSET a 2\nEXEC\n") == "+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
  CHECK(b.run(1, "GET a\n") == "$1\r\n1\r\n");
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
