// Phase 1 runs in every configuration that is live, and hears each of them for itself
// (docs/RECONFIGURATION.md, rules 3 and 4). Message by message: what was chosen is known to a
// single acceptor that is still up, on either side of the boundary.
#include "scenarios/site.hpp"

using namespace pmmc;
using namespace pmmc::test;

namespace {

constexpr std::uint64_t window = 8;

bool is_any_of(const role_id& id, const std::vector<role_id>& ids) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Slot s holds a reconfiguration; the slots s+1 to s+WINDOW hold a letter each. All of them are
/// chosen, but only the first is known to be, and by replicas only.
class unfinished {
public:
  /// Acceptors `asked` are the two of each configuration that accepted.
  unfinished(const std::vector<role_id>& remove, const std::vector<role_id>& add,
             std::vector<role_id> asked_of_old, std::vector<role_id> asked_of_new)
      : s(settings()), asked_of_old_(std::move(asked_of_old)),
        asked_of_new_(std::move(asked_of_new)) {
    leader = s.c.active_leaders()[0];
    proposer = std::string{"r"} + std::string{leader.view().substr(1)};
    const auto session = s.d.open("c9", proposer);
    s.send_change(proposer, remove, add);
    s.c.flow([](const letter& f) { return !is<decision>(f); }); // the change is chosen: slot s
    std::uint64_t number = 0;
    for (; number < window; ++number) {
      const std::string letter(1, static_cast<char>('a' + number));
      s.d.send("c9", proposer, session, number + 1, "append story " + letter);
    }
    const auto leads_nowhere = [](const letter& f) { return is<p2b>(f) || is<decision>(f); };
    const auto arrives = [&](const letter& f) { return !leads_nowhere(f) && is_asked(f); };
    s.c.flow(arrives);
    s.c.deliver([&](const letter& f) { return is<decision>(f) && f.to == proposer; });
    for (int ticks = 0; ticks < 150; ++ticks) { // until the processes let the new ones in
      s.c.flow(arrives);
      s.c.tick();
    }
    s.c.flow(arrives);
    s.c.drop([](const letter& f) { return is<p2a>(f) || is<p2b>(f); });
    boundary = s.c.config().first_slot;
    REQUIRE(s.c.config().version == 2);
    for (auto slot = boundary - window + 1; slot <= boundary; ++slot)
      REQUIRE(s.c.checkers().log().is_chosen(slot)); // and nobody knows
    REQUIRE(s.c.replica_at(proposer).slot_out() == boundary - window + 1);
    s.c.crash(leader);
    s.c.crash(proposer);
  }

  /// Runs until somebody performs what was chosen, and demands that it is that.
  void finish() {
    const role_id other = proposer == role_id{"r1"} ? "r2" : "r1";
    REQUIRE(s.c.run_until([&] { return s.c.replica_at(other).slot_out() > boundary; }, 1'000));
    const auto story = s.d.read("c9", other, "story");
    REQUIRE(story);
    CHECK(story->body == "abcdefgh");
  }

  site s;
  role_id leader;
  role_id proposer;
  slot_num boundary = 0;

private:
  static script_settings settings() {
    script_settings settings;
    settings.window = window;
    settings.replica.batch_requests = 1;
    return settings;
  }

  bool is_asked(const letter& f) const {
    const auto* ask = get<p2a>(f);
    return ask == nullptr || is_any_of(f.to, ask->version == 1 ? asked_of_old_ : asked_of_new_);
  }

  std::vector<role_id> asked_of_old_;
  std::vector<role_id> asked_of_new_;
};

} // namespace

TEST_CASE("a new leader learns what was chosen from the acceptors of every live configuration") {
  unfinished u{{"a1", "a2", "a3"}, {"a4", "a5", "a6"}, {"a1", "a2"}, {"a4", "a5"}};
  u.s.c.crash("a1");
  u.s.c.crash("a4");
  u.finish();
}

TEST_CASE("an acceptor of both configurations is asked for each, and its answer counts for one") {
  // a1 is dead, so the old configuration needs a2 and a3; the letters are with a3 alone. What a3
  // says of the new configuration comes first, and holds none of them.
  unfinished u{{"a1", "a2"}, {"a4", "a5"}, {"a1", "a3"}, {"a3", "a4"}};
  u.s.c.crash("a1");
  const auto about_old = [](const letter& f) {
    const auto* promise = get<p1b>(f);
    return promise != nullptr && promise->version == 1;
  };
  const auto is_known = [&] {
    for (const auto& l : u.s.c.active_leaders())
      if (l != u.leader)
        return true;
    return false;
  };
  for (int ticks = 0; ticks < 1'000 && !is_known(); ++ticks) {
    u.s.c.flow([&](const letter& f) { return !about_old(f); });
    u.s.c.deliver([&](const letter& f) { return about_old(f) && f.from == role_id{"a2"}; });
    u.s.c.flow([&](const letter& f) { return !about_old(f); });
    u.s.c.flow([](const letter&) { return true; });
    u.s.c.tick();
  }
  u.finish();
}
