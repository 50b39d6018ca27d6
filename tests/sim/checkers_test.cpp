// Each checker sees what it is there for.
#include "sim/checkers/acceptor_checker.hpp"
#include "sim/checkers/leader_checker.hpp"
#include "sim/checkers/log_checker.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/world.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::sim;

namespace {

const ballot_num first{1, "l1"};
const ballot_num later{2, "l2"};
const command x{"x"};
const command y{"y"};

/// The name of the invariant that `action` breaks, or "".
template <class Action>
std::string broken_by(const Action& action) {
  try {
    action();
  } catch (const violation& v) {
    const std::string what = v.what();
    return what.substr(0, what.find(':'));
  }
  return {};
}

/// Three acceptors, 0 to 2, and their log.
struct three_acceptors {
  configuration_book book{
      [](const role_id& id) { return static_cast<std::size_t>(id.view().back() - '1'); }};
  log_checker log{book};

  three_acceptors() {
    configuration config;
    config.acceptors = {{"a1", "h:1"}, {"a2", "h:2"}, {"a3", "h:3"}};
    config.leaders = {{"l1", "h:1"}};
    config.replicas = {{"r1", "h:1"}};
    book.add(config);
  }
  void promise(const ballot_num& b, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      log.promised(i, p1b{.acceptor = {}, .version = 1, .asked = b, .ballot = b, .accepted = {}});
  }
};

} // namespace

TEST_CASE("log checker: C2 a minority's promise, or another value than the chosen one") {
  three_acceptors c;
  c.promise(first, 1);
  CHECK(broken_by([&] { c.log.asked(p2a{"l1", 1, {first, 1, x}}); }) == "C2");
  c.promise(first, 2);
  CHECK(broken_by([&] { c.log.asked(p2a{"l1", 1, {first, 1, x}}); }) == "");
  CHECK_FALSE(c.log.accepted(0, 1, {first, 1, x}));
  CHECK_FALSE(c.log.accepted(0, 1, {first, 1, x})); // the same acceptor again
  CHECK(c.log.accepted(1, 1, {first, 1, x}));
  c.promise(later, 2);
  CHECK(broken_by([&] { c.log.asked(p2a{"l2", 1, {later, 1, y}}); }) == "C2");
  CHECK(broken_by([&] { c.log.asked(p2a{"l2", 1, {later, 1, x}}); }) == "");
}

TEST_CASE("log checker: C1 and A4 two values at one ballot, R1 another decision, F2 versions") {
  three_acceptors c;
  c.promise(first, 2);
  c.log.asked(p2a{"l1", 1, {first, 1, x}});
  CHECK(broken_by([&] { c.log.asked(p2a{"l1", 1, {first, 1, y}}); }) == "C1");
  CHECK(broken_by([&] { c.log.accepted(0, 1, {first, 1, y}); }) == "A4");
  CHECK(broken_by([&] { c.log.decided(1, x); }) == "R1");
  c.log.accepted(0, 1, {first, 1, x});
  c.log.accepted(2, 1, {first, 1, x});
  CHECK(broken_by([&] { c.log.decided(1, x); }) == "");
  CHECK(broken_by([&] { c.log.decided(1, y); }) == "R1");
  CHECK(broken_by([&] { c.log.accepted(0, 2, {first, 2, x}); }) == "F1");
}

TEST_CASE("acceptor checker: A1, A2, A3, D1 and D2") {
  acceptor_checker c;
  c.persisted(0, promise_record{1, later});
  CHECK(broken_by([&] { c.persisted(0, promise_record{1, first}); }) == "A1");
  CHECK(broken_by([&] { c.persisted(0, accept_record{1, {first, 1, x}}); }) == "A2");
  p1b told{.acceptor = "a1", .version = 1, .asked = later, .ballot = later, .accepted = {}};
  CHECK(broken_by([&] { c.sent(0, told); }) == "");
  CHECK(broken_by([&] { c.sent(1, told); }) == "D1");
  const p2b voted{.acceptor = "a1", .version = 1, .asked = later, .ballot = later, .slot = 1};
  CHECK(broken_by([&] { c.sent(0, voted); }) == "D1");
  c.persisted(0, accept_record{1, {later, 1, x}});
  CHECK(broken_by([&] { c.sent(0, voted); }) == "");
  const ballot_num third{3, "l1"};
  c.persisted(0, promise_record{1, third});
  told.asked = told.ballot = third;
  CHECK(broken_by([&] { c.sent(0, told); }) == "A3"); // it leaves out the vote in slot 1
  told.accepted.push_back({later, 1, x});
  CHECK(broken_by([&] { c.sent(0, told); }) == "");
  CHECK(broken_by([&] {
          c.sent(0, read_probe_reply{.acceptor = "a1", .round = 1, .version = 1, .highest = 0});
        }) == "A3");
  CHECK(broken_by([&] { c.recovered(0, acceptor_state{}); }) == "D2");
  c.persisted(0, collect_record{2});
  CHECK(broken_by([&] { c.persisted(0, accept_record{1, {third, 1, x}}); }) == "A3");
}

TEST_CASE("acceptor checker: D2 a p2b that tells of no vote leaves the disk as it is") {
  acceptor_checker c;
  c.persisted(0, collect_record{5});
  const p2b refused{
      .acceptor = "a1", .version = 3, .asked = first, .ballot = {}, .slot = 2, .watermark = 5};
  CHECK(broken_by([&] { c.sent(0, refused); }) == "");
  acceptor_state found;
  found.watermark = 5;
  CHECK(broken_by([&] { c.recovered(0, found); }) == "");
}

TEST_CASE("leader checker: L3 no ballot is used before it is durable, nor in two lives") {
  leader_checker c;
  c.started(0);
  CHECK(broken_by([&] { c.used(0, "l1", first); }) == "L3");
  c.seqnum_saved(0, 2);
  CHECK(broken_by([&] { c.used(0, "l1", first); }) == "");
  c.started(0);
  CHECK(broken_by([&] { c.used(0, "l1", first); }) == "L3");
  CHECK(broken_by([&] { c.used(0, "l1", {1, "l2"}); }) == "L3");
}

TEST_CASE("fold: what a slot's decision adds up to can be asked for later") {
  const auto s = choose_scenario(1);
  world w{s};
  CHECK(w.checkers.truth().slot_out() == 1);
  CHECK(w.checkers.truth().fingerprint_before(1) == state_before_slot_1(s)->fingerprint());
}
