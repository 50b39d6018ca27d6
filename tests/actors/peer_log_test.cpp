#include "node/peer_log.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

TEST_CASE("refusals: each process once, until it changes") {
  refusal_log log;
  CHECK(log.is_news("host1:1", "its window is 16"));
  CHECK_FALSE(log.is_news("host1:1", "its window is 16"));
  CHECK(log.is_news("host2:1", "its window is 16"));
  CHECK(log.is_news("host1:1", "its window is 64"));
  log.over("host1:1");
  CHECK(log.is_news("host1:1", "its window is 64"));
}

TEST_CASE("refusals: strangers fill no memory") {
  refusal_log log;
  for (std::size_t i = 0; i <= refusal_log::most_remembered; ++i)
    CHECK(log.is_news(std::to_string(i), "no"));
  CHECK(log.is_news("0", "no")); // forgotten
}

TEST_CASE("refusals: nor with long names or reasons") {
  refusal_log log;
  const std::string long_one(100'000, 'x');
  CHECK(log.is_news(long_one + "1", long_one + "1"));
  CHECK_FALSE(log.is_news(long_one + "2", long_one + "2"));
  log.over(long_one + "3");
  CHECK(log.is_news(long_one, long_one));
}

} // namespace pmmc::test
