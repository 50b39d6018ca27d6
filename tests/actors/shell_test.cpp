#include "shell.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

TEST_CASE("late ticks: one that is late stands for those that were missed, up to half a one") {
  using namespace std::chrono_literals;
  std::chrono::steady_clock::time_point now{50s + 3ms};
  late_ticks ticks{now};
  const auto after = [&](auto time) { return ticks.due(now += time); };
  CHECK(after(7ms) == 1);
  CHECK(after(11ms) == 1);
  CHECK(after(0ms) == 1); // two at once: the core's tick is never skipped
  CHECK(after(250ms) == 25);
  CHECK(after(10ms) == 1);
  CHECK(after(1min) == 50);
  CHECK(after(10ms) == 1);
}

} // namespace pmmc::test
