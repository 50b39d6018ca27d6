// The one host of the search, with a part that is made for it: a sum, each of whose summands is a
// record.
#include "search/part_host.hpp"

#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace pmmc;
using namespace pmmc::search;

namespace {

struct add {
  std::vector<int> summands;
};
struct break_down {};
struct other {};

struct letter {
  role_id to;
  std::variant<add, break_down, other> body;
};

struct sum_outputs {
  std::vector<letter> send_early;
  std::vector<int> persist;
  std::vector<letter> send;

  bool empty() const { return send_early.empty() && persist.empty() && send.empty(); }
};

/// Tells "early" of what is not durable, "now" of what is, and "then" when it hears that it is.
class sum {
public:
  sum() = default;
  explicit sum(int value) : value_(value) {}

  void on(const add& m) {
    for (const auto summand : m.summands)
      value_ += summand;
    out_ = {{{"early", m}}, m.summands, {{"now", m}}};
  }
  void on(const break_down&) { PMMC_INVARIANT(value_ < 0, "the sum is negative"); }
  void on_tick() {}
  void on_peer_down(const role_id&) {}
  void persisted(const std::vector<int>& records) {
    if (!records.empty())
      out_.send.push_back({"then", add{records}});
  }
  sum_outputs take() { return std::exchange(out_, {}); }

  int value() const { return value_; }

private:
  int value_ = 0;
  sum_outputs out_;
};

struct sum_on_disk {
  int value = 0;

  void apply(int summand) { value += summand; }
};

struct sum_process {
  sum core;
  sum_on_disk disk;
};

struct tick {};
using sum_input = std::variant<const letter*, crash, tick>;
using sum_outcome = part_outcome<sum_process, letter>;

class sum_host final : public part_host<sum_process, sum_input, sum_outcome> {
  void restart(running& s) const override { s.now.core = sum{s.now.disk.value}; }
  bool choose(running&, const sum_input&) const override { return false; }
};

std::string sent(const sum_outcome& out) {
  std::string text;
  for (const auto& e : out.sent)
    text += e.to.str() + " ";
  return text;
}

sum_outcome step(const letter& m, cut survives = {}) {
  return sum_host{}.step(sum_process{}, &m, survives);
}

const letter adds{"sum", add{{1, 2}}};

} // namespace

TEST_CASE("the host carries out all outputs, in their order") {
  const auto out = step(adds);
  CHECK(out.happened);
  CHECK(out.records == 2);
  CHECK(out.acts_early);
  CHECK(out.after.disk.value == 3);
  CHECK(sent(out) == "early now then ");
}

TEST_CASE("a step that ends between two records leaves those before, and nothing that waits") {
  for (const unsigned written : {0U, 1U}) {
    const auto out = step(adds, written);
    CHECK(out.happened);
    CHECK(out.after.disk.value == static_cast<int>(written));
    CHECK(out.after.core.value() == out.after.disk.value);
    CHECK(sent(out) == "early ");
  }
}

TEST_CASE("who crashes starts again with what is durable") {
  const auto out = sum_host{}.step({sum{7}, {5}}, crash{});
  CHECK(out.happened);
  CHECK(out.after.core.value() == 5);
  CHECK(out.after.disk.value == 5);
  CHECK(out.sent.empty());
}

TEST_CASE("an assertion of the part that fails is a fault of the step") {
  const auto out = step({"sum", break_down{}});
  CHECK(out.happened);
  CHECK(out.fault.starts_with("the sum is negative"));
}

TEST_CASE("what a part does not take, or the search does not choose, does not happen") {
  CHECK_FALSE(step({"sum", other{}}).happened);
  CHECK_FALSE(sum_host{}.step(sum_process{}, tick{}).happened);
}
