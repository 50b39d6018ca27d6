// PMMC REQ with a number that was recorded for another request: the recorded reply where it fits,
// or else an error; one reply either way, and nothing is sent again.
#include "front_bench.hpp"

#include <charconv>
#include <doctest/doctest.h>
#include <optional>

using namespace pmmc::redis;
using pmmc::redis::test::bench;

namespace {

/// Takes one reply of RESP2, with all that is in it, from the front of `bytes`. False: there is
/// none.
bool take_reply(std::string_view& bytes) {
  const auto end = bytes.find("\r\n");
  if (end == bytes.npos || end == 0)
    return false;
  const char kind = bytes.front();
  const auto line = bytes.substr(1, end - 1);
  bytes.remove_prefix(end + 2);
  if (kind == '+' || kind == '-')
    return true;
  long long number = 0;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{} || rest != line.data() + line.size())
    return false;
  if (kind == '$' && number >= 0) {
    const auto size = static_cast<std::size_t>(number) + 2;
    if (bytes.size() < size || bytes.substr(size - 2, 2) != "\r\n")
      return false;
    bytes.remove_prefix(size);
  }
  for (; kind == '*' && number > 0; --number)
    if (!take_reply(bytes))
      return false;
  return kind == ':' || kind == '$' || kind == '*';
}

std::optional<std::size_t> count_replies(std::string_view bytes) {
  std::size_t count = 0;
  for (; !bytes.empty(); ++count)
    if (!take_reply(bytes))
      return std::nullopt;
  return count;
}

/// As bench::run, but what is sent again for ever does not go on for ever.
std::string run(bench& b, connection_id id, std::string_view lines) {
  b.replies[id].clear();
  b.send(id, lines);
  for (int steps = 0; steps < 20 && !b.waiting.empty(); ++steps)
    b.step();
  CHECK(b.waiting.empty());
  b.waiting.clear();
  return b.replies[id];
}

constexpr std::string_view other = "-ERR this number of the PMMC session was used for another "
                                   "request, whose reply does not fit this one. Not executed\r\n";

constexpr std::string_view page = "*2\r\n$16\r\n"; ///< with a cursor, a new one for each

/// The keys k, k2 and n, and a session.
struct prepared : bench {
  prepared() {
    open(1);
    open(2);
    ::run(*this, 2, "MSET k one k2 two n 1\n");
    ::run(*this, 1, "PMMC SESSION s\n");
  }
};

struct shape {
  const char* name;
  std::string before; ///< sent on the connection, and then something may happen to k
  bool changes_k = false;
  std::string request;
};

std::vector<shape> shapes() {
  return {
      {"write", "", false, "PMMC REQ 1 SET x 1\n"},
      {"failure", "", false, "PMMC REQ 1 INCR k\n"},
      {"read", "", false, "PMMC REQ 1 GET k\n"},
      {"list", "", false, "PMMC REQ 1 MGET k k2\n"},
      {"keys", "", false, "PMMC REQ 1 KEYS *\n"},
      {"scan", "", false, "PMMC REQ 1 SCAN 0 COUNT 1\n"},
      {"transaction of one", "MULTI\nGET k\n", false, "PMMC REQ 1 EXEC\n"},
      {"transaction of three", "MULTI\nGET k\nINCR n\nPING\nSCAN 0\n", false, "PMMC REQ 1 EXEC\n"},
      {"transaction of lists", "MULTI\nPING\nMGET k k2\nSCAN 0\n", false, "PMMC REQ 1 EXEC\n"},
      {"watched, and nothing", "WATCH k\nMULTI\n", false, "PMMC REQ 1 EXEC\n"},
      {"watched, and no calls", "WATCH k\nMULTI\nPING\n", false, "PMMC REQ 1 EXEC\n"},
      {"watched, executed", "WATCH k\nMULTI\nINCR n\n", false, "PMMC REQ 1 EXEC\n"},
      {"watched, aborted", "WATCH k\nMULTI\nINCR n\n", true, "PMMC REQ 1 EXEC\n"},
      {"nothing", "MULTI\n", false, "PMMC REQ 1 EXEC\n"},
  };
}

std::string run(bench& b, const shape& s) {
  run(b, 1, s.before);
  if (s.changes_k)
    run(b, 2, "APPEND k x\n");
  return run(b, 1, s.request);
}

} // namespace

TEST_CASE("PMMC REQ: nil of a transaction is no reply to another command") {
  prepared b;
  CHECK(run(b, {"", "WATCH k\nMULTI\nSET x 1\n", true, "PMMC REQ 1 EXEC\n"}) == "*-1\r\n");
  CHECK(run(b, 1, "PMMC REQ 1 SET y 1\n") == other);
  CHECK(run(b, 1, "EXISTS x y\n") == ":0\r\n");
}

TEST_CASE("PMMC REQ: nothing is sent again when no call was executed under its number") {
  prepared b;
  CHECK(run(b, 1, "WATCH k\nMULTI\nPMMC REQ 1 EXEC\n") == "+OK\r\n+OK\r\n*0\r\n");
  CHECK(run(b, 1, "PMMC REQ 1 SET y 1\n") == other);
  CHECK(run(b, 1, "EXISTS y\n") == ":0\r\n");
}

TEST_CASE("PMMC REQ: a transaction has a reply to each of its commands, or none") {
  prepared b;
  run(b, 1, "PMMC REQ 1 SET x 1\n");
  CHECK(run(b, 1, "MULTI\nINCR n\nINCR n\nINCR n\nPMMC REQ 1 EXEC\nPING\n")
            .ends_with("+QUEUED\r\n" + std::string{other} + "+PONG\r\n"));
  CHECK(run(b, 1, "GET n\n") == "$1\r\n1\r\n");
}

TEST_CASE("PMMC REQ: what is no page of SCAN is no reply to it") {
  prepared b;
  run(b, 1, "PMMC REQ 1 KEYS *\n");
  CHECK(run(b, 1, "PMMC REQ 1 SCAN 0\n") == other);
}

TEST_CASE("PMMC REQ: any request, and any other under the same number: one reply to each") {
  for (const auto& recorded : shapes())
    for (const auto& repeated : shapes()) {
      CAPTURE(recorded.name);
      CAPTURE(repeated.name);
      prepared b;
      const auto first = run(b, recorded);
      CHECK(count_replies(first) == 1);
      const auto second = run(b, repeated);
      CHECK(count_replies(second) == 1);
      if (recorded.name == std::string_view{repeated.name} && !first.starts_with(page))
        CHECK(second == first);
      CHECK(run(b, 1, "PING\nINCR n\n").starts_with("+PONG\r\n:"));
      CHECK(b.redis.bytes_under_way() == 0);
    }
}
