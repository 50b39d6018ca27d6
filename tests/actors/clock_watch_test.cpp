// What a process says of the replicas' clocks, and when.
#include "node/clock_watch.hpp"

#include "actors/captured_log.hpp"
#include "node/clock_text.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

constexpr std::int64_t today = 1'700'000'000'000;
constexpr std::int64_t days_400 = 400LL * 86'400'000;

/// The process of r1; what it logs.
struct watched_clocks {
  watched_clocks() {
    watch.set_replicas({{"r1", "h1:1"}, {"r2", "h2:1"}, {"r3", "h3:1"}}, {"r1"});
    spdlog::set_pattern("%l %v");
  }

  void beats(unsigned count, std::int64_t r1 = 0, std::int64_t r2 = 0, std::int64_t r3 = 0) {
    for (; count > 0; --count) {
      now += 100;
      watch.heard("r2", today + now + r2, now);
      watch.heard("r3", today + now + r3, now);
      agreed = watch.beat({today + now + r1, now});
    }
  }
  std::string told() { return log.take(); }

  captured_log log;
  clock_watch watch;
  std::int64_t now = 0;
  std::optional<std::int64_t> agreed;
};

} // namespace

TEST_CASE_FIXTURE(watched_clocks, "a wrong clock is named once, and once more when it is right") {
  beats(20);
  CHECK(told() == "");
  beats(clock_watch::beats_until_told - 1, 0, 0, days_400);
  CHECK(agreed == today + now); // refused all the same
  beats(1);                     // a process that was stopped hears old news for a moment
  CHECK(told() == "");
  beats(20, 0, 0, days_400);
  const auto warning = told();
  CHECK(warning.starts_with("warning the clock of r3 (h3:1) is 400 days ahead of "));
  CHECK(std::count(warning.begin(), warning.end(), '\n') == 1);
  beats(20, 0, 0, 3);
  CHECK(told() == "info the clock of r3 (h3:1) is right again (0.0 s ahead)\n");
  beats(20, -kv::max_clock_skew_ms - 1);
  CHECK(told().starts_with("warning the clock of r1 (h1:1, this process) is 10.0 s behind what "));
}

TEST_CASE_FIXTURE(watched_clocks, "one that is wrong now and then, for a moment, is not blamed") {
  for (int i = 0; i < 10; ++i) {
    beats(clock_watch::beats_until_told - 1, 0, 0, days_400);
    beats(1);
  }
  CHECK(told() == "");
}

TEST_CASE_FIXTURE(watched_clocks, "who was removed and comes back is told of anew") {
  beats(20, 0, 0, days_400);
  CHECK(told() != "");
  watch.set_replicas({{"r1", "h1:1"}, {"r2", "h2:1"}}, {"r1"});
  beats(20, 0, 0, days_400);
  watch.set_replicas({{"r1", "h1:1"}, {"r2", "h2:1"}, {"r3", "h9:1"}}, {"r1"});
  CHECK(told() == "");
  beats(20, 0, 0, days_400);
  CHECK(told().starts_with("warning the clock of r3 (h9:1) is 400 days ahead of "));
}

TEST_CASE_FIXTURE(watched_clocks, "a process without a replica has no clock that counts") {
  watch.set_replicas({{"r2", "h2:1"}, {"r3", "h3:1"}}, {});
  beats(1, days_400);
  const auto s = watch.status({today + now + days_400, now});
  CHECK(s.agreed_ms == today + now);
  CHECK(s.skew_ms == 0);
  CHECK(clock_trouble(s).empty());
}

TEST_CASE_FIXTURE(watched_clocks, "what the own clock is and what most of them say") {
  CHECK(!watch.status({today, 0}).agreed);
  beats(1, days_400);
  const auto s = watch.status({today + now + days_400, now});
  CHECK(s.agreed);
  CHECK(s.agreed_ms == today + now);
  CHECK(s.skew_ms == days_400);
  CHECK(clock_trouble(s) == "its clock is 400 days ahead, so keys' deadlines ignore it");
  CHECK(clock_trouble(watch.status({today + now + 9'000, now})).empty());
  now += kv::max_reading_age_ms + 1; // nobody is heard any more
  CHECK(!watch.beat({today + now, now}));
  CHECK(!watch.status({today + now, now}).agreed);
}

TEST_CASE_FIXTURE(watched_clocks, "a log time that is far ahead is told of") {
  watch.see_log_time(today + kv::max_clock_skew_ms);
  beats(20);
  CHECK(told() == "");
  watch.see_log_time(static_cast<kv::log_time>(today + days_400));
  beats(20);
  CHECK(told().starts_with("warning the log time is 400 days ahead of "));
  watch.see_log_time(static_cast<kv::log_time>(today));
  beats(20);
  CHECK(told() == "info the log time is right again\n");
}

TEST_CASE("times and differences in words") {
  CHECK(skew_text(0) == "0.0 s ahead");
  CHECK(skew_text(-12'500) == "12.5 s behind");
  CHECK(skew_text(600'000) == "10.0 minutes ahead");
  CHECK(skew_text(3 * 3'600'000 + 1'800'000) == "3.5 hours ahead");
  CHECK(utc_text(today + 7) == "2023-11-14T22:13:20.007Z");
}

} // namespace pmmc::test
