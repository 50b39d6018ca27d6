#include "text/records.hpp"

#include "text/escape.hpp"
#include "unit/kv/random_bytes.hpp"

#include <doctest/doctest.h>
#include <sstream>

using namespace pmmc::text;

namespace {

/// Every record as "LINE KEY=VALUE" or "LINE error".
std::vector<std::string> read_all(const std::string& file, const std::string& name,
                                  record_options options = {}) {
  std::istringstream in{file};
  record_reader reader{in, name, options};
  std::vector<std::string> all;
  while (auto r = reader.next()) {
    auto line = std::to_string(r->line) + " ";
    all.push_back(line + (r->ok() ? r->key + "=" + r->value : "error: " + r->error));
  }
  CHECK(reader.bytes_read() == file.size());
  return all;
}

using lines = std::vector<std::string>;

record_options key_column(std::size_t n) { return {.format = {}, .key_column = n}; }

void check_one_error(const lines& all, std::size_t index, const std::string& part) {
  REQUIRE(index < all.size());
  CAPTURE(all[index]);
  CHECK(all[index].find("error: ") != std::string::npos);
  CHECK(all[index].find(part) != std::string::npos);
}

/// A file whose disk fails behind `good`.
class failing_file : public std::streambuf {
public:
  explicit failing_file(std::string good) : good_(std::move(good)) {
    setg(good_.data(), good_.data(), good_.data() + good_.size());
  }

private:
  int_type underflow() override { throw std::runtime_error{"input/output error"}; }

  std::string good_;
};

} // namespace

TEST_CASE("a record that a read error cuts off is none") {
  failing_file file{"a\t1\nb\tcut o"};
  std::istream in{&file};
  const auto read_everything = [&] {
    record_reader reader{in, "keys.tsv"};
    while (const auto r = reader.next())
      CHECK(r->key == "a");
  };
  CHECK_THROWS_AS(read_everything(), unreadable);
}

TEST_CASE("the format is found by name, then by the first line") {
  CHECK(detect_format("a.csv", "a\tb") == record_format::csv);
  CHECK(detect_format("a.CSV", "") == record_format::csv);
  CHECK(detect_format("a.txt", "a\tb") == record_format::tsv);
  CHECK(detect_format("-", "a b") == record_format::lines);
  CHECK(to_string(record_format::tsv) == "TSV");
}

TEST_CASE("plain lines have their numbers as values") {
  CHECK(read_all("", "words").empty());
  CHECK(read_all("one\n\ntwo\r\nthree", "words") == lines{"1 one=1", "3 two=3", "4 three=4"});
  CHECK(read_all("\xEF\xBB\xBFone\n", "words") == lines{"1 one=1"});
  CHECK(read_all("a\tb\n", "x", {record_format::lines, 1, 100}) == lines{"1 a\tb=1"});
}

TEST_CASE("TSV is unescaped") {
  CHECK(read_all("a\t1\n\nb\\tc\t\\x41\\n\\\\\r\nd\t", "f") ==
        lines{"1 a=1", "3 b\tc=A\n\\", "4 d="});
}

TEST_CASE("TSV with more columns keeps the others as a row") {
  CHECK(read_all("a\t1\tx\\ty\nb\t2\tz", "f") == lines{"1 a=1\tx\\ty", "2 b=2\tz"});
  CHECK(read_all("a\t1\n", "f", key_column(2)) == lines{"1 1=a"});
  CHECK(read_all("a\tb\tc\n", "f", key_column(3)) == lines{"1 c=a\tb"});
}

TEST_CASE("TSV with a deadline in some rows") {
  const std::string file = "a\t1\nb\t2\t1700000000000\nc\t3\n";
  CHECK(read_all(file, "f") == lines{"1 a=1", "2 b=2", "3 c=3"});
  std::istringstream in{file};
  record_reader reader{in, "f"};
  CHECK_FALSE(reader.next()->deadline_ms);
  CHECK(reader.next()->deadline_ms == 1'700'000'000'000);
  CHECK_FALSE(reader.next()->deadline_ms);
  CHECK(read_all("b\t2\t1700000000000\na\t1\n", "f") == lines{"1 b=2", "2 a=1"});
  // Files of three columns are what they were.
  CHECK(read_all("key\tvalue\twhen\nb\t2\t1700000000000\n", "f") ==
        lines{"1 key=value\twhen", "2 b=2\t1700000000000"});
  CHECK(read_all("b\t2\t17\n", "f") == lines{"1 b=2\t17"});
  CHECK(read_all("b\t2\t-1700000000000\n", "f") == lines{"1 b=2\t-1700000000000"});
  CHECK(read_all("b\t2\t17000000000000000000\n", "f") == lines{"1 b=2\t17000000000000000000"});
  CHECK(read_all("b\t2\t1700000000000\n", "f", key_column(2)) == lines{"1 2=b\t1700000000000"});
  record_options none;
  none.deadlines = false;
  CHECK(read_all("b\t2\t1700000000000\n", "f", none) == lines{"1 b=2\t1700000000000"});
}

TEST_CASE("TSV mistakes are told by line, and reading goes on") {
  auto all = read_all("a\t1\nb\n\t3\nc\t\\q\nd\t4\te\nf\t6\n", "f");
  REQUIRE(all.size() == 6);
  check_one_error(all, 1, "2 error: this row has 1 column, the first one 2");
  check_one_error(all, 2, "is empty");
  check_one_error(all, 3, "byte 3");
  check_one_error(all, 4, "3 columns");
  CHECK(all[5] == "6 f=6");
  check_one_error(read_all("a\tb\n", "f", key_column(3)), 0, "there is no column 3");
  check_one_error(read_all("a\tb\n", "f", key_column(0)), 0, "there is no column 0");
}

TEST_CASE("CSV as in RFC 4180") {
  CHECK(read_all("a,1\r\nb,2\n", "f.csv") == lines{"1 a=1", "2 b=2"});
  CHECK(read_all("\"a,b\",\"say \"\"x\"\"\"\r\n", "f.csv") == lines{"1 a,b=say \"x\""});
  CHECK(read_all("\"a\nb\",\"1\r\n\"\nc,2", "f.csv") == lines{"1 a\nb=1\r\n", "4 c=2"});
  CHECK(read_all("a,\n\nb,\"\"\n", "f.csv") == lines{"1 a=", "3 b="});
  CHECK(read_all("a b, c d \n", "f.csv") == lines{"1 a b= c d "});
  CHECK(read_all("a,5\" disk\n", "f.csv") == lines{"1 a=5\" disk"});
  CHECK(read_all("only\nkeys\n", "f.csv") == lines{"1 only=1", "2 keys=2"});
}

TEST_CASE("CSV with more columns keeps the others as a row") {
  CHECK(read_all("a,\"1,2\",\"x\"\"y\"\nb,3,4\n", "f.csv") ==
        lines{"1 a=\"1,2\",\"x\"\"y\"", "2 b=3,4"});
  CHECK(read_all("a,b,c\n", "f.csv", key_column(2)) == lines{"1 b=a,c"});
  CHECK(read_all("a,b\n", "f.csv", key_column(2)) == lines{"1 b=a"});
}

TEST_CASE("CSV mistakes are told by line, and reading goes on") {
  auto all = read_all("a,1\n\"b\"x,2\nc\n,4\nd,5\n\"e,6\n", "f.csv");
  REQUIRE(all.size() == 6);
  check_one_error(all, 1, "2 error: something follows a closing quote");
  check_one_error(all, 2, "this row has 1 column");
  check_one_error(all, 3, "is empty");
  CHECK(all[4] == "5 d=5");
  check_one_error(all, 5, "the quote that opens in line 6 is never closed");
}

TEST_CASE("what is too long is skipped, not held") {
  std::string large(200'000, 'x');
  for (const auto* name : {"lines", "f.csv"}) {
    auto all = read_all("a\n" + large + "\nb\n", name, {{}, 1, 1'000});
    REQUIRE(all.size() == 3);
    check_one_error(all, 1, "2 error: the record is longer than 1000 bytes");
    CHECK(all[2] == "3 b=3");
  }
  auto quoted = read_all("a\n\"" + large + "\"\nb\n", "f.csv", {{}, 1, 1'000});
  REQUIRE(quoted.size() == 3);
  check_one_error(quoted, 1, "longer");
  check_one_error(read_all(std::string(10'000, ','), "f.csv"), 0, "more than 4096 columns");
  check_one_error(read_all(std::string(10'000, '\t'), "f"), 0, "more than 4096 columns");
}

TEST_CASE("lines longer than the buffer are read whole") {
  std::string large(300'000, 'x');
  CHECK(read_all("a\t" + large + "\nb\t1\n", "f") == lines{"1 a=" + large, "2 b=1"});
  CHECK(read_all("a,\"" + large + "\"\nb,1\n", "f.csv") == lines{"1 a=" + large, "2 b=1"});
}

TEST_CASE("escaped keys and values come back from TSV") {
  CAPTURE(pmmc::testing::seed);
  std::mt19937_64 random{pmmc::testing::seed};
  std::vector<std::pair<std::string, std::string>> written;
  std::string file;
  for (int i = 0; i < 3'000; ++i) {
    auto key = pmmc::testing::random_bytes(random, 20) + "k"; // not empty
    auto value = pmmc::testing::random_bytes(random, 60);
    file += escape(key) + "\t" + escape(value) + "\n";
    written.emplace_back(std::move(key), std::move(value));
  }
  std::istringstream in{file};
  record_reader reader{in, "f"};
  CHECK(reader.format() == record_format::tsv);
  for (const auto& [key, value] : written) {
    auto r = reader.next();
    REQUIRE(r);
    CHECK(r->key == key);
    CHECK(r->value == value);
  }
  CHECK_FALSE(reader.next());
}

TEST_CASE("any bytes end in records or errors") {
  CAPTURE(pmmc::testing::seed);
  std::mt19937_64 random{pmmc::testing::seed};
  constexpr std::string_view letters = "ab,\"\n\r\t\\x4\xff";
  for (int i = 0; i < 3'000; ++i) {
    std::string file(random() % 60, ' ');
    for (char& c : file)
      c = letters[random() % letters.size()];
    for (const auto* name : {"f", "f.csv"})
      for (const auto& line : read_all(file, name, key_column(random() % 3)))
        CHECK_FALSE(line.empty());
  }
}
