// The engines behind the seam, by themselves: what becomes of each proposal.
#include "consensus/raft/engine.hpp"
#include "consensus/simple/engine.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace pmmc;

namespace {

std::vector<member> three() { return {{"s1", "s1:1"}, {"s2", "s2:1"}, {"s3", "s3:1"}}; }

command command_of(const std::string& text) { return command{text}; }

/// Persists at once.
log_outputs taken(replicated_log& log) {
  log_outputs all;
  for (auto out = log.take(); !out.empty(); out = log.take()) {
    log.persisted(out.persist);
    const auto add = [](auto& to, auto& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()),
                std::make_move_iterator(from.end()));
    };
    add(all.send_early, out.send_early);
    add(all.send, out.send);
    add(all.decided, out.decided);
    add(all.displaced, out.displaced);
    add(all.unknown, out.unknown);
    add(all.readable, out.readable);
    if (out.fetch)
      all.fetch = out.fetch;
  }
  return all;
}

struct raft_bench {
  raft::engine s1{settings(), raft::founding_state({1, three(), {}}), 1, ""};

  static raft::engine::settings settings() {
    raft::engine::settings s;
    s.server.id = "s1";
    return s;
  }

  /// In the term after the present one, by the vote of s2.
  void lead() {
    while (s1.core().current_state() != raft::consensus::state::pre_candidate)
      s1.on_tick();
    const auto term = s1.core().term() + 1;
    s1.on(raft::vote{"s2", term, true, true});
    taken(s1);
    s1.on(raft::vote{"s2", term, true, false});
    taken(s1);
    REQUIRE(s1.core().is_leader());
  }
  /// s2 has all of its log.
  log_outputs commit() {
    s1.on(raft::append_reply{"s2", s1.core().term(), true, s1.core().log().last().index, {}, 0});
    return taken(s1);
  }
};

} // namespace

TEST_CASE("raft: a proposal is decided where it stands, and told as one's own") {
  raft_bench b;
  b.lead();
  REQUIRE(b.s1.may_propose());
  const auto ticket = b.s1.propose(command_of("x"));
  CHECK(taken(b.s1).decided.empty());
  const auto out = b.commit();
  REQUIRE(out.decided.size() == 2); // the leader's no-op before it
  CHECK(out.decided[0].mine == 0);
  CHECK(out.decided[1].mine == ticket);
  CHECK(out.decided[1].slot == 2);
  CHECK(b.s1.in_flight() == 0);
}

TEST_CASE("raft: what another leader took back is displaced, also where its index is used again") {
  raft_bench b;
  b.lead();
  b.commit();
  const auto lost = b.s1.propose(command_of("lost"));        // at 2, of term 1
  const auto also_lost = b.s1.propose(command_of("behind")); // at 3
  taken(b.s1);
  b.s1.on(raft::append_entries{"s3", 3, {1, 1}, {{3, {}, nullptr}}, 1, 1}); // stands at 2 now
  CHECK(taken(b.s1).displaced.empty());               // another server may have them still
  b.lead();                                           // its no-op at 3
  const auto next = b.s1.propose(command_of("next")); // at 4
  taken(b.s1);
  const auto out = b.commit();
  REQUIRE(out.displaced.size() == 2);
  CHECK(out.displaced[0].mine == lost);
  CHECK(out.displaced[1].mine == also_lost);
  CHECK(out.displaced[0].why == "");
  REQUIRE(out.decided.size() == 3);
  CHECK(out.decided[0].mine == 0);
  CHECK(out.decided[1].mine == 0); // at the index of the second one that was lost
  CHECK(out.decided[2].mine == next);
}

TEST_CASE("raft: an entry of a later term says that nothing of earlier ones comes behind it") {
  raft_bench b;
  b.lead();
  b.commit();
  b.s1.propose(command_of("lost"));
  b.s1.propose(command_of("behind")); // at 3, where nobody puts anything for long
  taken(b.s1);
  b.s1.on(raft::append_entries{"s3", 3, {1, 1}, {{3, {}, nullptr}}, 2, 1});
  CHECK(taken(b.s1).displaced.size() == 2);
  CHECK(b.s1.in_flight() == 0);
}

TEST_CASE("raft: a proposal that a later leader commits is decided all the same") {
  raft_bench b;
  b.lead();
  b.commit();
  const auto ticket = b.s1.propose(command_of("kept"));
  taken(b.s1);
  b.s1.on(raft::append_entries{"s3", 3, {2, 1}, {{3, {}, nullptr}}, 3, 1});
  const auto out = taken(b.s1);
  REQUIRE(out.decided.size() == 2);
  CHECK(out.decided[0].mine == ticket);
  CHECK(out.displaced.empty());
}

TEST_CASE("raft: below a snapshot nobody but its state knows what became of a proposal") {
  raft_bench b;
  b.lead();
  b.commit();
  const auto ticket = b.s1.propose(command_of("x"));
  taken(b.s1);
  const auto members = std::make_shared<const raft::server_set>(raft::server_set{1, three(), {}});
  b.s1.on(raft::snapshot_offer{"s3", 5, {7, 5}, 1});
  const auto wish = taken(b.s1).fetch;
  REQUIRE(wish);
  CHECK(wish->server == "s3");
  CHECK(wish->slot == 8);
  b.s1.installed(8, raft::encode(raft::snapshot_part{{7, 5}, members}));
  const auto out = taken(b.s1);
  CHECK(out.unknown == std::vector<proposal_ticket>{ticket});
  CHECK(out.displaced.empty());
  CHECK(b.s1.slot_out() == 8);
}

TEST_CASE("raft: its part of a snapshot says where that ends, and who votes there") {
  raft_bench b;
  b.lead();
  b.commit();
  const auto part = raft::decode_snapshot_part(b.s1.part_of_snapshot());
  REQUIRE(part);
  CHECK(part->base == raft::position{1, 1});
  CHECK(part->members->servers == three());
  CHECK_FALSE(raft::decode_snapshot_part("x"));
  // A crash between the snapshot and the record of it: the log is older than the state.
  raft::engine again{raft_bench::settings(), raft::founding_state({1, three(), {}}), 2,
                     b.s1.part_of_snapshot()};
  CHECK(again.slot_out() == 2);
  CHECK(again.core().log().base() == raft::position{1, 1});
}

TEST_CASE("raft: a change says when it holds, and is settled when C-new stands alone") {
  raft_bench b;
  b.lead();
  b.commit();
  REQUIRE(b.s1.may_change());
  const auto ticket = b.s1.change(1, {{"s1", "s1:1"}, {"s2", "s2:1"}}, command_of("without s3"));
  taken(b.s1);
  CHECK_FALSE(b.s1.may_change());
  auto out = b.commit(); // C-all, by s1 and s2
  REQUIRE(out.decided.size() == 1);
  CHECK(out.decided[0].mine == ticket);
  REQUIRE(out.decided[0].change);
  CHECK(out.decided[0].change->version == 2);
  CHECK(out.decided[0].change->servers.size() == 2);
  CHECK_FALSE(b.s1.is_settled());
  out = b.commit(); // C-new
  REQUIRE(out.decided.size() == 1);
  CHECK_FALSE(out.decided[0].change);
  CHECK(b.s1.is_settled());
  CHECK(b.s1.may_change());
}

TEST_CASE("raft: a change that its leader gives up says why; one that loses office says nothing") {
  raft_bench b;
  b.lead();
  b.commit();
  auto with_s4 = three();
  with_s4.push_back({"s4", "s4:1"});
  const auto ticket = b.s1.change(1, with_s4, command_of("with s4"));
  const auto contacts = b.s1.contacts();
  CHECK(contacts.size() == 4); // it catches up first
  std::vector<log_outputs::loss> lost;
  for (int i = 0; i < 400 && lost.empty(); ++i) {
    b.s1.on_tick();
    b.s1.on(raft::append_reply{"s2", 1, true, 1, {}, 0});
    lost = taken(b.s1).displaced;
  }
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].mine == ticket);
  CHECK(lost[0].why == "server s4 was not reached");
  CHECK(b.s1.contacts().size() == 3);
  const auto again = b.s1.change(1, with_s4, command_of("with s4"));
  taken(b.s1);
  b.s1.on(raft::append_entries{"s3", 9, {1, 1}, {}, 1, 1});
  lost = taken(b.s1).displaced;
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].mine == again);
  CHECK(lost[0].why == "");
}

// --- Raft's core, as its users need it ----------------------------------------------------------

TEST_CASE("raft: strangers' answers mean nothing, whatever term they are in") {
  raft_bench b;
  b.lead();
  b.s1.on(raft::append_reply{"s9", 99, false, 0, {}, 0});
  b.s1.on(raft::vote{"s9", 99, false, false});
  b.s1.on(raft::read_index{"s9", 1});
  taken(b.s1);
  CHECK(b.s1.core().is_leader());
  CHECK(b.s1.core().term() == 1);
}

TEST_CASE("raft: a follower names no place behind the leader's log") {
  raft_bench b;
  b.lead();
  const auto last = b.s1.core().log().last().index;
  const auto asked = b.s1.core().followers().at("s3").next() - 1;
  b.s1.on(raft::append_reply{"s3", 1, false, asked, {99, 0}, 0});
  taken(b.s1);
  CHECK(b.s1.core().followers().at("s3").next() <= last + 1);
}

TEST_CASE("raft: who is lost before it has answered is not sent the whole log") {
  raft_bench b;
  b.lead();
  b.commit();
  for (int i = 0; i < 10; ++i)
    b.s1.propose(command_of("x"));
  taken(b.s1);
  b.commit();
  while (b.s1.core().is_leader())
    b.s1.on_tick(); // nobody answers
  taken(b.s1);
  b.lead();
  b.s1.on_peer_down("s3");
  CHECK(b.s1.core().followers().at("s3").next() > 10);
}

TEST_CASE("raft: election timeouts grow while elections fail, up to a bound") {
  raft_bench b;
  std::vector<int> runs;
  for (int tick = 0; tick < 5'000; ++tick) {
    b.s1.on_tick();
    for (const auto& e : taken(b.s1).send)
      if (std::holds_alternative<raft::request_vote>(e.body) && e.to == "s2")
        runs.push_back(tick);
  }
  CHECK(runs.size() < 55); // 45 ticks on the average would make 111
  CHECK(runs.size() > 5'000 / 270);
}

namespace {

simple::engine simple_server() {
  simple::server_core::settings s;
  s.id = "s1";
  return {s, three(), {}, 1};
}

/// s2 and s3 promise, and accept, whatever s1 asks for.
void choose(simple::engine& s1) {
  for (int round = 0; round < 2; ++round)
    for (const auto& e : taken(s1).send)
      if (const auto* p = std::get_if<simple::prepare>(&e.body))
        s1.on(simple::promise{e.to, p->slot, p->number, std::nullopt});
      else if (const auto* a = std::get_if<simple::accept>(&e.body))
        s1.on(simple::accepted{e.to, a->slot, a->what.number});
}

} // namespace

TEST_CASE("simple: a proposal is decided in the slot that it wins") {
  auto s1 = simple_server();
  const auto ticket = s1.propose(command_of("x"));
  choose(s1);
  const auto out = taken(s1);
  REQUIRE(out.decided.size() == 1);
  CHECK(out.decided[0].mine == ticket);
  CHECK(s1.slot_out() == 2);
}

TEST_CASE("simple: what was chosen behind a gap is unknown when a snapshot fills the gap") {
  auto s1 = simple_server();
  s1.on(simple::announce{"s2", 1, 1, 5}); // slots up to 4 are in use
  const auto ticket = s1.propose(command_of("x"));
  choose(s1); // in slot 5
  CHECK(taken(s1).decided.empty());
  CHECK(s1.in_flight() == 1);
  s1.installed(9, "");
  const auto out = taken(s1);
  CHECK(out.unknown == std::vector<proposal_ticket>{ticket});
  CHECK(s1.in_flight() == 0);
  CHECK(s1.slot_out() == 9);
}

TEST_CASE("simple: anybody proposes, nobody leads, and the servers stay the same") {
  auto s1 = simple_server();
  CHECK(s1.may_propose());
  CHECK(s1.leader().empty());
  CHECK_FALSE(s1.changes_servers());
  CHECK(s1.is_settled());
  CHECK(s1.part_of_snapshot().empty());
}
