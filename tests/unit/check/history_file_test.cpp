#include "check/history_file.hpp"

#include "script.hpp"
#include "unit/kv/random_bytes.hpp"

#include <doctest/doctest.h>
#include <sstream>

using namespace pmmc::check;
using pmmc::testing::script;

namespace {

history_reader read(const std::string& text) {
  history_reader reader;
  std::istringstream in{text};
  reader.read(in, "f");
  return reader;
}

/// The message about a line.
std::string mistake(const std::string& line) {
  const auto reader = read(line + "\n");
  REQUIRE(reader.errors().size() == 1);
  CHECK(reader.operations().empty());
  return reader.errors()[0];
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const std::string good_line = R"({"client":"a","operation":"put","key":"k","arguments":["v"],)"
                              R"("result":"ok","call":"1","return":"2"})";

/// A line with one field put in place of another text.
std::string changed(const std::string& from, const std::string& to) {
  auto line = good_line;
  const auto at = line.find(from);
  REQUIRE(at != std::string::npos);
  return line.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("what is written is read again") {
  const auto all = script(R"(
    a 1 2 put k v = ok
    a 1 2 put k '' = not_executed
    a 3 4 get k = ok v
    a 3 4 get k = absent
    a 3 ? get k = unknown
    a 5 6 append k w = ok 2
    a 5 6 append k w = ok
    a 7 8 del k = ok
    a 7 8 del k = absent
    a 9 10 cas k - v = ok
    a 9 10 cas k x v = mismatch v
    a 9 10 cas k x v = mismatch -
    a 9 10 cas k x v = mismatch
    a 11 12 incr k -9223372036854775808 = ok -9223372036854775808
    a 11 12 incr k = ok
    a 11 12 incr k = nan
    a 18446744073709551614 18446744073709551615 incr k = overflow)");
  std::string text;
  for (const auto& op : all)
    text += to_line(op) + "\n";
  const auto reader = read(text);
  CHECK(reader.errors() == std::vector<std::string>{});
  CHECK(reader.operations() == all);
}

TEST_CASE("keys and values are any bytes") {
  std::mt19937_64 random{pmmc::testing::seed};
  for (int i = 0; i < 2'000; ++i) {
    operation op;
    op.client = pmmc::testing::random_bytes(random, 8);
    op.kind = operation_kind::cas;
    op.key = pmmc::testing::random_bytes(random, 16);
    op.value = pmmc::testing::random_bytes(random, 16);
    op.expected = pmmc::testing::random_bytes(random, 16);
    op.result = result_kind::mismatch;
    op.told = pmmc::testing::random_bytes(random, 16);
    op.call_ns = random();
    op.return_ns = op.call_ns;
    const auto reader = read(to_line(op));
    REQUIRE(reader.operations() == history{op});
  }
}

TEST_CASE("the lines of docs/HISTORY.md") {
  const auto reader = read(
      R"({"client":"c1","id":"1","operation":"put","key":"k","arguments":["v"],"result":"ok","call":"1000","return":"2500"}
{"client":"c2","operation":"get","key":"k","arguments":[],"result":"ok","value":"v","call":"1700","return":"2100"})");
  auto expected = script("c1 1000 2500 put k v = ok\nc2 1700 2100 get k = ok v");
  expected[0].id = 1;
  CHECK(reader.operations() == expected);
  CHECK(read(changed(R"("v")", R"("\\xFF\\\\")")).operations().at(0).value == "\xff\\");
  CHECK(read(changed(R"("call":"1")", R"("call":1)")).operations().at(0).call_ns == 1);
  CHECK(read(changed(R"("return":"2")", R"("return":"1")")).errors().empty());
}

TEST_CASE("mistakes are named with their place and with what would be right") {
  CHECK(mistake("{") == "f:1: this is no JSON from byte 2 on; each line would be one JSON object");
  CHECK(mistake(changed(R"("call":"1")", R"("call":1e999)")) ==
        "f:1: a number is too large; numbers would be whole and of 64 bits, as strings");
  CHECK(mistake("[1]") == "f:1: this is array; each line would be one JSON object");
  CHECK(contains(mistake(changed(R"("client":"a",)", "")), R"(there is no "client"; )"));
  CHECK(contains(mistake(changed(R"("key":"k",)", "")), R"(there is no "key"; )"));
  CHECK(contains(mistake(changed(R"("result":"ok",)", "")), R"(there is no "result"; )"));
  CHECK(contains(mistake(changed("result", "resutl")), "there is no field resutl; "));
  CHECK(contains(mistake(changed(R"("put")", R"("set")")), "one of put, get, append"));
  CHECK(contains(mistake(changed(R"("put")", "[]")), "one of put, get, append"));
  CHECK(contains(mistake(changed(R"("ok")", R"("fine")")), "one of ok, absent, mismatch"));
  CHECK(contains(mistake(changed(R"(["v"])", "[]")), R"(a put with 0 arguments; its)"));
  CHECK(contains(mistake(changed(R"(["v"])", R"(["v","w"])")), "a put with 2 arguments"));
  CHECK(contains(mistake(changed(R"(["v"])", R"("v")")), "no array"));
  CHECK(contains(mistake(changed(R"("v")", "5")), "it would be a string"));
  CHECK(contains(mistake(changed(R"("v")", R"("\\q")")), "escapes are"));
  CHECK(contains(mistake(changed(R"("call":"1")", R"("call":"-1")")), "not negative"));
  CHECK(contains(mistake(changed(R"("call":"1")", R"("call":1.5)")), "whole number"));
  CHECK(contains(mistake(changed(R"(,"return":"2")", "")), R"(there is no "return"; )"));
  CHECK(contains(mistake(changed(R"("return":"2")", R"("return":"0")")), R"(before "call")"));
  CHECK(contains(mistake(changed(R"("ok")", R"("absent")")), R"(a put with the result "absent")"));
  CHECK(
      contains(mistake(changed(R"("ok")", R"("ok","value":"v")")), R"(there would be no "value")"));
  CHECK(contains(mistake(changed(R"("operation":"put")", R"("id":"0","operation":"put")")),
                 "from 1"));
  CHECK(contains(mistake(changed(R"("put","key":"k","arguments":["v"])", R"("get","key":"k")")),
                 R"("value" would be what it read)"));
}

TEST_CASE("all mistakes at once, up to a limit") {
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += "{}\n\n";
  const auto reader = read(text);
  CHECK(reader.error_count() == 30);
  REQUIRE(reader.errors().size() == history_reader::max_errors);
  CHECK(contains(reader.errors()[1], "f:3: "));
}

TEST_CASE("a result takes the place of its call") {
  auto call = script("a 1 ? put k v = unknown")[0];
  call.id = 7;
  auto result = script("a 1 2 put k v = ok")[0];
  result.id = 7;
  auto other = result;
  other.client = "b";
  const auto lines = to_line(call) + "\n" + to_line(other) + "\n" + to_line(result) + "\n";
  CHECK(read(lines).operations() == history{result, other});
  CHECK(read(to_line(call)).operations() == history{call});

  CHECK(contains(read(lines + to_line(result) + "\n").errors().at(0),
                 "f:4: operation 7 of client a "
                 "has its result in f:1 "));
  auto different = result;
  different.value = "w";
  CHECK(contains(read(to_line(call) + "\n" + to_line(different)).errors().at(0),
                 "is another one than in f:1"));
}

TEST_CASE("a last line that was cut off is left out") {
  const auto line = to_line(script("a 1 2 put k v = ok")[0]);
  for (std::size_t size = 1; size < line.size(); ++size) {
    const auto reader = read(line + "\n" + line.substr(0, size));
    CHECK(reader.operations().size() == 1);
    CHECK(reader.errors().empty());
    REQUIRE(reader.warnings().size() == 1);
    CHECK(contains(reader.warnings()[0], "f:2: the last line is cut off"));
  }
  CHECK(read(line + "\n" + line.substr(0, 20) + "\n").error_count() == 1);
}

TEST_CASE("a last line without its newline that is no beginning of JSON is a mistake") {
  for (const std::string line : {"hello", R"({"client":"a"}})", "{\"client\":\"\xff"}) {
    CAPTURE(line);
    const auto reader = read(line);
    CHECK(reader.warnings().empty());
    CHECK(reader.errors().size() == 1);
  }
}

TEST_CASE("nothing behind a byte that is zero is left out in silence") {
  const auto reader = read(good_line + std::string(1, '\0') + "\n" + good_line);
  REQUIRE(reader.errors().size() == 1);
  CHECK(contains(reader.errors()[0], "f:1: there is a byte that is zero"));
}

TEST_CASE("values that lie in each other, however deep, are a mistake") {
  for (const int levels : {2, 3, 300'000}) {
    const std::string open(static_cast<std::size_t>(levels), '[');
    const std::string close(static_cast<std::size_t>(levels), ']');
    CAPTURE(levels);
    CHECK(!mistake(changed(R"(["v"])", open + close)).empty());
    CHECK(!mistake(changed(R"("ok")", open + close)).empty());
  }
}
