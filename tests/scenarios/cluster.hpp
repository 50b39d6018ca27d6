// A whole cluster in memory: real roles, a pool of messages, durable states that survive crashes.
// Nothing happens unless the test makes it happen, and everything that happens follows from the
// seed.
#pragma once

#include "acceptor.hpp"
#include "leader.hpp"
#include "replica.hpp"
#include "scenarios/checker.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc::test {

/// A message on its way.
struct flight {
  role_id from;
  role_id to;
  message body;
};

/// What a `run` does to messages.
struct network {
  unsigned lost_percent = 0;
  unsigned repeated_percent = 0;
  unsigned most_delay_ticks = 0; ///< more than 0 also reorders
};

struct cluster_settings {
  std::size_t processes = 3; ///< each hosts acceptor aN, leader lN and replica rN, N from 1 on
  std::uint64_t seed = 1;
  std::uint64_t window = 16;
  std::size_t page_bytes = 1 << 20;  ///< of a p1b
  std::size_t piece_bytes = 1 << 16; ///< of a snapshot on its way
  unsigned most_save_ticks = 0;      ///< how long it takes to make a snapshot durable
  unsigned most_outcome_ticks = 0;   ///< how late a leader may hear of its scouts and commanders
  /// Whether acceptors and leaders know the configurations of their last life when they restart;
  /// otherwise acceptors know none and leaders the first one.
  bool remember_configurations = true;
  pmmc::replica::settings replica;
  pmmc::leader::settings leader;
};

/// A crash can hit a role right after it has handled an input, at one of these moments.
enum class crash_moment { after_sending, before_sending, before_persisting };

class cluster {
public:
  explicit cluster(cluster_settings options);

  // --- messages ---
  using predicate = std::function<bool(const flight&)>;
  /// Puts a message into the pool, as a client does.
  void send(const role_id& from, const role_id& to, message m);
  /// Delivers the messages that are in the pool and match, not those that they give rise to.
  std::size_t deliver(const predicate& which);
  /// Delivers everything until the pool is empty.
  void deliver_all();
  std::size_t drop(const predicate& which);
  const std::deque<flight>& pool() const { return pool_; }
  /// Called for each message to a role that the cluster does not host.
  std::function<void(const flight&)> on_client_message = [](const flight&) {};

  // --- time ---
  void tick();
  void tick(const role_id& id);
  /// Delivers what is due, then ticks, `ticks` times.
  void run(std::uint64_t ticks);
  /// Runs until `done` or the limit; returns `done()`.
  bool run_until(const std::function<bool()>& done, std::uint64_t most_ticks);
  std::uint64_t now() const { return now_; }

  // --- faults ---
  network net;
  std::function<bool(const role_id& from, const role_id& to)> cut; ///< links that drop everything
  void crash(const role_id& id);
  /// Starts the role from its durable state; nothing if it is up.
  void restart(const role_id& id);
  /// Starts a role that is in no configuration yet, with an empty disk: an acceptor, leader or
  /// replica by its first letter. It knows the first configuration; nothing if it is there already.
  void join(const role_id& id);
  /// Crashes the role; `restart` does not start it any more until `join` does, disk and all.
  void switch_off(const role_id& id);
  /// The same for a replica, and its disk is lost.
  void wipe(const role_id& replica);
  /// The next input of this role is its last.
  void crash_at_next_input(const role_id& id, crash_moment moment) { doomed_[id] = moment; }
  /// A paused role gets neither messages nor ticks; what is sent to it waits.
  void pause(const role_id& id) { paused_[id]; }
  void resume(const role_id& id);
  bool is_up(const role_id& id) const;
  /// Tells everyone that the connection to `id` is broken.
  void announce_down(const role_id& id);

  // --- looking at it ---
  const acceptor& acceptor_at(const role_id& id) const { return *acceptors_.at(id).role; }
  const leader& leader_at(const role_id& id) const { return *leaders_.at(id).role; }
  const replica& replica_at(const role_id& id) const { return *replicas_.at(id).role; }
  std::size_t scouts_at(const role_id& id) const { return leaders_.at(id).scouts.size(); }
  std::size_t commanders_at(const role_id& id) const { return leaders_.at(id).commanders.size(); }
  slot_num snapshot_on_disk(const role_id& replica) const;
  std::vector<role_id> active_leaders() const;
  /// All that were ever started and are not switched off.
  std::vector<role_id> roles() const;
  const configuration& first_config() const { return config_; }
  /// The latest one that any replica has performed.
  const configuration& config() const { return checker_.latest(); }
  const checker& invariants() const { return checker_; }
  std::uint64_t snapshots_fetched() const { return snapshots_fetched_; }
  random_source& random() { return random_; }

private:
  struct acceptor_host {
    acceptor_state durable;
    config_history known;
    std::optional<acceptor> role;
  };
  using leader_news = std::variant<scout_outcome, std::pair<commander_outcome, ballot_num>>;
  struct leader_host {
    std::uint64_t free_seqnum = 0;
    std::uint64_t life = 0;
    config_history known;
    std::optional<leader> role;
    std::vector<scout> scouts;
    std::map<slot_num, commander> commanders;
    std::vector<std::pair<std::uint64_t, leader_news>> news; ///< with the tick when it arrives
  };
  struct replica_host {
    slot_num snapshot_slot = 0;
    std::string snapshot; ///< durable
    std::string fetched;
    std::unique_ptr<replicated_state> saving;
    std::uint64_t saving_done_tick = 0;
    std::optional<replica> role;
  };

  void hand_over(flight f);
  void receive(acceptor_host& h, const flight& f);
  void receive(leader_host& h, const flight& f);
  void receive(replica_host& h, const flight& f);
  void settle(const role_id& id, acceptor_host& h);
  void settle(const role_id& id, leader_host& h);
  void settle(const role_id& id, replica_host& h);
  void carry_out(const role_id& id, leader_host& h, leader_outputs out);
  void collect_news(const role_id& id, leader_host& h);
  void deliver_news(const role_id& id, leader_host& h);
  void save(const role_id& id, replica_host& h);
  void store(const role_id& id, replica_host& h, snapshot_chunk piece);
  void answer_piece(const role_id& id, const replica_host& h, const replica_outputs::read_piece& m);
  std::unique_ptr<replicated_state> empty_state() const;
  void vanish(const role_id& id);
  std::optional<crash_moment> doom(const role_id& id);

  cluster_settings options_;
  configuration config_;
  checker checker_;
  random_source random_;
  std::uint64_t now_ = 0;
  std::deque<flight> pool_;
  std::map<std::uint64_t, std::deque<flight>> later_; ///< by the tick when they join the pool
  std::map<role_id, acceptor_host> acceptors_;
  std::map<role_id, leader_host> leaders_;
  std::map<role_id, replica_host> replicas_;
  std::map<role_id, std::deque<flight>> paused_; ///< and what waits for them
  std::map<role_id, crash_moment> doomed_;
  std::set<role_id> switched_off_;
  std::uint64_t snapshots_fetched_ = 0;
};

/// A predicate for messages of type M, from and to anyone.
template <class M>
bool is(const flight& f) {
  return std::holds_alternative<M>(f.body);
}

} // namespace pmmc::test
