// The checkers of what replicas hold, and of liveness: each is shown what must not happen.
#include "sim/checkers/oracle.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/simulation.hpp"

#include "base/codec.hpp"
#include "core_helpers.hpp"
#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"
#include "membership/reconfiguration.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::sim;
using namespace pmmc::test;

namespace {

constexpr std::uint64_t window = 4;
constexpr session_id session = std::uint64_t{1} << 16; // opened in slot 1, place 0

std::string broken_by(const std::function<void()>& action) {
  try {
    action();
  } catch (const violation& v) {
    const std::string what = v.what();
    return what.substr(0, what.find(':'));
  }
  return {};
}

std::size_t number_of(const role_id& id) {
  return static_cast<std::size_t>(id.view().back() - '1');
}

std::unique_ptr<replicated_state> before_slot_1() {
  return std::make_unique<replicated_state>(std::make_unique<kv::kv_store>(),
                                            config_history{make_config()}, window);
}

/// r1 with a state that the given commands make.
replica performed(const std::vector<command>& commands) {
  auto state = before_slot_1();
  for (const auto& c : commands)
    state->perform(c);
  return {{.id = "r1"}, std::move(state), false};
}

command put(std::uint64_t sequence, const std::string& value) {
  return batch_of({operation(session, sequence, encode(kv::put("k", value)))});
}

/// Replaces all replicas by r4 and r5.
command other_replicas() {
  reconfiguration r;
  r.replaces = 1;
  for (const auto* id : {"r1", "r2", "r3"})
    r.remove.push_back({role_kind::replica, id});
  for (const auto* id : {"r4", "r5"})
    r.add.push_back({role_kind::replica, {id, std::string{id} + ":1"}});
  return batch_of({request{request_kind::reconfigure, session, 1, 0, encode(r)}});
}

struct judges {
  configuration_book book{number_of};
  log_checker log{book};
  fold truth{before_slot_1(), book};
  replica_checker replicas{truth, book, window};

  /// Two acceptors vote for them, from slot 1 on.
  explicit judges(const std::vector<command>& commands) {
    for (const auto& c : commands) {
      const auto slot = truth.slot_out();
      for (const std::size_t acceptor : {0, 1})
        log.accepted(acceptor, book.for_slot(slot).version, {{1, "l1"}, slot, c});
      truth.advance(log);
    }
  }
};

ping told_by_r1(slot_num slot_out, slot_num snapshot_slot, slot_num watermark) {
  return {
      "r1", 1,
      replica_vitals{.slot_out = slot_out, .snapshot_slot = snapshot_slot, .watermark = watermark}};
}

const command opens = batch_of({opening(7)});
const command a{"a"};
const command b{"b"};

} // namespace

TEST_CASE("log checker: A5 two values are chosen, the second one at a lower ballot") {
  judges j{{}};
  j.log.accepted(0, 1, {{1, "l1"}, 1, a});
  j.log.accepted(1, 1, {{2, "l2"}, 1, b});
  CHECK(j.log.accepted(2, 1, {{2, "l2"}, 1, b}));
  CHECK(broken_by([&] { j.log.accepted(1, 1, {{1, "l1"}, 1, a}); }) == "A5");
}

TEST_CASE("log checker: C2 a value is chosen when another one was asked for above") {
  judges j{{}};
  j.log.accepted(0, 1, {{1, "l1"}, 1, a});
  j.log.accepted(1, 1, {{2, "l2"}, 1, b});
  CHECK(broken_by([&] { j.log.accepted(1, 1, {{1, "l1"}, 1, a}); }) == "C2");
}

TEST_CASE("log checker: L4 an acceptor that votes twice, or is no member, makes no majority") {
  judges j{{}};
  CHECK_FALSE(j.log.accepted(0, 1, {{1, "l1"}, 1, a}));
  CHECK_FALSE(j.log.accepted(0, 1, {{1, "l1"}, 1, a}));
  CHECK_FALSE(j.log.accepted(7, 1, {{1, "l1"}, 1, a}));
  CHECK(broken_by([&] { j.log.decided(1, a); }) == "R1");
  CHECK(j.log.accepted(2, 1, {{1, "l1"}, 1, a}));
}

TEST_CASE("log checker: F2 votes under a configuration that does not govern the slot") {
  judges j{{opens, other_replicas()}}; // version 2 from slot 6 on
  CHECK(broken_by([&] { j.log.accepted(0, 1, {{1, "l1"}, 6, a}); }) == "F2");
  CHECK(broken_by([&] { j.log.asked({"l1", 1, {{1, "l1"}, 6, a}}); }) == "F2");
  CHECK(broken_by([&] { j.log.accepted(0, 2, {{1, "l1"}, 5, a}); }) == "F2");
  CHECK(broken_by([&] { j.log.accepted(0, 2, {{1, "l1"}, 6, a}); }) == "");
}

TEST_CASE("oracle: F1 a configuration is known otherwise than it was decided, or was not decided") {
  oracle o{before_slot_1(), number_of};
  auto config = make_config();
  const auto is_known = [&] { o.knows("a1", config_history{config}); };
  CHECK(broken_by(is_known) == "");
  config.acceptors.pop_back();
  CHECK(broken_by(is_known) == "F1");
  config = make_config();
  config.version = 2;
  CHECK(broken_by(is_known) == "F1");
}

TEST_CASE(
    "oracle: R1 a leader, or a replica that helps another one, tells of what was not chosen") {
  oracle o{before_slot_1(), number_of};
  for (const std::size_t acceptor : {0, 1})
    o.persisted(acceptor, accept_record{1, {{1, "l1"}, 1, a}});
  CHECK(broken_by([&] { o.leader_sent(0, "l1", decision{1, 1, a}); }) == "");
  CHECK(broken_by([&] { o.leader_sent(0, "l1", decision{1, 1, b}); }) == "R1");
  CHECK(broken_by([&] { o.leader_sent(0, "l1", decision{1, 2, b}); }) == "R1");
  CHECK(broken_by([&] { o.replica_sent(0, "r2", catchup_reply{"r1", 1, 0, {a, b}}); }) == "R1");
}

TEST_CASE("replica checker: R2 a slot that is not chosen is performed, or told of") {
  judges j{{a}};
  CHECK(broken_by([&] { j.replicas.started(0, performed({a})); }) == "");
  CHECK(broken_by([&] { j.replicas.handled(0, performed({a, b})); }) == "R2");
  CHECK(broken_by([&] { j.replicas.sent(0, told_by_r1(2, 1, 1)); }) == "");
  CHECK(broken_by([&] { j.replicas.sent(0, told_by_r1(3, 1, 1)); }) == "R2");
}

TEST_CASE("replica checker: S1, R3, G2 a state is not what the decisions below it add up to") {
  judges j{{opens, put(1, "x"), put(2, "y")}};
  CHECK(broken_by([&] {
          j.replicas.started(0, performed({opens, put(1, "x"), put(2, "y")}));
        }) == "");
  CHECK(broken_by([&] {
          j.replicas.started(1, performed({opens, put(1, "x"), put(2, "z")}));
        }) == "S1"); // another command
  CHECK(broken_by([&] {
          j.replicas.started(1, performed({opens, put(2, "y"), command{}}));
        }) == "S1"); // a slot is left out
  CHECK(broken_by([&] { j.replicas.started(1, performed({opens, put(1, "x")})); }) == "");
  CHECK(broken_by([&] {
          j.replicas.handled(1, performed({opens, put(1, "x"), command{}}));
        }) == "S1");
}

TEST_CASE("replica checker: X2 the sessions are part of the state") {
  judges j{{opens, put(2, "y")}}; // held back: the store is the same with and without
  const auto with = performed({opens, put(2, "y")});
  const auto without = performed({opens, command{}});
  REQUIRE(with.state().machine().fingerprint() == without.state().machine().fingerprint());
  CHECK(broken_by([&] { j.replicas.started(0, with); }) == "");
  CHECK(broken_by([&] { j.replicas.started(1, without); }) == "S1");
}

TEST_CASE("replica checker: R4 slot_out decreases") {
  judges j{{a, b}};
  j.replicas.started(0, performed({a, b}));
  CHECK(broken_by([&] { j.replicas.handled(0, performed({a, b})); }) == "");
  CHECK(broken_by([&] { j.replicas.handled(0, performed({a})); }) == "R4");
}

TEST_CASE("replica checker: R5 a slot at slot_out + WINDOW is proposed for") {
  judges j{{a}};
  j.replicas.started(0, performed({a}));
  CHECK(broken_by([&] { j.replicas.sent(0, propose{"r1", 1, 1 + window, b}); }) == "");
  CHECK(broken_by([&] { j.replicas.sent(0, propose{"r1", 1, 2 + window, b}); }) == "R5");
}

TEST_CASE("replica checker: D1, D2 what is told and found again is what is durable") {
  judges j{{a, b}};
  j.replicas.started(0, performed({a, b}));
  CHECK(broken_by([&] { j.replicas.sent(0, told_by_r1(3, 3, 1)); }) == "D1");
  j.replicas.durable(0, 3);
  CHECK(broken_by([&] { j.replicas.sent(0, told_by_r1(3, 3, 1)); }) == "");
  CHECK(broken_by([&] { j.replicas.durable(0, 2); }) == "D2");
  CHECK(broken_by([&] { j.replicas.started(0, performed({a})); }) == "D2");
}

TEST_CASE("replica checker: G1 the watermark is above what f + 1 replicas hold durably") {
  judges j{{a, b}};
  j.replicas.durable(0, 3);
  CHECK(broken_by([&] { j.replicas.watermark(3); }) == "G1");
  j.replicas.durable(1, 2);
  CHECK(broken_by([&] { j.replicas.watermark(3); }) == "G1");
  CHECK(broken_by([&] { j.replicas.watermark(2); }) == "");
  j.replicas.durable(1, 3);
  CHECK(broken_by([&] { j.replicas.watermark(3); }) == "");
}

TEST_CASE("replica checker: G1 f + 1 replicas of the configuration that was decided below it") {
  judges j{{opens, other_replicas()}};
  for (const std::size_t replica : {0, 1, 2})
    j.replicas.durable(replica, 3);
  CHECK(broken_by([&] { j.replicas.watermark(2); }) == "");   // the command is in slot 2
  CHECK(broken_by([&] { j.replicas.watermark(3); }) == "G1"); // r4 and r5 have nothing yet
  for (const std::size_t replica : {3, 4})
    j.replicas.durable(replica, 3);
  CHECK(broken_by([&] { j.replicas.watermark(3); }) == "");
}

TEST_CASE("replica checker: X1 answers that the decisions do not give") {
  judges j{{opens, put(1, "x")}};
  const auto said = [&](response r) { return broken_by([&] { j.replicas.sent(0, r); }); };
  const auto ok = kv::kv_store{}.apply(encode(kv::put("k", "x")));
  const auto another = kv::kv_store{}.apply(encode(kv::del("k")));
  CHECK(said({session, 1, reply_status::ok, ok}) == "");
  CHECK(said({session, 1, reply_status::ok, another}) == "X1");
  CHECK(said({session, 2, reply_status::ok, ok}) == "X1"); // not executed yet
  std::string unknown;
  put_varint(unknown, session + 1);
  CHECK(said({0, 7, reply_status::ok, unknown}) == "X1"); // nobody opened it
  CHECK(said({session, 1, reply_status::session_ended, "ended"}) == "X1");
  judges ended{{opens, batch_of({request{request_kind::end_session, session, 1, 0, {}}})}};
  CHECK(broken_by([&] {
          ended.replicas.sent(0, response{session, 1, reply_status::session_ended, "ended"});
        }) == "");
  CHECK(ended.truth.model().sessions_ended() == 1);
}

TEST_CASE("fold: X1 a request that was decided twice is expected to have one effect") {
  const auto adds = batch_of({operation(session, 1, encode(kv::append("k", "x")))});
  judges j{{opens, adds, adds}};
  CHECK(j.truth.requests_decided_again() == 1);
  const auto& store = j.truth.model().store();
  REQUIRE(store.find("k", store.now()) != nullptr);
  CHECK(store.find("k", store.now())->value == "x");
}

TEST_CASE("replica checker: R3 a read shows another value than the decisions below its slot") {
  judges j{{opens, put(1, "x"), put(2, "y")}};
  const auto shown = [&](slot_num slot, const std::string& value) {
    j.replicas.asked("c1", 1, encode(kv::get("k")));
    kv::kv_store store;
    store.apply(encode(kv::put("k", value)));
    const auto body = store.query(encode(kv::get("k")));
    return broken_by([&] { j.replicas.sent("c1", query_reply{1, reply_status::ok, slot, body}); });
  };
  CHECK(shown(3, "x") == "");
  CHECK(shown(4, "x") == "R3");
  CHECK(shown(4, "y") == "");
}

TEST_CASE("a run demands of every message that its receiver's door lets it in: M2") {
  auto s = choose_scenario(1);
  s.door.payload_bytes = 100;
  CHECK(run(s).broken.starts_with("M2: the door "));
}

TEST_CASE("a run demands answers and rest: L1, L2 when there is no time for them") {
  reduction none;
  none.keep.emplace();
  auto s = choose_scenario(1, none);
  s.fault_phase = s.calm_phase = 20 * millisecond; // no leader has run for office yet
  CHECK(run(s).broken.starts_with("L1: "));
  s.operations = s.redis_operations = s.redis_clients = 0; // beside them is a crowd that asks
  CHECK(run(s).broken.starts_with("L2: "));
}
