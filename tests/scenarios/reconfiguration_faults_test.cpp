// Reconfigurations while things break, at chosen moments and at random. PMMC_SEED=n runs one seed,
// PMMC_RUNS=n that many.
#include "scenarios/checking_client.hpp"
#include "scenarios/site.hpp"

#include <cstdlib>
#include <deque>

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

} // namespace

TEST_CASE(
    "the leader's process is killed at any step of a reconfiguration, for a while or for good") {
  for (std::uint64_t after = 0; after < 40; ++after) {
    const bool for_good = after / 2 % 2 == 1;
    CAPTURE(after);
    CAPTURE(for_good);
    script_settings settings;
    settings.seed = after + 1;
    settings.remember_configurations = after % 2 == 0;
    site s{settings};
    s.c.disturb({.most_delay_ticks = 3});
    const auto number = std::string{s.c.active_leaders()[0].view().substr(1)};
    const auto stays = number == "1" ? "2" : "1";
    const auto at = std::string{"r"} + stays;
    s.send_change(at, {"a" + number, "l" + number, "r" + number}, {"a4", "l4", "r4"});
    s.c.run(after);
    for (const auto* kind : {"a", "l", "r"})
      s.c.crash(kind + number);
    if (!for_good) {
      s.c.run(30);
      for (const auto* kind : {"a", "l", "r"})
        s.c.restart(kind + number);
    }
    REQUIRE(s.outcome().status == reconfiguration_status::accepted);
    s.finish_change();
    s.switch_off_removed();
    s.works();
  }
}

TEST_CASE("a majority, old or new, restarts at s, s + WINDOW - 1, s + WINDOW and after") {
  const std::vector<std::vector<role_id>> victims = {{"a1", "a2"},
                                                     {"a4", "a5"},
                                                     {"a1", "a2", "a4", "a5"},
                                                     {"r1", "r2", "r4", "r5"},
                                                     {"l1", "l2", "l4", "l5"}};
  for (const auto& who : victims)
    for (const bool remember : {true, false})
      for (const slot_num past : {0, 15, 16, 18}) {
        CAPTURE(who[0].str());
        CAPTURE(past);
        CAPTURE(remember);
        script_settings settings;
        settings.seed = past + 1;
        settings.remember_configurations = remember;
        settings.most_save_ticks = 10;
        site s{settings};
        s.c.disturb({.most_delay_ticks = 3});
        s.write("r3");
        s.send_change("r3", first_nine, next_nine);
        const auto reached = [&] {
          const auto& config = s.c.config();
          return config.version == 2 &&
                 s.c.replica_at("r3").slot_out() >
                     std::min(config.first_slot - 16 + past, config.first_slot - 1);
        };
        REQUIRE(s.c.run_until(reached, 300));
        if (past > 16)
          s.c.run(20);
        for (const auto& id : who)
          s.c.crash(id);
        s.c.run(50);
        for (const auto& id : who)
          s.c.restart(id);
        REQUIRE(s.outcome().status == reconfiguration_status::accepted);
        s.finish_change();
        s.switch_off_removed();
        s.works();
      }
}

namespace {

script_settings settings_for(std::uint64_t seed) {
  random_source random{seed * 104'729};
  script_settings s;
  s.seed = seed;
  s.window = 3 + random.below(14);
  s.remember_configurations = random.below(2) == 0;
  s.page_bytes = random.below(2) == 0 ? 60 : 100'000;
  s.piece_bytes = 400;
  s.most_save_ticks = static_cast<unsigned>(random.below(30));
  s.most_outcome_ticks = static_cast<unsigned>(random.below(3));
  s.replica.snapshot_log_bytes = 1'000 + random.below(8'000);
  s.replica.kept_decisions_bytes = random.below(3'000);
  s.replica.batch_requests = 1 + random.below(5);
  s.leader.kept_decisions_bytes = random.below(3'000);
  return s;
}

/// Asks for one change after the other, sends each until it is answered, sometimes against an old
/// version, and switches off whom nobody needs any more.
class busy_operator {
public:
  explicit busy_operator(script& c) : cluster_(c), open_number_(c.random().next()) {}

  void on_tick(bool more) {
    auto& random = cluster_.random();
    if (cluster_.now() < next_tick_)
      return;
    next_tick_ = cluster_.now() + 60;
    if (session_ == 0) {
      send({request_kind::open_session, 0, open_number_, 0, ""});
    } else if (open_order_) {
      send(*open_order_);
    } else if (more) {
      if (random.below(2) == 0)
        switch_off_unneeded();
      const auto stale = random.below(6) == 0 ? 1 : 0;
      const auto wanted = any_change(cluster_.config().version - stale);
      open_order_ = {request_kind::reconfigure, session_, ++orders_, orders_ - 1, encode(wanted)};
      send(*open_order_);
    }
  }

  void on(const response& r) {
    if (r.status != reply_status::ok)
      return;
    if (r.session == 0 && r.sequence == open_number_ && session_ == 0) {
      byte_reader body{r.body};
      session_ = body.varint();
      next_tick_ = cluster_.now() + 120; // until every process knows which cluster this is
    } else if (open_order_ && r.sequence == open_order_->sequence) {
      const auto outcome = decode_reconfiguration_outcome(r.body);
      REQUIRE(outcome);
      accepted_ += outcome->status == reconfiguration_status::accepted;
      open_order_.reset();
      next_tick_ = cluster_.now() + cluster_.random().below(120);
    }
  }

  bool is_done() const { return session_ != 0 && !open_order_; }
  std::size_t accepted() const { return accepted_; }

  /// Says whether the configurations before the latest one are over.
  bool switch_off_unneeded() {
    const auto& config = cluster_.config();
    if (!is_done() ||
        std::none_of(config.replicas.begin(), config.replicas.end(), [&](const auto& m) {
          return cluster_.is_up(m.id) && cluster_.replica_at(m.id).live_from() == config.version;
        }))
      return false;
    for (const auto& id : cluster_.roles())
      if (config.find(kind_of(id), id) == nullptr)
        cluster_.switch_off(id);
    return true;
  }

private:
  void send(const request& r) {
    const auto& replicas = cluster_.config().replicas;
    cluster_.send("c0", replicas[cluster_.random().below(replicas.size())].id, r);
  }

  reconfiguration any_change(config_version replaces) {
    auto& random = cluster_.random();
    std::vector<role_id> remove;
    std::vector<role_id> add;
    const bool all = random.below(10) == 0;
    for (const auto kind : pmmc_kinds) {
      if (!all && random.below(3) == 0)
        continue;
      const auto members = ids_of(cluster_.config().members(kind));
      std::vector<role_id> others;
      for (char n = '1'; n <= '9'; ++n)
        if (const role_id id{std::string{to_string(kind).substr(0, 1)} + n};
            std::find(members.begin(), members.end(), id) == members.end())
          others.push_back(id);
      auto out = all ? members.size() : random.below(3);
      auto in = all ? members.size() : random.below(3);
      in = std::min(in, others.size());
      if (members.size() - out + in < 2 || members.size() - out + in > 5)
        in = out = std::min<std::size_t>({1, others.size(), members.size()});
      const auto first_out = random.below(members.size());
      const auto first_in = random.below(others.size());
      for (std::size_t i = 0; i < out; ++i)
        remove.push_back(members[(first_out + i) % members.size()]);
      for (std::size_t i = 0; i < in; ++i)
        add.push_back(others[(first_in + i) % others.size()]);
    }
    for (const auto& id : add)
      cluster_.join(id);
    return change_of(replaces, remove, add);
  }

  script& cluster_;
  std::uint64_t open_number_;
  session_id session_ = 0;
  std::uint64_t orders_ = 0;
  std::optional<request> open_order_;
  std::uint64_t next_tick_ = 0;
  std::size_t accepted_ = 0;
};

class run_of_changes {
public:
  explicit run_of_changes(std::uint64_t seed) : c(settings_for(seed)), operator_(c) {
    for (int i = 1; i <= 2; ++i)
      clients_.emplace_back(c, history_, "c" + std::to_string(i), 60);
    c.on_answer = [this](const role_id& to, const message& m) {
      if (to == role_id{"c0"})
        if (const auto* r = std::get_if<response>(&m))
          operator_.on(*r);
      for (auto& client : clients_)
        if (client.id() == to)
          client.on(m);
    };
  }

  void disturb() {
    auto& random = c.random();
    for (int i = 0; i < 10; ++i) {
      c.disturb({static_cast<unsigned>(random.below(20)), static_cast<unsigned>(random.below(20)),
                 static_cast<unsigned>(random.below(8))});
      for (auto turns = 60 + random.below(60); turns > 0; --turns) {
        step(true);
        if (random.below(30) == 0)
          break_something();
      }
      if (random.below(2) == 0)
        heal(); // or nothing would ever be retired
    }
  }

  void heal() {
    c.disturb({});
    for (const auto& id : c.roles()) {
      c.resume(id);
      c.restart(id);
    }
  }

  void demand_progress() {
    for (int i = 0; i < 3'000 && !all_done(); ++i)
      step(false);
    REQUIRE_MESSAGE(all_done(), describe());
    REQUIRE_MESSAGE(c.run_until([this] { return operator_.switch_off_unneeded(); }, 1'500),
                    describe());
    REQUIRE_MESSAGE(c.run_until([this] { return is_quiet(); }, 1'500), describe());
    for (const auto& r : c.config().replicas) {
      for (const auto& client : clients_)
        CHECK(c.value_at(r.id, client.id().view()).size() == 30);
      CHECK(c.value_at(r.id, "shared").size() == 60);
    }
  }

  std::size_t accepted() const { return operator_.accepted(); }

  script c;

private:
  void step(bool more) {
    operator_.on_tick(more);
    for (auto& client : clients_)
      client.on_tick();
    c.run(1);
  }

  bool all_done() const {
    return operator_.is_done() && std::all_of(clients_.begin(), clients_.end(),
                                              [](const auto& client) { return client.is_done(); });
  }

  bool is_quiet() const {
    const auto& config = c.config();
    if (!all_up(config.replicas) || !all_up(config.leaders) || !all_up(config.acceptors))
      return false;
    const auto& first = c.replica_at(config.replicas[0].id);
    for (const auto& r : config.replicas) {
      const auto& role = c.replica_at(r.id);
      if (role.slot_out() != first.slot_out() || role.pending_requests() != 0 ||
          role.state().fingerprint() != first.state().fingerprint())
        return false;
    }
    for (const auto& l : config.leaders)
      if (c.scouts_at(l.id) + c.commanders_at(l.id) != 0)
        return false;
    return c.active_leaders().size() == 1;
  }

  bool all_up(const std::vector<member>& members) const {
    return std::all_of(members.begin(), members.end(),
                       [this](const member& m) { return c.is_up(m.id); });
  }

  std::string describe() const {
    const auto& config = c.config();
    std::string text = "version " + std::to_string(config.version) + " from " +
                       std::to_string(config.first_slot) + "; ";
    for (const auto& client : clients_)
      text += client.describe() + "; ";
    for (const auto& id : c.roles()) {
      text += id.str();
      if (!c.is_up(id)) {
        text += " down; ";
      } else if (kind_of(id) == role_kind::replica) {
        const auto& role = c.replica_at(id);
        text += ": slot_in " + std::to_string(role.slot_in()) + ", slot_out " +
                std::to_string(role.slot_out()) + ", snapshot " +
                std::to_string(role.snapshot_slot()) + ", watermark " +
                std::to_string(role.watermark()) + ", pending " +
                std::to_string(role.pending_requests()) + ", active " +
                to_string(role.active_ballot()) + "; ";
      } else if (kind_of(id) == role_kind::leader) {
        text += ": " + to_string(c.leader_at(id).ballot()) +
                (c.leader_at(id).is_active() ? " active, version " : " passive, version ") +
                std::to_string(c.leader_at(id).configurations().latest().version) + ", " +
                std::to_string(c.scouts_at(id)) + " scouts, " +
                std::to_string(c.commanders_at(id)) + " commanders; ";
      } else {
        text += "; ";
      }
    }
    return text;
  }

  void break_something() {
    auto& random = c.random();
    const auto roles = c.roles();
    const auto& id = roles[random.below(roles.size())];
    const auto moments = {sim::fault_kind::crash_while_sending, sim::fault_kind::crash_before_send,
                          sim::fault_kind::crash_before_persist};
    switch (random.below(6)) {
    case 0:
      c.pause(id);
      break;
    case 1:
      c.crash(id);
      break;
    case 2:
      c.crash_at(id, *(moments.begin() + random.below(3)));
      break;
    default:
      for (const auto& any : roles)
        if (random.below(2) == 0) {
          c.resume(any);
          c.restart(any);
        }
    }
  }

  history history_;
  busy_operator operator_;
  std::deque<checking_client> clients_;
};

} // namespace

TEST_CASE("members change all the time while everything is lost, late, repeated and restarted") {
  const auto only = number_from("PMMC_SEED", 0);
  const auto runs = number_from("PMMC_RUNS", 20);
  std::size_t accepted = 0;
  std::uint64_t fetched = 0;
  for (auto seed = only != 0 ? only : 1; seed <= (only != 0 ? only : runs); ++seed) {
    CAPTURE(seed);
    run_of_changes run{seed};
    run.disturb();
    run.heal();
    run.demand_progress();
    accepted += run.accepted();
    fetched += run.c.snapshots_fetched();
  }
  MESSAGE("reconfigurations: " << accepted << ", snapshots fetched: " << fetched);
}
