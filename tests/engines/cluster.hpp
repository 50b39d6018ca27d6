// Servers of an engine, with clients, a network and disks that a test plays with. What the service
// promises whatever the engine is checked after each step: equal states at equal slots, operations
// once and in the order of their clients, reads that miss nothing that was answered before. A
// broken promise throws std::logic_error.
#pragma once

#include "base/engine_kind.hpp"
#include "base/random.hpp"
#include "consensus/raft/engine.hpp"
#include "consensus/simple/engine.hpp"
#include "membership/reconfiguration.hpp"
#include "service/client.hpp"
#include "service/server.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc::engines::test {

member member_called(const role_id& id);
/// s1, s2, …
std::vector<role_id> server_ids(std::size_t n);

class cluster {
public:
  struct settings {
    engine_kind engine = engine_kind::raft;
    std::size_t servers = 3;
    std::uint64_t seed = 1;
    std::size_t snapshot_log_bytes = 4 << 20;
    std::size_t kept_bytes = 0; ///< Raft: of entries that are in a snapshot
    unsigned election_ticks = 30;
    unsigned catch_up_ticks = 3000;
    std::uint64_t window = 64;
  };
  struct letter {
    role_id from;
    envelope what;
  };

  explicit cluster(settings options);

  // --- Servers ---
  std::vector<role_id> ids() const;
  bool has(const role_id& id) const { return nodes_.contains(id); }
  server& operator[](const role_id& id) { return *nodes_.at(id).up; }
  const server& operator[](const role_id& id) const { return *nodes_.at(id).up; }
  bool is_up(const role_id& id) const { return nodes_.contains(id) && nodes_.at(id).up; }
  /// Raft: the one that leads the highest term, if any; empty else.
  role_id leader() const;
  /// Raft's core.
  const raft::consensus& core(const role_id& id) const;
  const simple::server_core& simple_core(const role_id& id) const;
  /// With an empty disk, and the founders for its first configuration.
  void add(const role_id& id);
  void tick(const role_id& id);
  /// Carries out what `id` wants done. Call it after each input.
  void settle(const role_id& id);
  /// From now on what is to be written waits for finish_write(), or finish_save().
  void make_disks_slow(bool slow);
  bool is_writing(const role_id& id) const { return !nodes_.at(id).writing.empty(); }
  void finish_write(const role_id& id);
  bool is_saving(const role_id& id) const { return nodes_.at(id).saving != nullptr; }
  void finish_save(const role_id& id);
  /// `written`: how many records of the write under way get through.
  void crash(const role_id& id, std::size_t written = 0);
  void restart(const role_id& id);
  slot_num snapshot_on_disk(const role_id& id) const;

  // --- The network ---
  const std::deque<letter>& post() const { return post_; }
  void deliver(std::size_t which);
  void drop(std::size_t which);
  void duplicate(std::size_t which) { post_.push_back(post_[which]); }
  void isolate(const role_id& id) { cut_off_.insert(id); }
  void rejoin(const role_id& id) { cut_off_.erase(id); }
  bool is_cut_off(const role_id& id) const { return cut_off_.contains(id); }
  /// Letters for which it holds are lost.
  std::function<bool(const letter&)> loses;

  // --- Time ---
  /// Everybody's time goes on, and everything is delivered.
  void run(unsigned ticks);
  /// Returns whether it came to hold.
  bool run_until(const std::function<bool()>& holds, unsigned ticks = 3'000);
  role_id run_until_leader();
  /// What one process knows of configurations comes to another one, as nodes tell each other.
  void share_news(const role_id& from, const role_id& to);
  void tick_clients();

  // --- Clients ---
  /// Knows all servers, and goes to `first` if that is up.
  void add_client(const role_id& id, const role_id& first = {});
  /// An operation that is applied once: its text is unique. Returns it.
  std::string write(const role_id& client, unsigned timeout_ticks = 20'000);
  void read(const role_id& client, unsigned timeout_ticks = 20'000);
  void change(const role_id& client, const reconfiguration& r, unsigned timeout_ticks = 20'000);
  bool is_idle(const role_id& client) const { return clients_.at(client).core->is_idle(); }
  bool all_idle() const;
  /// Not of reads.
  const std::vector<client_outcome>& outcomes(const role_id& client) const {
    return clients_.at(client).outcomes;
  }
  /// Of the last reconfiguration that the client has the outcome of, and that was executed.
  std::optional<reconfiguration_outcome> changed(const role_id& client) const;
  /// Is the operation in `id`'s state.
  bool has_performed(const role_id& id, const std::string& op) const;
  std::string text(const role_id& id) const { return (*this)[id].state().machine().query({}); }

  /// The operations that it was told are done.
  std::vector<std::string> answered_of(const role_id& client) const;
  std::size_t answered() const { return acknowledged_.size(); }
  std::size_t reads() const { return reads_; }
  std::size_t fetched() const { return fetched_; }
  std::size_t saved() const { return saved_; }

private:
  struct write_under_way {
    std::vector<log_record> records;
    std::vector<envelope> send;
  };
  struct incoming {
    slot_num slot = 0;
    std::string bytes;
  };
  struct node {
    std::unique_ptr<server> up;
    const replicated_log* log = nullptr; ///< of `up`
    raft::persistent_state raft;
    simple::acceptor_state simple;
    std::string snapshot; ///< the file; empty: none
    slot_num snapshot_slot = 0;
    std::deque<write_under_way> writing;
    std::unique_ptr<replicated_state> saving;
    std::optional<incoming> fetching;
    slot_num checked = 0; ///< slot_out, when its state was looked at last
  };
  struct played_client {
    std::unique_ptr<client> core;
    std::vector<client_outcome> outcomes;
    std::map<std::uint64_t, std::string> writes;            ///< by ticket
    std::map<std::uint64_t, std::set<std::string>> queries; ///< what was answered before
    std::uint64_t last = 0;
    bool has_given_up = false; ///< a session
  };

  std::unique_ptr<replicated_state> before_slot_1() const;
  std::unique_ptr<replicated_state> restored(const std::string& bytes) const;
  std::unique_ptr<replicated_log> make_log(node& n, const role_id& id,
                                           const replicated_state& state);
  void start(const role_id& id);
  void write(node& n, std::span<const log_record> records);
  void send(const role_id& from, std::vector<envelope> letters);
  void carry_out(const role_id& id, snapshot_work& work);
  void answer_piece(const role_id& id, const snapshot_work::read_piece& what);
  void store_piece(const role_id& id, const snapshot_chunk& piece);
  void hand_over(const letter& l);
  void settle_client(const role_id& id);
  void hear(played_client& c, const client_outcome& o);
  void check(const role_id& id);
  void check_operations(const std::string& text) const;

  settings options_;
  random_source random_;
  bool slow_disks_ = false;
  configuration founders_;
  std::map<role_id, node> nodes_;
  std::map<role_id, played_client> clients_;
  std::deque<letter> post_;
  std::set<role_id> cut_off_;

  // what is known from outside
  std::map<slot_num, std::uint64_t> fingerprints_; ///< by slot_out
  std::map<std::uint64_t, role_id> leaders_;       ///< Raft: by term
  std::set<std::string> acknowledged_;
  std::size_t reads_ = 0;
  std::size_t fetched_ = 0;
  std::size_t saved_ = 0;
};

} // namespace pmmc::engines::test
