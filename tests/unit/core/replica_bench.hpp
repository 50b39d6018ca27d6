// A replica alone on a bench: the test plays clients, leaders, acceptors and the other replicas.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "core_helpers.hpp"

namespace pmmc::test {

inline std::unique_ptr<replicated_state> fresh_state(std::uint64_t window = 8,
                                                     std::size_t processes = 3) {
  return std::make_unique<replicated_state>(std::make_unique<log_machine>(),
                                            config_history{make_config(processes)}, window);
}

/// A session that the command of slot 1 opens, if that is its first request.
inline constexpr session_id session_of_slot_1 = std::uint64_t{1} << 16;

class replica_bench {
public:
  explicit replica_bench(replica::settings settings = {}, std::uint64_t window = 8,
                         std::size_t processes = 3)
      : role(with_id(settings), fresh_state(window, processes), false) {
    role.take();
  }

  replica_outputs flush() {
    role.flush();
    return role.take();
  }
  replica_outputs tick(unsigned ticks = 1) {
    replica_outputs sum;
    for (; ticks > 0; --ticks) {
      role.on_tick();
      auto out = role.take();
      for (auto& e : out.send)
        sum.send.push_back(std::move(e));
      for (auto& piece : out.store_snapshot)
        sum.store_snapshot.push_back(std::move(piece));
      if (out.save_snapshot)
        sum.save_snapshot = std::move(out.save_snapshot);
    }
    return sum;
  }
  void ask(const request& r, role_id client = "c1") { role.on(client, r); }
  void decide(slot_num slot, const command& value) { role.on(decision{1, slot, value}); }
  void decide(slot_num slot, std::vector<request> requests) { decide(slot, batch_of(requests)); }
  /// Slot 1 opens a session.
  void open_session() {
    decide(1, {opening(1)});
    role.take();
  }
  void hear_leader(role_id leader, bool active = true, std::uint64_t seqnum = 1) {
    role.on(pong{leader, 1, leader_vitals{.ballot = {seqnum, leader}, .active = active}});
  }
  /// A ping of another replica that sees `leader` active.
  void hear_replica(role_id other, slot_num slot_out, role_id leader = {},
                    slot_num snapshot_slot = 1) {
    replica_vitals told{.slot_out = slot_out, .snapshot_slot = snapshot_slot};
    if (!leader.empty())
      told.active_ballot = {1, leader};
    role.on(ping{other, 1, told});
  }
  std::string log() const { return role.state().machine().query(""); }

private:
  static replica::settings with_id(replica::settings s) {
    s.id = "r1";
    s.seed = 5;
    return s;
  }

public:
  replica role;
};

} // namespace pmmc::test
