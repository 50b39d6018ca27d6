// A replica that restarts from an old snapshot holds up nothing: a new leader serves new requests
// first, however long the log is that nobody could collect (docs/ARCHITECTURE.md, "Election and
// failure detection").
#include "scenarios/site.hpp"

using namespace pmmc;
using namespace pmmc::test;

namespace {

/// What near replicas may miss, two windows, and some of what the one that lags asks for.
constexpr std::uint64_t most_decisions = 200;

/// Three processes, and one replica that is as old as the cluster: nothing was ever collected.
class long_log {
public:
  explicit long_log(std::uint64_t slots, bool with_boundary = false) : s(settings()) {
    leader = s.c.active_leaders()[0];
    old = leader == role_id{"l1"} ? "2" : "1";
    third = leader == role_id{"l3"} ? "2" : "3";
    s.c.crash("r" + old);
    write(slots);
    if (with_boundary) {
      s.change("r" + third, {"a1", "a2", "a3"}, {"a4", "a5", "a6"});
      REQUIRE(s.c.run_until([&] { return slot_out(third) > s.c.config().first_slot; }, 200));
      write(500);
    }
    REQUIRE(s.c.acceptor_at("a1").state().watermark == 1);
  }

  /// `old` is back, and its replica hears no other one. The leader's process dies, and a request
  /// comes: how many slots the other leaders have decided when it is answered.
  std::uint64_t fail_over() {
    s.c.cut = [this](const role_id& from, const role_id& to) {
      const role_id mine{"r" + old};
      const auto is_replica = [](const role_id& id) { return id.view().front() == 'r'; };
      return (from == mine && is_replica(to)) ||
             (to == mine && (is_replica(from) || from == leader));
    };
    s.c.disturb({.most_delay_ticks = 1});
    s.c.restart("r" + old);
    s.c.run(40); // the leaders have heard where it stands
    REQUIRE(slot_out(old) < 10);
    const std::string dead{leader.view().substr(1)};
    for (const auto* kind : {"l", "r"})
      s.c.crash(kind + dead);
    s.c.announce_down(leader);
    s.c.announce_down("r" + dead);
    const auto before = s.c.now();
    REQUIRE(s.c.run_until([&] { return new_leader().has_value(); }, 200));
    const auto first_new = slot_out(third);
    s.d.send("c9", "r" + third, session_, ++written_, "put other x");
    REQUIRE(s.c.run_until([&] { return slot_out(third) > first_new; }, 200));
    CHECK(s.c.now() - before < 200);
    return decisions_of("l" + old) + decisions_of("l" + third);
  }

  /// With nobody but the leader to ask, the old replica gets all that it has missed.
  void catch_up_from_leader() {
    const auto end = slot_out(third);
    for (std::uint64_t n = 0; slot_out(old) < end; ++n) {
      REQUIRE_MESSAGE(n < 2 * end, "slot_out " << slot_out(old) << " of " << end);
      s.c.run(1);
      if (n % 50 == 0) { // and new requests are not held up by it
        const auto now = slot_out(third);
        s.d.send("c9", "r" + third, session_, ++written_, "put other x");
        REQUIRE(s.c.run_until([&] { return slot_out(third) > now; }, 60));
      }
    }
  }

  slot_num slot_out(const std::string& process) const {
    return s.c.replica_at("r" + process).slot_out();
  }
  std::uint64_t decisions_of(const role_id& l) const {
    return s.c.leader_at(l).counters().decisions;
  }
  std::optional<role_id> new_leader() const {
    const auto active = s.c.active_leaders();
    return active.empty() ? std::nullopt : std::optional{active[0]};
  }

  site s;
  role_id leader;
  std::string old;
  std::string third;

private:
  static script_settings settings() {
    script_settings settings;
    settings.replica.batch_requests = 1;
    settings.replica.snapshot_log_bytes = std::size_t{1} << 40;
    settings.most_save_ticks = 1'000'000'000; // nor is one at a boundary ever durable
    settings.leader.near_slots = 32;
    return settings;
  }

  void write(std::uint64_t slots) {
    if (session_ == 0)
      session_ = s.d.open("c9", "r" + third);
    while (slots > 0) {
      const auto many = std::min<std::uint64_t>(slots, 200);
      const auto acknowledged = written_;
      for (std::uint64_t i = 0; i < many; ++i)
        s.d.send("c9", "r" + third, session_, ++written_, "put other x", acknowledged);
      const auto done = [&] {
        return s.c.replica_at("r" + third).state().sessions().recorded(session_, written_);
      };
      REQUIRE(s.c.run_until([&] { return done().has_value(); }, 200));
      slots -= many;
    }
  }

  session_id session_ = 0;
  std::uint64_t written_ = 0;
};

} // namespace

TEST_CASE("a new leader serves new requests first, however long the log of a replica that lags") {
  for (const std::uint64_t slots : {400, 4'000}) {
    CAPTURE(slots);
    long_log run{slots};
    REQUIRE(run.slot_out(run.third) > slots);
    CHECK(run.fail_over() < most_decisions);
  }
}

TEST_CASE("a replica that lags and reaches no other one gets everything from the new leader") {
  long_log run{2'000};
  run.fail_over();
  run.catch_up_from_leader();
  run.s.c.cut = nullptr;
  for (const auto* kind : {"l", "r"})
    run.s.c.restart(kind + std::string{run.leader.view().substr(1)});
  run.s.c.run(300);
  run.s.works();
}

TEST_CASE("a replica that lags behind a boundary gets what lies before it from a new leader, which "
          "needs the acceptors there for nothing else") {
  long_log run{600, true};
  const auto boundary = run.s.c.config().first_slot;
  for (const auto* a : {"a1", "a2", "a3"})
    run.s.c.pause(a); // nobody that is near has any use for them
  CHECK(run.fail_over() < most_decisions);
  run.s.c.run(300);
  REQUIRE(run.new_leader().has_value());
  CHECK(run.slot_out(run.old) < boundary);
  for (const auto* a : {"a1", "a2", "a3"})
    run.s.c.resume(a);
  run.catch_up_from_leader();
}
