// Seeded runs: messages are lost, repeated, late and out of order, servers crash wherever it hurts,
// the network falls apart; the checker looks on at each event. Then all that ends, and everything
// must get chosen. PMMC_SEED=n runs one seed, PMMC_RUNS=n that many.
#include "seeds.hpp"
#include "simple/cluster.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

cluster::settings settings_for(std::uint64_t seed) {
  random_source random{seed * 7919};
  const auto up_to = [&](std::uint64_t most) {
    return static_cast<unsigned>(1 + random.below(most));
  };
  cluster::settings s;
  s.seed = seed;
  s.servers = seed % 7 == 0 ? 5 : seed % 11 == 0 ? 4 : seed % 13 == 0 ? 2 : seed % 17 == 0 ? 1 : 3;
  s.core.window = up_to(12);
  s.core.announce_ticks = up_to(10);
  s.core.stalled_ticks = up_to(20);
  s.core.page_bytes = random.below(2) == 0 ? 1 : 1'000; // a value a page
  s.core.proposing.pipeline_slots = up_to(4);
  s.core.proposing.fill_slots = up_to(8);
  s.core.proposing.max_queued = up_to(10);
  s.core.proposing.proposing.resend_ticks = up_to(20);
  s.core.reading.resend_ticks = up_to(20);
  return s;
}

/// What a seed does to its cluster.
class run {
public:
  explicit run(std::uint64_t seed) : c_(settings_for(seed)), random_(seed * 104'729) {
    loss_percent_ = random_.below(4) == 0 ? 0 : random_.below(30);
    crash_percent_ = random_.below(3) == 0 ? 0 : random_.below(4);
    is_often_lazy_ = random_.below(3) == 0;
  }

  void disturb(int events) {
    while (events-- > 0) {
      c_.is_lazy = is_often_lazy_ && random_.below(4) != 0;
      switch (random_.below(20)) {
      case 0:
      case 1:
      case 2:
        propose();
        break;
      case 3:
        break_something();
        break;
      case 4:
        if (const auto server = some_server(); c_.is_up(server))
          serve(server);
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        if (const auto server = some_server(); c_.is_up(server))
          c_.tick(server);
        break;
      default:
        pass_on();
      }
    }
  }

  /// No more faults, but for servers that stay down; a majority is up.
  void end_well() {
    c_.is_lazy = false;
    c_.heal();
    for (std::size_t i = 0; i < c_.size(); ++i) {
      const bool may_stay_down = 2 * c_.up() > c_.size() && random_.below(2) == 0;
      if (!c_.is_up(i) && !may_stay_down)
        c_.restart(i);
      else if (c_.is_up(i))
        c_.flush(i);
    }
    if (!c_.run_until([this] { return c_.is_quiet(); }, 4'000))
      throw broken{"what was proposed is not chosen in 4,000 ticks"};
  }

  const cluster& servers() const { return c_; }

private:
  std::size_t some_server() { return random_.below(c_.size()); }

  void propose() {
    if (const auto server = some_server(); c_.is_up(server))
      c_.propose(server, "c" + std::to_string(++commands_));
  }

  void pass_on() {
    if (c_.network().empty())
      return;
    while (c_.network().size() > 200)
      c_.lose(random_.below(c_.network().size()));
    const auto index = random_.below(c_.network().size());
    if (random_.below(100) < loss_percent_)
      return c_.lose(index);
    if (random_.below(100) < loss_percent_)
      c_.repeat(index);
    c_.deliver(index, random_.below(100) < crash_percent_ ? some_crash() : crash_point::none);
  }

  crash_point some_crash() { return static_cast<crash_point>(1 + random_.below(4)); }

  void serve(std::size_t server) {
    switch (random_.below(4)) {
    case 0:
      c_.flush(server);
      if (const auto end = c_.seen().log_end(server); c_.seen().snapshot_of(server) < end)
        c_.save(server,
                end - random_.below(2) * random_.below(end - c_.seen().snapshot_of(server)));
      break;
    case 1:
      c_.fetch(server);
      break;
    case 2:
      c_.at(server).on_peer_down(id_of(some_server()));
      break;
    default:
      c_.barrier(server);
    }
  }

  void break_something() {
    const auto server = some_server();
    if (!c_.is_up(server)) {
      c_.restart(server);
      return;
    }
    switch (random_.below(8)) {
    case 0:
      if (crash_percent_ > 0)
        c_.crash(server);
      break;
    case 1:
      if (loss_percent_ > 0)
        c_.cut(server, some_server());
      break;
    case 2:
      c_.flush(server, crash_percent_ > 0 ? some_crash() : crash_point::none);
      break;
    default:
      c_.heal();
    }
  }

  cluster c_;
  random_source random_;
  std::uint64_t loss_percent_ = 0;
  std::uint64_t crash_percent_ = 0;
  bool is_often_lazy_ = false;
  std::uint64_t commands_ = 0;
};

} // namespace

TEST_CASE("random: agreement, once, order, durability; then everything gets chosen") {
  const auto first = from_environment("PMMC_SEED", 1);
  const auto runs =
      from_environment("PMMC_SEED", 0) != 0 ? 1 : from_environment("PMMC_RUNS", 2'000);
  std::size_t slots = 0;
  std::uint64_t reads = 0;
  for (auto seed = first; seed < first + runs; ++seed) {
    CAPTURE(seed);
    std::string what;
    try {
      run r{seed};
      r.disturb(400);
      r.end_well();
      slots += r.servers().seen().chosen().size();
      reads += r.servers().barriers_answered();
    } catch (const broken& b) {
      what = b.what();
    }
    REQUIRE_MESSAGE(what.empty(), "PMMC_SEED=" << seed << ": " << what);
  }
  MESSAGE(runs << " seeds, " << slots << " slots chosen, " << reads << " reads answered");
}
