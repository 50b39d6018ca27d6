// A refusal changes nothing and holds up nobody: behind each, the next request of the same client,
// and one of another, are answered at once, and nothing that all share is still taken.
#include "front_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc::redis;
using pmmc::outcome_kind;
using pmmc::redis::test::bench;

namespace {

std::string words(const std::vector<std::string>& all) {
  std::string text = "*" + std::to_string(all.size()) + "\r\n";
  for (const auto& word : all)
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return text;
}

std::string large(std::size_t bytes) { return std::string(bytes, 'x'); }

/// What is refused, and a part of the reply.
struct refusal {
  std::string request;
  std::string reply;
};

std::vector<refusal> refusals() {
  const std::string session = "PMMC SESSION s\n";
  std::vector<refusal> all = {
      {"NONSENSE\n", "-ERR unknown command"},
      {"GET\n", "-ERR wrong number"},
      {"SET k v KEEPTTL\n", "KEEPTTL"},
      {"SET k v XX KEEPTTL\n", "-ERR pmmc does not support KEEPTTL"},
      {"SET k v KeepTTL NX GET\n", "-ERR pmmc does not support KEEPTTL"},
      {"SET k v KEEPTTL EX 5\n", "-ERR syntax error"},
      {"SET k v PXAT 5 KEEPTTL\n", "-ERR syntax error"},
      {"SET k v KEEPTTLS\n", "-ERR syntax error"},
      {"SET k v EX nothing\n", "-ERR value is not an integer"},
      {"SET k v EX 0\n", "-ERR invalid expire time"},
      {"SET k v NX XX\n", "-ERR syntax error"},
      {"EXPIRE k 1 NX XX\n", "-ERR NX and XX"},
      {"EXPIRE k 1 GT LT\n", "-ERR GT and LT"},
      {"EXPIRE k 1 WHAT\n", "-ERR Unsupported option"},
      {"DECRBY n -9223372036854775808\n", "-ERR decrement would overflow"},
      {"SCAN nothing\n", "-ERR invalid cursor"},
      {"SCAN 12345\n", "-ERR this cursor is not known"},
      {"SCAN 0 COUNT\n", "-ERR syntax error"},
      {"MSET a\n", "-ERR wrong number"},
      {"EXEC\n", "-ERR EXEC without MULTI"},
      {"DISCARD\n", "-ERR DISCARD without MULTI"},
      {"MULTI\nMULTI\nDISCARD\n", "-ERR MULTI calls can not be nested"},
      {"MULTI\nWATCH k\nDISCARD\n", "-ERR WATCH inside MULTI"},
      {"MULTI\nWAIT 0 0\nDISCARD\n", "-ERR Command not allowed inside"},
      {"MULTI\nNONSENSE\nEXEC\n", "-EXECABORT"},
      {"SELECT 5\n", "-ERR DB index"},
      {"CLIENT NONSENSE\n", "-ERR unknown subcommand"},
      {"CONFIG SET a b\n", "-ERR CONFIG SET is not possible"},
      {"HELLO x\n", "-ERR Protocol version"},
      {"HELLO 9\n", "-NOPROTO"},
      {"AUTH p\n", "-ERR AUTH"},
      {"AUTH somebody p\n", "-WRONGPASS"},
      {"WAIT x 0\n", "-ERR value is not an integer"},
      {"WAIT 0 -1\n", "-ERR timeout is negative"},
      {"WAIT 0 4611686018427387904\n", "-ERR timeout is out of range"},
      {"WAIT 0 9223372036854775807\n", "-ERR timeout is out of range"},
      {"PMMC NONSENSE\n", "-ERR unknown subcommand"},
      {"PMMC REQ 1 INCR x\n", "-ERR PMMC REQ needs a session"},
      {session + "PMMC REQ 0 INCR x\n", "-ERR the number of a PMMC request"},
      {session + "PMMC REQ 1 PING\n", "-ERR PMMC REQ takes commands of keys"},
      {session + "PMMC REQ 1 EXEC\n", "-ERR EXEC without MULTI"},
      {session + "PMMC REQ 1 NONSENSE\n", "-ERR unknown command"},
      {session + "MULTI\nNONSENSE\nPMMC REQ 1 EXEC\n", "-EXECABORT"},
      {session + "PMMC REQ 2 INCR x\nPMMC REQ 1 INCR x\n", "-ERR a later request"},
      {"PMMC REQ 1\n", "-ERR wrong number"},
      {words({"SET", "k", large(1 << 20) + "x"}), "-ERR string exceeds"},
      {words({"SET", large(1'025), "v"}), "-ERR a key must have"},
      {words({"SET", "k", large((1 << 20) + (8 << 10))}), "at most 1 MiB"},
      {words({"SET", "k", large(3 << 20)}), "at most 1 MiB"},
      {words({"PMMC", "SESSION", large(1'500'000)}), "-ERR a session's name"},
      {words({"PMMC", "SESSION", large(100)}), "-ERR a session's name"},
      {words({"PMMC", "SESSION", large(900'000)}) +
           words({"PMMC", "REQ", "1", "SET", "k", large(900'000)}),
       "-ERR"},
  };
  std::vector<std::string> watch = {"WATCH"};
  for (int i = 0; i < 1'000; ++i)
    watch.push_back(std::to_string(i) + large(1'000));
  all.push_back({words(watch) + "MULTI\n" + words({"SET", "k", large(900'000)}) + "EXEC\n",
                 "-ERR not executed: with the names of watched keys"});
  watch.push_back("one more");
  all.push_back({words(watch), "-ERR too many keys are watched"});
  all.push_back({"MULTI\n" + words({"SET", "k", large(600'000)}) +
                     words({"SET", "k", large(600'000)}) + "EXEC\n",
                 "-ERR a transaction has at most 1 MiB"});
  return all;
}

void check_others(bench& b) {
  CHECK(b.run(1, "INCR n\n").starts_with(":"));
  CHECK(b.run(2, "INCR n\n").starts_with(":"));
  CHECK(b.redis.bytes_under_way() == 0);
}

} // namespace

TEST_CASE("refusals: behind each the same client and another are served at once") {
  for (const auto& r : refusals()) {
    CAPTURE(r.request.substr(0, 60));
    bench b;
    b.open(1);
    b.open(2);
    CHECK(b.run(1, r.request).find(r.reply) != std::string::npos);
    CHECK(b.closed.empty());
    check_others(b);
  }
}

TEST_CASE("refusals: behind one of the replica, too, whatever it is") {
  for (const auto kind :
       {outcome_kind::refused, outcome_kind::not_executed, outcome_kind::unknown}) {
    for (const char* request : {"SET k v\n", "GET k\n", "SET k v\nGET k\n", "MULTI\nGET k\nEXEC\n",
                                "WATCH k\n", "PMMC SESSION s\n"}) {
      CAPTURE(request);
      bench b;
      b.open(1);
      b.open(2);
      b.send(1, request);
      REQUIRE(b.waiting.size() == 1);
      b.finish(kind, "no");
      CHECK(b.replies[1].find("no") != std::string::npos);
      check_others(b);
    }
  }
}

TEST_CASE("refusals: behind a WATCH that was refused, EXEC does not go unguarded") {
  constexpr std::string_view abort =
      "-EXECABORT Transaction discarded because of previous errors.\r\n";
  const std::string transaction = "MULTI\nSET k unguarded\n";
  const auto check = [&](bench& b) {
    CHECK(b.run(1, transaction + "EXEC\n").ends_with(abort));
    CHECK(b.run(1, "GET k\n") == "$-1\r\n");
    CHECK(b.run(1, transaction + "EXEC\n").ends_with("*1\r\n+OK\r\n")); // the next one
  };
  std::vector<std::string> many = {"WATCH"};
  for (int i = 0; i <= 1'000; ++i)
    many.push_back(std::to_string(i));
  for (const auto& watch :
       {words({"WATCH", "a", large(1'025)}), words(many), words({"WATCH", "a", large(1'100'000)}),
        words({"WATCH", "a", large(3 << 20)}), words({"watch", "a", large(3 << 20), "b"})}) {
    bench b;
    b.open(1);
    CHECK(b.run(1, watch).starts_with("-ERR"));
    check(b);
    CHECK(
        b.run(1, watch + "PMMC SESSION s\n" + transaction + "PMMC REQ 1 EXEC\n").ends_with(abort));
    for (const char* forgets : {"UNWATCH\n", "MULTI\nDISCARD\n", "RESET\n"})
      CHECK(b.run(1, watch + forgets + transaction + "EXEC\n").ends_with("*1\r\n+OK\r\n"));
  }
  for (const auto kind :
       {outcome_kind::refused, outcome_kind::not_executed, outcome_kind::unknown}) {
    bench b;
    b.open(1);
    b.send(1, "WATCH a\n");
    b.finish(kind, "no");
    b.replies.clear();
    check(b);
  }
  // What goes wrong, or well, behind it changes nothing.
  for (const auto& refused : {words(many), words({"WATCH", "a", large(3 << 20)})})
    for (const auto& behind :
         {std::string{"NONSENSE\n"}, std::string{"EXEC\n"}, std::string{"WATCH b\n"},
          std::string{"WATCH\n"}, words({"SET", "b", large(3 << 20)}), std::string{"GET b\n"}}) {
      CAPTURE(behind.substr(0, 20));
      bench b;
      b.open(1);
      b.run(1, refused + behind);
      check(b);
    }
  {
    bench b;
    b.open(1);
    b.run(1, words(many));
    b.send(1, "GET b\n");
    b.finish(outcome_kind::not_executed, "no");
    check(b);
  }
  front::settings s;
  s.max_transactions_bytes = 100;
  bench b{s};
  b.open(1);
  CHECK(b.run(1, "WATCH a b\n").starts_with("-BUSY"));
  CHECK(b.run(1, "MULTI\nEXEC\n").ends_with(abort));
}

TEST_CASE("refusals: for the memory that transactions of all take") {
  front::settings s;
  s.max_transactions_bytes = 1'000;
  bench b{s};
  b.open(1);
  b.open(2);
  CHECK(b.run(1, "MULTI\n" + words({"SET", "k", large(2'000)}) + "EXEC\n")
            .find("-BUSY the keys that are watched and the transactions") != std::string::npos);
  check_others(b);
}

TEST_CASE("refusals: for the memory that the watched keys of all take") {
  front::settings s;
  s.max_transactions_bytes = 10'000;
  bench b{s};
  b.open(1);
  b.open(2);
  std::vector<std::string> watch = {"WATCH"};
  for (int i = 0; i < 6; ++i)
    watch.push_back(large(1'000) + std::to_string(i));
  for (int i = 0; i < 100; ++i)
    CHECK(b.run(1, words(watch)) == "+OK\r\n"); // each key is held once
  CHECK(b.redis.transaction_bytes() > 6'000);
  CHECK(b.run(2, words(watch)).starts_with("-BUSY the keys that are watched"));
  CHECK(b.run(2, "WATCH k\nUNWATCH\n") == "+OK\r\n+OK\r\n");
  check_others(b);
  for (const char* forgets : {"UNWATCH\n", "MULTI\nDISCARD\n", "MULTI\nEXEC\n", "RESET\n"}) {
    b.run(1, words(watch));
    CHECK(b.redis.transaction_bytes() > 6'000);
    b.run(1, forgets);
    CHECK(b.redis.transaction_bytes() == 0);
  }
  b.run(1, words(watch));
  b.redis.closed(1);
  CHECK(b.redis.transaction_bytes() == 0);
  CHECK(b.run(2, words(watch)) == "+OK\r\n");
}

TEST_CASE("refusals: a transaction takes memory until its EXEC is answered") {
  front::settings s;
  s.max_transactions_bytes = 10'000;
  bench b{s};
  b.open(1);
  b.open(2);
  b.open(3);
  b.send(1, "MULTI\n" + words({"SET", "k", large(6'000)}) + "EXEC\n");
  CHECK(b.waiting.size() == 1);
  b.send(2, "MULTI\n" + words({"SET", "k", large(6'000)}) + "DISCARD\n");
  CHECK(b.replies[2].find("-BUSY") != std::string::npos);
  b.step();
  CHECK(b.replies[1].ends_with("*1\r\n+OK\r\n"));
  CHECK(b.redis.transaction_bytes() == 0);
  b.send(2, "MULTI\n" + words({"SET", "k", large(6'000)}) + "EXEC\n");
  b.redis.closed(2);
  CHECK(b.redis.transaction_bytes() == 0);
  b.step();
}

TEST_CASE("refusals: a connection that is closed for one holds up no other") {
  bench b;
  b.open(1);
  b.open(2);
  b.send(1, "SET a 1\n*1\r\n!\r\nSET b 1\n");
  while (!b.waiting.empty())
    b.step();
  CHECK(b.replies[1] == "+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n");
  CHECK(b.closed.contains(1));
  CHECK(b.run(2, "EXISTS a b\n") == ":1\r\n");
  CHECK(b.redis.bytes_under_way() == 0);
}
