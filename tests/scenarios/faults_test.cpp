// Seeded runs: everything is lost, late, repeated and restarted; then the network heals, and the
// cluster must answer everything exactly once. PMMC_SEED=n runs one seed, PMMC_RUNS=n that many.
#include "scenarios/checking_client.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <deque>

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

script_settings settings_for(std::uint64_t seed) {
  random_source random{seed * 7919};
  script_settings s;
  s.seed = seed;
  s.processes = seed % 6 == 0 ? 5 : seed % 11 == 0 ? 2 : seed % 13 == 0 ? 1 : 3;
  s.window = 4 + random.below(20);
  s.page_bytes = random.below(2) == 0 ? 60 : 100'000; // a page per pvalue or two
  s.piece_bytes = 200;
  s.most_save_ticks = static_cast<unsigned>(random.below(20));
  s.most_outcome_ticks = static_cast<unsigned>(random.below(3));
  s.replica.snapshot_log_bytes = 1'000 + random.below(8'000);
  s.replica.kept_decisions_bytes = random.below(3'000);
  s.replica.eager_slots = 1 + random.below(6);
  s.replica.batch_requests = 1 + random.below(5);
  s.leader.kept_decisions_bytes = random.below(3'000);
  return s;
}

class run_of_faults {
public:
  explicit run_of_faults(std::uint64_t seed) : cluster_(settings_for(seed)) {
    for (int i = 1; i <= 3; ++i)
      clients_.emplace_back(cluster_, history_, "c" + std::to_string(i), 60);
    cluster_.on_answer = [this](const role_id& to, const message& m) {
      for (auto& c : clients_)
        if (c.id() == to)
          c.on(m);
    };
  }

  void disturb() {
    auto& random = cluster_.random();
    for (int i = 0; i < 12; ++i) {
      cluster_.disturb({static_cast<unsigned>(random.below(30)),
                        static_cast<unsigned>(random.below(30)),
                        static_cast<unsigned>(random.below(15))});
      cut_something();
      for (auto turns = 20 + random.below(60); turns > 0; --turns) {
        step();
        if (random.below(40) == 0)
          break_something();
      }
    }
  }

  void heal() {
    cluster_.disturb({});
    cluster_.cut = nullptr;
    for (const auto& id : cluster_.roles()) {
      cluster_.resume(id);
      cluster_.restart(id);
    }
  }

  /// Liveness: what was asked is answered in bounded time, and then nothing is left over.
  void demand_progress() {
    for (int i = 0; i < 3'000 && !all_done(); ++i)
      step();
    std::string report;
    for (const auto& c : clients_)
      report += c.describe() + "; ";
    REQUIRE_MESSAGE(all_done(), report);
    cluster_.run_until([this] { return is_quiet(); }, 1'500);
    REQUIRE_MESSAGE(is_quiet(), describe());
    for (const auto& r : cluster_.config().replicas) {
      for (const auto& c : clients_)
        CHECK(cluster_.value_at(r.id, c.id().view()).size() == 30);
      CHECK(cluster_.value_at(r.id, "shared").size() == 90);
    }
  }

  bool is_quiet() const {
    for (const auto& a : cluster_.config().acceptors)
      if (!cluster_.is_up(a.id))
        return false;
    const auto& first = cluster_.replica_at("r1");
    for (const auto& r : cluster_.config().replicas) {
      const auto& role = cluster_.replica_at(r.id);
      if (role.slot_out() != first.slot_out() || role.pending_requests() != 0 ||
          role.state().fingerprint() != first.state().fingerprint())
        return false;
    }
    for (const auto& l : cluster_.config().leaders)
      if (cluster_.scouts_at(l.id) + cluster_.commanders_at(l.id) != 0)
        return false;
    return cluster_.active_leaders().size() == 1;
  }

  std::string describe() const {
    std::string text;
    for (const auto& r : cluster_.config().replicas) {
      const auto& role = cluster_.replica_at(r.id);
      text += r.id.str() + ": slot_in " + std::to_string(role.slot_in()) + ", slot_out " +
              std::to_string(role.slot_out()) + ", pending " +
              std::to_string(role.pending_requests()) + ", active " +
              to_string(role.active_ballot()) + "; ";
    }
    for (const auto& l : cluster_.config().leaders)
      text += l.id.str() + ": " + to_string(cluster_.leader_at(l.id).ballot()) +
              (cluster_.leader_at(l.id).is_active() ? " active, " : " passive, ") +
              std::to_string(cluster_.scouts_at(l.id)) + " scouts, " +
              std::to_string(cluster_.commanders_at(l.id)) + " commanders; ";
    return text;
  }

  const script& the_cluster() const { return cluster_; }
  std::size_t reads_answered() const {
    std::size_t sum = 0;
    for (const auto& c : clients_)
      sum += c.reads_answered();
    return sum;
  }

private:
  void step() {
    for (auto& c : clients_)
      c.on_tick();
    cluster_.run(1);
  }

  bool all_done() const {
    for (const auto& c : clients_)
      if (!c.is_done())
        return false;
    return true;
  }

  /// Links go down in one or both directions, for a while.
  void cut_something() {
    auto& random = cluster_.random();
    std::set<std::pair<role_id, role_id>> links;
    const auto roles = cluster_.roles();
    for (auto n = random.below(4) == 0 ? random.below(30) : 0; n > 0; --n) {
      const auto& a = roles[random.below(roles.size())];
      const auto& b = roles[random.below(roles.size())];
      links.emplace(a, b);
      if (random.below(3) != 0)
        links.emplace(b, a);
    }
    cluster_.cut = [links](const role_id& from, const role_id& to) {
      return links.contains({from, to});
    };
  }

  void break_something() {
    auto& random = cluster_.random();
    const auto roles = cluster_.roles();
    const auto& id = roles[random.below(roles.size())];
    const auto moments = {sim::fault_kind::crash_while_sending, sim::fault_kind::crash_before_send,
                          sim::fault_kind::crash_before_persist};
    switch (random.below(5)) {
    case 0:
      cluster_.pause(id);
      break;
    case 1:
      cluster_.crash(id);
      if (random.below(2) == 0)
        cluster_.announce_down(id);
      break;
    case 2:
      cluster_.crash_at(id, *(moments.begin() + random.below(3)));
      break;
    default:
      for (const auto& any : roles)
        if (random.below(2) == 0) {
          cluster_.resume(any);
          cluster_.restart(any);
        }
    }
  }

  script cluster_;
  history history_;
  std::deque<checking_client> clients_;
};

} // namespace

TEST_CASE("lost, late, repeated, restarted: then everything is answered exactly once") {
  const auto only = number_from("PMMC_SEED", 0);
  const auto runs = number_from("PMMC_RUNS", 13);
  std::uint64_t fetched = 0;
  std::uint64_t collected = 0;
  std::size_t reads = 0;
  for (auto seed = only != 0 ? only : 1; seed <= (only != 0 ? only : runs); ++seed) {
    CAPTURE(seed);
    run_of_faults run{seed};
    run.disturb();
    run.heal();
    run.demand_progress();
    fetched += run.the_cluster().snapshots_fetched();
    collected += run.the_cluster().acceptor_at("a1").state().watermark > 1;
    reads += run.reads_answered();
  }
  MESSAGE("snapshots fetched: " << fetched << ", logs collected: " << collected
                                << ", reads answered: " << reads);
}
