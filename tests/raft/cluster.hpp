// Raft's servers with a network and disks that a test plays with, and the paper's five properties
// (figure 3), checked after each step. A broken one throws std::logic_error.
#pragma once

#include "base/random.hpp"
#include "consensus/raft/consensus.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc::raft::test {

member member_called(const role_id& id);
server_set servers_called(const std::vector<role_id>& ids);
/// s1, s2, …
std::vector<role_id> server_ids(std::size_t n);

/// Of a server of `ids`, whose log holds entries of these terms.
persistent_state state_with(const std::vector<role_id>& ids, const std::vector<term_num>& terms,
                            term_num current, const role_id& voted_for = {});
/// What stands there: equal for equal positions.
entry entry_at(const position& p);

class cluster {
public:
  struct letter {
    role_id from;
    envelope what;
  };

  /// Of founders; others may be added later.
  explicit cluster(std::size_t servers, std::uint64_t seed = 1);
  /// With what is on their disks.
  cluster(std::map<role_id, persistent_state> disks, std::uint64_t seed = 1);

  consensus& operator[](const role_id& id) { return *nodes_.at(id).up; }
  const persistent_state& disk(const role_id& id) const { return nodes_.at(id).disk; }
  bool is_up(const role_id& id) const { return nodes_.contains(id) && nodes_.at(id).up != nullptr; }
  std::vector<role_id> ids() const;
  bool has(const role_id& id) const { return nodes_.contains(id); }
  /// Empty: none of those that are up leads, or none in the highest term that has a leader.
  role_id leader() const;

  // --- Steps ---
  /// A newcomer, who knows the cluster's founders and has an empty disk.
  void add(const role_id& id);
  void tick(const role_id& id);
  /// Carries out what `id` wants done. Call it after each input.
  void settle(const role_id& id);
  /// From now on disks take their time: what is to be written waits for finish_write(), and inputs
  /// are handled meanwhile.
  void make_disks_slow(bool slow);
  bool is_writing(const role_id& id) const { return !nodes_.at(id).writing.empty(); }
  void finish_write(const role_id& id);
  /// What it wants done is lost from there on: it is down. `written`: how many records get through.
  void crash(const role_id& id, std::size_t written = 0);
  void restart(const role_id& id);
  /// Delivers the oldest letter; false if there is none.
  bool deliver_next();
  void deliver(std::size_t which);
  /// Likewise, and the process dies when it has handled it.
  void deliver_and_crash(std::size_t which, std::size_t written);
  void drop(std::size_t which) { post_.erase(post_.begin() + static_cast<std::ptrdiff_t>(which)); }
  void duplicate(std::size_t which) { post_.push_back(post_[which]); }
  const std::deque<letter>& post() const { return post_; }
  /// All letters, and those that they give rise to.
  void deliver_all();
  /// Nobody hears `id`, and it hears nobody.
  void isolate(const role_id& id) { cut_off_.insert(id); }
  void rejoin(const role_id& id) { cut_off_.erase(id); }
  bool is_cut_off(const role_id& id) const { return cut_off_.contains(id); }
  /// Everybody's time goes on, and everything is delivered.
  void run(unsigned ticks);
  /// Runs until `id` leads, by a timeout of its own; the others' time stands still.
  void elect(const role_id& id);
  /// Runs until somebody leads, for so long at most.
  role_id run_until_leader(unsigned ticks = 500);

  bool propose(const role_id& id, const std::string& text);
  std::string change(const role_id& id, const std::vector<role_id>& to);
  void barrier(const role_id& id);
  /// What it has performed goes into a snapshot, and its log keeps `kept` of those entries.
  void snapshot(const role_id& id, slot_num kept = 0);

  /// The texts that were committed, in order, as `id` saw them in this life.
  std::vector<std::string> performed(const role_id& id) const;
  std::size_t committed() const { return committed_.size(); }
  std::size_t elections() const { return leaders_.size(); }
  std::size_t reads() const { return reads_; }
  std::size_t snapshots_installed() const { return installed_; }
  std::size_t changes() const { return changes_; }
  std::size_t truncations() const { return truncations_; }
  const std::string& dropped_change() const { return dropped_change_; }

private:
  struct snapshot_of {
    position base;
    std::shared_ptr<const server_set> members;
  };
  struct node {
    std::unique_ptr<consensus> up;
    persistent_state disk;
    std::deque<outputs> writing; ///< what is not durable yet, and what waits for it
    snapshot_of saved;
    slot_num performed = 0;
    std::vector<std::string> texts;
    std::map<std::uint64_t, slot_num> barriers; ///< what was committed when it asked
    position led_to; ///< while it leads: the end of its log when it was looked at last
    term_num led_in = 0;
  };

  void start(const role_id& id);
  bool hand_over(std::size_t which);
  void write(node& n, const std::vector<record>& records, std::size_t count);
  void send(const role_id& from, std::vector<envelope> letters);
  void hear_committed(const role_id& id, outputs::committed_entry c);
  void hear_readable(const role_id& id, const outputs::readable_at& r);
  void fetch(const role_id& id, const outputs::fetch& wish);
  void check(const role_id& id);
  void check_leader(const role_id& id);
  void check_entry(const position& p, term_num previous, const entry& e);
  void check_durable(const position& p, const server_set& members) const;

  std::uint64_t seed_;
  bool slow_disks_ = false;
  std::uint64_t lives_ = 0;
  std::vector<role_id> founders_;
  std::map<role_id, node> nodes_;
  std::deque<letter> post_;
  std::set<role_id> cut_off_;
  std::uint64_t last_barrier_ = 0;

  // what is known from outside
  std::map<term_num, role_id> leaders_;
  std::map<std::pair<slot_num, term_num>, std::pair<term_num, entry>> entries_; ///< with the term
                                                                                ///< before
  std::map<slot_num, position> committed_;
  std::size_t reads_ = 0;
  std::size_t installed_ = 0;
  std::size_t changes_ = 0;
  std::size_t truncations_ = 0;
  std::string dropped_change_;
};

/// Faults of all kinds, for `steps`; then none, until everything is decided. Throws
/// std::logic_error with the reason if a property breaks, or if it comes to no end.
struct trial_facts {
  std::size_t committed = 0, elections = 0, reads = 0, snapshots = 0, changes = 0, truncations = 0;
};
trial_facts run_trial(std::uint64_t seed, std::size_t steps);

} // namespace pmmc::raft::test
