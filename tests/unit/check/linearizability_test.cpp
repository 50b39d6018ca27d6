// Histories that are known to be good, and such as are known to be bad.
#include "check/linearizability.hpp"

#include "script.hpp"

#include <doctest/doctest.h>

using pmmc::check::check_history;
using pmmc::check::verdict;
using pmmc::testing::script;

namespace {

void good(const char* why, const std::string& lines) {
  INFO(why, lines);
  CHECK(check_history(script(lines)).outcome == verdict::linearizable);
}

void bad(const char* why, const std::string& lines) {
  INFO(why, lines);
  const auto result = check_history(script(lines));
  CHECK(result.outcome == verdict::not_linearizable);
  REQUIRE(result.violations.size() == 1);
  CHECK(!result.violations[0].operations.empty());
}

} // namespace

TEST_CASE("one client after the other") {
  good("nothing", "");
  good("write, read", R"(
    a 1 2 put k x = ok
    b 3 4 get k = ok x)");
  good("an absent key", R"(
    a 1 2 get k = absent
    a 3 4 del k = absent
    a 5 6 put k '' = ok
    a 7 8 get k = ok ''
    a 9 10 del k = ok
    a 11 12 get k = absent)");
  bad("a stale read", R"(
    a 1 2 put k x = ok
    a 3 4 put k y = ok
    b 5 6 get k = ok x)");
  bad("a lost put", R"(
    a 1 2 put k x = ok
    b 3 4 get k = absent)");
  bad("a value that nobody wrote", R"(
    a 1 2 put k x = ok
    b 3 4 get k = ok z)");
  bad("a value from the future", R"(
    b 1 2 get k = ok x
    a 3 4 put k x = ok)");
  bad("empty is not absent", R"(
    a 1 2 put k '' = ok
    b 3 4 get k = absent)");
  bad("absent is not empty", R"(b 3 4 get k = ok '')");
  bad("a read of what was deleted", R"(
    a 1 2 put k x = ok
    a 3 4 del k = ok
    b 5 6 get k = ok x)");
  bad("a delete of what is not there", R"(
    a 1 2 put k x = ok
    a 3 4 del k = ok
    b 5 6 del k = ok)");
  bad("a delete that found nothing, though there was something", R"(
    a 1 2 put k x = ok
    a 3 4 del k = absent)");
}

TEST_CASE("operations that overlap") {
  good("a read beside a write: the old value", R"(
    a 1 2 put k x = ok
    a 3 9 put k y = ok
    b 4 5 get k = ok x)");
  good("a read beside a write: the new value", R"(
    a 1 2 put k x = ok
    a 3 9 put k y = ok
    b 4 5 get k = ok y)");
  good("old, then new", R"(
    a 1 2 put k x = ok
    a 3 9 put k y = ok
    b 4 5 get k = ok x
    c 6 7 get k = ok y)");
  bad("new, then old", R"(
    a 1 2 put k x = ok
    a 3 9 put k y = ok
    b 4 5 get k = ok y
    c 6 7 get k = ok x)");
  good("two puts in either order", R"(
    a 1 9 put k x = ok
    b 1 9 put k y = ok
    c 10 11 get k = ok x)");
  bad("two puts, both last", R"(
    a 1 9 put k x = ok
    b 1 9 put k y = ok
    c 10 11 get k = ok x
    c 12 13 get k = ok y)");
  good("the same moment is an overlap", R"(
    a 1 5 put k x = ok
    b 5 6 get k = absent)");
  bad("two readers see two puts in two orders", R"(
    a 1 20 put k x = ok
    b 1 20 put k y = ok
    c 2 3 get k = ok x
    d 4 5 get k = ok y
    c 6 7 get k = ok x)");
  good("what lies in the file in another order", R"(
    b 3 4 get k = ok x
    a 1 2 put k x = ok)");
}

TEST_CASE("keys do not matter to each other") {
  good("each key for itself", R"(
    a 1 2 put k x = ok
    a 3 4 put l y = ok
    b 5 6 get k = ok x
    b 7 8 get l = ok y)");
  bad("one bad key among good ones", R"(
    a 1 2 put k x = ok
    a 3 4 put l y = ok
    b 5 6 get k = ok x
    b 7 8 get l = ok x)");
}

TEST_CASE("append") {
  good("lengths tell the order", R"(
    a 1 9 append k aa = ok 5
    b 1 9 append k bbb = ok 3
    c 10 11 get k = ok bbbaa)");
  bad("lengths tell another order", R"(
    a 1 9 append k aa = ok 2
    b 1 9 append k bbb = ok 5
    c 10 11 get k = ok bbbaa)");
  bad("a lost append", R"(
    a 1 2 append k a = ok 1
    b 3 4 append k b = ok 1)");
  bad("a doubled append", R"(
    a 1 2 append k a = ok 1
    b 3 4 get k = ok aa)");
  bad("a doubled append, seen by its length", R"(
    a 1 2 append k a = ok 1
    b 3 4 append k b = ok 3)");
  bad("reordered appends", R"(
    a 1 2 append k a = ok 1
    a 3 4 append k b = ok 2
    b 5 6 get k = ok ba)");
  good("no lengths told", R"(
    a 1 9 append k a = ok
    b 1 9 append k b = ok
    c 10 11 get k = ok ba)");
  bad("no lengths told, and one lost", R"(
    a 1 9 append k a = ok
    b 1 9 append k b = ok
    c 10 11 get k = ok b)");
  good("longer than what is kept as text", R"(
    a 1 2 append k 0123456789012345678901234567890123456789 = ok 40
    a 3 4 append k x = ok 41
    a 5 6 get k = ok 0123456789012345678901234567890123456789x)");
}

TEST_CASE("incr") {
  good("each number once", R"(
    a 1 9 incr k = ok 2
    b 1 9 incr k = ok 1
    c 10 11 get k = ok 2)");
  bad("the same number twice", R"(
    a 1 2 incr k = ok 1
    b 3 4 incr k = ok 1)");
  bad("the same number twice, at the same time", R"(
    a 1 9 incr k = ok 1
    b 1 9 incr k = ok 1)");
  bad("a doubled incr", R"(
    a 1 2 incr k = ok 1
    b 3 4 incr k = ok 3)");
  good("down, past zero", R"(
    a 1 2 incr k -5 = ok -5
    a 3 4 incr k 5 = ok 0
    a 5 6 get k = ok 0)");
  good("no number", R"(
    a 1 2 put k x = ok
    a 3 4 incr k = nan
    a 5 6 get k = ok x)");
  bad("a number after all", R"(
    a 1 2 put k 5 = ok
    a 3 4 incr k = nan)");
  good("numbers have one form", R"(
    a 1 2 put k 007 = ok
    a 3 4 incr k = nan)");
  good("overflow", R"(
    a 1 2 put k 9223372036854775807 = ok
    a 3 4 incr k = overflow
    a 5 6 incr k -1 = ok 9223372036854775806)");
  bad("no overflow", R"(
    a 1 2 put k 9223372036854775806 = ok
    a 3 4 incr k = overflow)");
  good("no number told", R"(
    a 1 9 incr k = ok
    b 1 9 incr k 10 = ok 11)");
}

TEST_CASE("cas") {
  good("one of two wins", R"(
    a 1 2 put k x = ok
    a 3 9 cas k x y = ok
    b 3 9 cas k x z = mismatch y
    c 10 11 get k = ok y)");
  bad("both win: a lost update", R"(
    a 1 2 put k x = ok
    a 3 9 cas k x y = ok
    b 3 9 cas k x z = ok)");
  bad("a mismatch that was none", R"(
    a 1 2 put k x = ok
    a 3 4 cas k x y = mismatch x)");
  bad("a mismatch that was none, without a value", R"(
    a 1 2 put k x = ok
    a 3 4 cas k x y = mismatch)");
  bad("a mismatch that wrote", R"(
    a 1 2 put k x = ok
    a 3 4 cas k q y = mismatch x
    b 5 6 get k = ok y)");
  good("a mismatch of an absent key", R"(a 1 2 cas k x y = mismatch -)");
  bad("a mismatch of an absent key that is not", R"(
    a 1 2 put k z = ok
    a 3 4 cas k x y = mismatch -)");
  good("expected to be absent", R"(
    a 1 2 cas k - y = ok
    a 3 4 cas k - z = mismatch y)");
  bad("created twice", R"(
    a 1 9 cas k - y = ok
    b 1 9 cas k - z = ok)");
  bad("a mismatch with a value that nobody wrote", R"(
    a 1 2 put k z = ok
    a 3 4 cas k x y = mismatch w)");
}

TEST_CASE("unknown outcomes") {
  good("it may have happened", R"(
    a 1 ? put k x = unknown
    b 3 4 get k = ok x)");
  good("it may never happen", R"(
    a 1 ? put k x = unknown
    b 3 4 get k = absent)");
  good("it may happen later", R"(
    a 1 ? put k x = unknown
    b 3 4 get k = absent
    b 5 6 put k y = ok
    b 7 8 get k = ok y
    b 9 10 get k = ok x)");
  bad("it cannot happen twice", R"(
    a 1 ? put k x = unknown
    b 3 4 get k = ok x
    b 5 6 put k y = ok
    b 7 8 get k = ok x)");
  bad("it cannot happen before it was called", R"(
    b 1 2 get k = ok x
    a 3 ? put k x = unknown)");
  bad("it cannot be undone", R"(
    a 1 ? put k x = unknown
    b 3 4 get k = ok x
    b 5 6 get k = absent)");
  good("one of two increments", R"(
    a 1 ? incr k = unknown
    b 1 ? incr k = unknown
    c 3 4 incr k = ok 2)");
  bad("three of two increments", R"(
    a 1 ? incr k = unknown
    b 1 ? incr k = unknown
    c 3 4 incr k = ok 4)");
  good("it must have happened between two others", R"(
    a 1 ? append k u = unknown
    b 3 4 append k v = ok 1
    b 5 6 append k w = ok 3
    c 7 8 get k = ok vuw)");
  bad("it cannot have happened in two places", R"(
    a 1 ? append k u = unknown
    b 3 4 append k v = ok 1
    b 5 6 append k w = ok 3
    c 7 8 get k = ok vwu)");
  bad("what must have happened is still not seen", R"(
    a 1 ? append k u = unknown
    b 3 4 append k v = ok 2
    c 5 6 get k = ok v)");
  good("an unknown cas", R"(
    a 1 2 put k x = ok
    a 3 ? cas k x y = unknown
    b 5 6 get k = ok y)");
  bad("an unknown cas that cannot have found what it expects", R"(
    a 1 2 put k x = ok
    a 3 ? cas k q y = unknown
    b 5 6 get k = ok y)");
  good("an unknown cas sees a put that nobody else sees", R"(
    a 1 2 put k q = ok
    b 3 9 put k x = ok
    c 3 9 put k z = ok
    a 3 ? cas k x y = unknown
    b 10 11 get k = ok z
    b 12 13 get k = ok z)");
  good("an unknown delete", R"(
    a 1 2 put k x = ok
    a 3 ? del k = unknown
    b 5 6 get k = ok x
    b 7 8 get k = absent)");
  bad("what was not executed has no effect", R"(
    a 1 2 put k x = not_executed
    b 3 4 get k = ok x)");
  good("what was not executed is nothing", R"(
    a 1 2 put k x = not_executed
    b 3 4 get k = absent)");
  good("nor is a read without an answer", R"(
    a 1 ? get k = unknown
    b 3 4 get k = absent)");
  bad("unknown outcomes excuse nothing else", R"(
    a 1 ? put k x = unknown
    a 1 ? put k y = unknown
    b 3 4 get k = ok x
    b 5 6 get k = ok y
    b 7 8 get k = ok x)");
}

TEST_CASE("a put that nobody sees may be anywhere, but a delete sees it") {
  good("put, delete", R"(
    a 1 9 put k x = ok
    b 1 9 put k y = ok
    c 1 9 del k = ok
    d 1 9 del k = ok
    e 10 11 get k = absent)");
  bad("three deletes of two puts", R"(
    a 1 9 put k x = ok
    b 1 9 put k y = ok
    c 1 9 del k = ok
    d 1 9 del k = ok
    e 1 9 del k = ok)");
  good("a cas sees it, and tells no value", R"(
    a 1 2 put k e = ok
    a 3 6 put k f = ok
    b 3 20 put k p = ok
    c 5 6 get k = ok f
    c 7 8 cas k f y = mismatch
    a 9 10 put k f = ok
    c 21 22 get k = ok f)");
  bad("a cas was told otherwise", R"(
    a 1 2 put k x = ok
    b 3 4 put k y = ok
    c 5 6 cas k y z = mismatch)");
}

TEST_CASE("the check gives up where it was told to") {
  // Which of the increments without an answer make up the sum: there are far too many ways.
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += "a 1 ? incr k " + std::to_string(1000 + 7 * i) + " = unknown\n";
  lines += "b 3 4 incr k = ok 3\n";
  const auto result = check_history(script(lines), {.max_states = 10'000});
  CHECK(result.outcome == verdict::gave_up);
  CHECK(result.keys_given_up == std::vector<std::string>{"k"});
  CHECK(result.states <= 10'000);

  const auto both = check_history(script(lines + "a 1 2 get l = ok x\n"), {.max_states = 10'000});
  CHECK(both.outcome == verdict::not_linearizable);
  CHECK(both.keys_given_up == std::vector<std::string>{"k"});
  CHECK(both.keys_not_linearizable == std::vector<std::string>{"l"});
}
