// A leader alone on a bench: the test plays scouts, commanders and the other leaders. Acceptors
// answer its pings by themselves, and repeat what the test has let them say last.
#pragma once

#include "consensus/pmmc/leader.hpp"
#include "core_helpers.hpp"

namespace pmmc::test {

/// The children of one kind that are to be started.
template <class Task>
std::vector<Task> tasks_in(const leader_outputs& out) {
  std::vector<Task> found;
  for (const auto& task : out.start)
    if (const auto* wanted = std::get_if<Task>(&task))
      found.push_back(*wanted);
  return found;
}
inline std::vector<scout_task> scouts_in(const leader_outputs& out) {
  return tasks_in<scout_task>(out);
}
inline std::vector<commander_task> commanders_in(const leader_outputs& out) {
  return tasks_in<commander_task>(out);
}

class leader_bench {
public:
  explicit leader_bench(std::uint64_t free_seqnum = 0, leader::settings settings = {},
                        role_id id = "l1")
      : id_(id), role(with_id(settings, id), free_seqnum, config_history{config_with(id)}) {}

  leader_outputs tick(unsigned ticks = 1) {
    leader_outputs sum;
    for (; ticks > 0; --ticks) {
      role.on_tick();
      auto out = role.take();
      if (acceptors_answer)
        answer_pings(out.send);
      add(sum, std::move(out));
    }
    return sum;
  }

  /// Ticks until it runs for office; returns the tasks of its scouts.
  std::vector<scout_task> until_scouting(unsigned most_ticks = 2'000) {
    for (ticks_waited = 0; ticks_waited < most_ticks; ++ticks_waited)
      if (auto out = tick(); !scouts_in(out).empty()) {
        last = std::move(out);
        return scouts_in(last);
      }
    return {};
  }

  /// All scouts that it asks for come back adopted.
  leader_outputs elect(std::map<slot_num, pvalue> pvalues = {}, slot_num watermark = 1) {
    leader_outputs sum;
    for (const auto& task : until_scouting()) {
      role.on(scout_outcome{
          adopted{task.config->version, task.ballot, task.from_slot, 0, watermark, pvalues}});
      add(sum, role.take());
    }
    return sum;
  }

  leader_outputs propose(slot_num slot, const char* value, role_id replica = "r1") {
    role.on(pmmc::propose{replica, 1, slot, command{value}});
    return role.take();
  }

  void decide(const commander_task& task) {
    role.on(commander_outcome{decided{task.value}}, task.value.ballot);
  }

  void hear_acceptor(role_id acceptor, std::uint64_t leader_ping = 0, ballot_num ballot = {}) {
    const acceptor_vitals told{.ballot = ballot, .leader_ping = leader_ping};
    said_[acceptor] = told;
    role.on(pong{acceptor, 1, told});
  }

  void hear_leader(role_id other, ballot_num ballot, bool active) {
    role.on(pong{other, 1, leader_vitals{.ballot = ballot, .active = active}});
  }

  void hear_replica(role_id replica, slot_num slot_out, slot_num watermark = 1) {
    role.on(ping{replica, 1, replica_vitals{.slot_out = slot_out, .watermark = watermark}});
    role.take();
  }

  static void add(leader_outputs& sum, leader_outputs more) {
    for (auto& r : more.persist)
      sum.persist.push_back(r);
    sum.stop_all |= more.stop_all;
    for (auto& t : more.start)
      sum.start.push_back(std::move(t));
    for (auto& e : more.send)
      sum.send.push_back(std::move(e));
  }

private:
  void answer_pings(const std::vector<envelope>& sent) {
    for (const auto& e : sent)
      if (const auto* asked = std::get_if<ping>(&e.body); asked != nullptr && e.to.view()[0] == 'a')
        role.on(pong{e.to, asked->number, said_[e.to]});
  }
  static configuration config_with(role_id leader) {
    auto config = make_config();
    if (!config.has_leader(leader))
      config.leaders.push_back({leader, "host0:1"});
    return config;
  }
  static leader::settings with_id(leader::settings s, role_id id) {
    s.id = id;
    return s;
  }
  role_id id_;
  std::map<role_id, acceptor_vitals> said_;

public:
  leader role;
  bool acceptors_answer = true;
  leader_outputs last; ///< of the tick in which it ran for office
  unsigned ticks_waited = 0;
};

} // namespace pmmc::test
