// A violation comes with the part of the history that shows it, and little else.
#include "check/linearizability.hpp"
#include "random_history.hpp"
#include "reference.hpp"
#include "script.hpp"
#include "unit/kv/random_bytes.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace pmmc::check;
using pmmc::testing::script;
using pmmc::testing::seed;

namespace {

violation violation_in(const history& all) {
  const auto result = check_history(all);
  REQUIRE(result.violations.size() == 1);
  return result.violations[0];
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// So many puts and reads, one after the other, that are fine. Returns the time after them.
std::uint64_t add_good(history& all, std::uint64_t time, int count) {
  for (int i = 0; i < count; ++i) {
    const auto value = "v" + std::to_string(time);
    const auto at = [&](int offset) {
      return std::to_string(time + static_cast<unsigned>(offset));
    };
    for (const auto& op : script("a " + at(0) + " " + at(1) + " put k " + value + " = ok\nb " +
                                 at(2) + " " + at(3) + " get k = ok " + value))
      all.push_back(op);
    time += 4;
  }
  return time;
}

} // namespace

TEST_CASE("the text of a small violation, word for word") {
  const auto v = violation_in(script(R"(
    alice 1000000 2000000 put k old = ok
    alice 3000000 4000000 put k new = ok
    bob 4500000 4600000 get other = absent
    bob 5000000 6500000 get k = ok old
    bob 7000000 7500000 get k = ok old)"));
  CHECK(v.key == "k");
  CHECK(v.text == R"(key k: no order of its operations explains what they were told.
It had gone wrong by the return of the operation marked >. Of 3 operations until then, 3 matter; times in ms:
  alice  0.000 to 1.000 ms  put k old → ok
  alice  2.000 to 3.000 ms  put k new → ok
> bob  4.000 to 5.500 ms  get k → ok old
)");
}

TEST_CASE("a stale read in a long history is shown with what led to it") {
  history all;
  const auto time = add_good(all, 10, 5'000);
  const auto at = [&](unsigned offset) { return std::to_string(time + offset); };
  for (const auto& op :
       script("a " + at(1) + " " + at(2) + " put k old = ok\na " + at(3) + " " + at(4) +
              " put k new = ok\nb " + at(5) + " " + at(6) + " get k = ok old"))
    all.push_back(op);
  add_good(all, time + 7, 5'000);
  const auto v = violation_in(all);
  CHECK(v.operations.size() <= 10);
  const auto stale = describe(v.operations.back());
  CHECK(stale == "get k → ok old");
  CHECK(contains(v.text, "put k new → ok"));
  CHECK(contains(v.text, "before them the key was v"));
  CHECK(contains(v.text, "> b"));
}

TEST_CASE("a value that nobody wrote is called that") {
  history all;
  const auto time = add_good(all, 10, 100);
  auto read = script("b 1 2 get k = ok strange")[0];
  read.call_ns = time;
  read.return_ns = time + 1;
  all.push_back(read);
  add_good(all, time + 2, 100);
  const auto v = violation_in(all);
  CHECK(contains(v.text, "Nothing can have left the key as it was found by: get k → ok strange\n"));
  CHECK(v.operations.size() <= 10);
  CHECK(v.operations.back() == read);
}

TEST_CASE("what was under way, and what had no answer, is shown as that") {
  const auto v = violation_in(script(R"(
    a 1 2 put k x = ok
    b 3 90 put k y = ok
    c 4 ? append k z = unknown
    d 5 6 get k = ok xy)"));
  CHECK(contains(v.text, "b  0.000 to later  put k y → unknown yet\n"));
  CHECK(contains(v.text, "c  0.000 to ?  append k z → unknown\n"));
}

TEST_CASE("violations beyond the limit are counted, not explained") {
  std::string lines;
  for (char key = 'a'; key <= 'f'; ++key)
    lines += std::string{"c 1 2 get "} + key + " = ok x\n";
  const auto result = check_history(script(lines), {.max_explained = 2});
  CHECK(result.violations.size() == 2);
  CHECK(result.keys_not_linearizable.size() == 6);
  CHECK(result.keys == 6);
}

TEST_CASE("what is shown from the beginning of a history is not linearizable by itself") {
  std::mt19937_64 random{seed};
  int shown = 0;
  for (int i = 0; i < 3'000; ++i) {
    INFO("history ", i, " of seed ", seed);
    auto all = pmmc::testing::random_history(
        random, {.operations = 7,
                 .unknown = 0.1,
                 .kinds = {operation_kind::put, operation_kind::get, operation_kind::append,
                           operation_kind::del, operation_kind::cas, operation_kind::incr}});
    all.resize(std::min<std::size_t>(all.size(), 7));
    pmmc::testing::mutate(random, all);
    const auto result = check_history(all);
    if (result.outcome != verdict::not_linearizable)
      continue;
    ++shown;
    REQUIRE(result.violations.size() == 1);
    if (!contains(result.violations[0].text, "before them"))
      REQUIRE(!pmmc::testing::is_linearizable_by_brute_force(result.violations[0].operations));
  }
  CHECK(shown > 300);
}

TEST_CASE("what had gone wrong before a value that nobody wrote is what is shown") {
  auto all = script(R"(
    c 1 2 append k x = ok 9
    c 3 4 del k = ok)");
  const auto time = add_good(all, 5, 4);
  for (const auto& op :
       script("c " + std::to_string(time) + " " + std::to_string(time + 1) + " get k = ok ZZZ"))
    all.push_back(op);
  const auto v = violation_in(all);
  CHECK(v.text == R"(key k: no order of its operations explains what they were told.
It had gone wrong by the return of the operation marked >. Of 1 operations until then, 1 matter; times in ms:
> c  0.000 to 0.000 ms  append k x → ok, length 9
)");
}

TEST_CASE("what has made the value before the part that is shown is not shown in it again") {
  const auto v = violation_in(script(R"(
    u 1000 ? incr k = unknown
    c 10000 11000 put k 1 = ok
    c 20000 21000 get k = ok 2
    c 30000 31000 get k = ok 2
    c 40000 41000 get k = ok 2
    c 50000 51000 get k = ok 2
    c 60000 61000 get k = ok 2
    c 70000 71000 get k = ok 2
    c 100000 101000 get k = ok 3
    c 200000 201000 put k 3 = ok)"));
  CHECK(contains(v.text, "before them the key was 2\n"));
  CHECK(!contains(v.text, "incr"));
  CHECK(contains(v.text, "> c  0.000 to 0.001 ms  get k → ok 3\n"));
}
