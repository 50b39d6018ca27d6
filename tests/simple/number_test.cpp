// Proposal numbers: three forms with one order, and whose is which.
#include "consensus/simple/number.hpp"
#include "consensus/simple/server_group.hpp"
#include "simple/helpers.hpp"

#include <doctest/doctest.h>

#include <charconv>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

constexpr std::uint64_t most_servers = 12;
constexpr std::uint64_t most_values = 150;

/// "n.server" as the decimal fraction that it looks like.
double value_of(const std::string& decimal) {
  double value = 0;
  std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
  return value;
}

} // namespace

TEST_CASE("numbers, form (a): of n servers, server k uses k, k + n, k + 2n, …") {
  const numbering four{4};
  number_or_none last;
  for (const std::uint64_t expected : {0, 4, 8, 12}) {
    last = four.next_above(last, 0);
    CHECK(last->value == expected);
  }
  CHECK(four.next_above({}, 3).value == 3);
  CHECK(four.next_above(proposal_number{3}, 3).value == 7);
}

TEST_CASE("numbers: the next one of mine is the least of mine that is higher") {
  for (std::uint64_t servers = 1; servers <= most_servers; ++servers) {
    const numbering numbers{servers};
    for (server_index mine = 0; mine < servers; ++mine) {
      CHECK(numbers.next_above({}, mine).value == mine);
      for (std::uint64_t other = 0; other < most_values; ++other) {
        auto least = other + 1;
        while (least % servers != mine)
          ++least;
        CHECK(numbers.next_above(proposal_number{other}, mine).value == least);
      }
    }
  }
}

TEST_CASE("numbers: the forms translate into each other, and have the same order") {
  for (std::uint64_t servers = 1; servers <= most_servers; ++servers) {
    const numbering numbers{servers};
    for (std::uint64_t value = 0; value < most_values; ++value) {
      const proposal_number number{value};
      const auto pair = numbers.to_pair(number);
      const auto decimal = numbers.to_decimal(number);
      CHECK(pair.server == numbers.owner(number));
      CHECK(pair.server < servers);
      CHECK(numbers.from_pair(pair) == number);
      CHECK(numbers.from_decimal(decimal) == number);
      const proposal_number next{value + 1};
      CHECK(number < next);
      CHECK(pair < numbers.to_pair(next));
      CHECK(value_of(decimal) < value_of(numbers.to_decimal(next)));
    }
  }
}

TEST_CASE("numbers: every pair, and every decimal, is one number") {
  for (std::uint64_t servers = 1; servers <= most_servers; ++servers) {
    const numbering numbers{servers};
    for (server_index server = 0; server < servers; ++server) {
      for (std::uint64_t n = 0; n < 20; ++n) {
        const auto number = numbers.from_pair({server, n});
        CHECK(numbers.to_pair(number) == number_pair{server, n});
        CHECK(number.value == n * servers + server);
      }
    }
  }
}

TEST_CASE("numbers, form (b): pairs are ordered by n, then by server") {
  CHECK(number_pair{3, 1} < number_pair{0, 2});
  CHECK(number_pair{0, 1} < number_pair{1, 1});
  CHECK(number_pair{2, 7} == number_pair{2, 7});
}

TEST_CASE("numbers, form (c): n.server, and nothing else") {
  CHECK(numbering{4}.to_decimal({9}) == "2.1");
  CHECK(numbering{10}.to_decimal({39}) == "3.9");
  CHECK(numbering{11}.to_decimal({13}) == "1.02");
  CHECK(numbering{1}.to_decimal({5}) == "5.0");
  for (const char* wrong :
       {"", ".", "1", "1.", ".1", "1.4", "1.1x", "x1.1", "01.1", "1.01", "+1.1", "1.-1", " 1.1",
        "1,1", "99999999999999999999.1", "4611686018427387904.1"})
    CHECK_FALSE(numbering{4}.from_decimal(wrong));
  CHECK_FALSE(numbering{11}.from_decimal("1.2"));
}

TEST_CASE("numbers: nothing is below every number") {
  CHECK(number_or_none{} < proposal_number{0});
  CHECK_FALSE(number_or_none{proposal_number{0}} < proposal_number{0});
}

TEST_CASE("numbers: a group knows its quorum, and whose number is whose") {
  const auto group = group_of(4, 1);
  CHECK(group->quorum() == 3);
  CHECK(group_of(5)->quorum() == 3);
  CHECK(group_of(1)->quorum() == 1);
  CHECK(group->next_above(proposal_number{1}) == proposal_number{5});
  CHECK(group->is_owner("s1", {5}));
  CHECK_FALSE(group->is_owner("s2", {5}));
  CHECK_FALSE(group->is_owner("stranger", {5}));
  CHECK_FALSE(group->is_owner("s1", {numbering::largest + 1}));
}
