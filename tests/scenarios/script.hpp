// A simulated cluster of which a story says what happens, step by step: which messages arrive and
// which are lost, when it ticks, who crashes, pauses and comes back. Nothing happens otherwise, and
// everything that happens follows from the seed. Roles, disks, admission, codec and checkers are
// those of every simulated run (src/sim); a broken invariant throws sim::violation. With PMMC_TELL
// in the environment everything that happens is printed.
#pragma once

#include "sim/acceptor_host.hpp"
#include "sim/leader_host.hpp"
#include "sim/lifecycle.hpp"
#include "sim/replica_host.hpp"
#include "sim/roster.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pmmc::test {

/// A message on its way, or several between a client and a replica.
struct letter {
  role_id from;
  role_id to;
  wire::parcel what;
};

/// The message in it of type M, if there is one; of several the first.
template <class M>
const M* get(const letter& l) {
  if (const auto* single = std::get_if<message>(&l.what))
    return std::get_if<M>(single);
  const auto first = [](const auto& all) { return all.empty() ? nullptr : &all.front(); };
  if constexpr (std::is_same_v<M, request> || std::is_same_v<M, query>)
    if (const auto* asked = std::get_if<client_requests>(&l.what)) {
      if constexpr (std::is_same_v<M, request>)
        return first(asked->requests);
      else
        return first(asked->queries);
    }
  return nullptr;
}

/// A predicate for messages of type M, from and to anyone.
template <class M>
bool is(const letter& l) {
  return get<M>(l) != nullptr;
}

struct script_settings {
  std::size_t processes = 3; ///< so many roles of each kind: aN, lN and rN, N from 1 on
  bool together = false;     ///< each three of them share a process; or each has one of its own
  std::uint64_t seed = 1;
  std::uint64_t window = 16;
  std::size_t page_bytes = 1 << 20;  ///< of a p1b
  std::size_t piece_bytes = 1 << 16; ///< of a snapshot on its way
  std::uint64_t most_save_ticks = 0; ///< how long it takes to make a snapshot durable
  unsigned most_outcome_ticks = 0;   ///< how late a leader may hear of its scouts and commanders
  /// Whether acceptors and leaders find the configurations of their last life in their files.
  bool remember_configurations = true;
  pmmc::replica::settings replica;
  pmmc::leader::settings leader;
};

/// What happens to messages that nobody delivers or drops by hand.
struct disturbance {
  unsigned lost_percent = 0;
  unsigned repeated_percent = 0;
  unsigned most_delay_ticks = 0; ///< more than 0 also reorders
};

class script {
public:
  explicit script(const script_settings& settings);
  ~script();

  // --- messages ---
  using predicate = std::function<bool(const letter&)>;
  /// A client sends it. Clients are there as soon as they send something.
  void send(const role_id& client, const role_id& to, message m);
  /// Delivers the messages that are due and match, not those that they give rise to.
  std::size_t deliver(const predicate& which);
  /// The same until none is left that matches.
  void flow(const predicate& which);
  /// Delivers all that is due, until there is nothing more.
  void deliver_all();
  std::size_t drop(const predicate& which);
  /// Called for each message to a client.
  std::function<void(const role_id& client, const message&)> on_answer;
  /// Links that drop everything.
  std::function<bool(const role_id& from, const role_id& to)> cut;
  /// From now on.
  void disturb(const disturbance& d);

  // --- time, in ticks of 10 ms ---
  void tick();
  /// Delivers what is due, then ticks, `ticks` times.
  void run(std::uint64_t ticks);
  /// Runs until `done` or the limit; returns `done()`.
  bool run_until(const std::function<bool()>& done, std::uint64_t most_ticks);
  std::uint64_t now() const;

  // --- processes; each is named by one of its roles ---
  void crash(const role_id& id);
  /// It crashes at the next such moment: one of fault_kind's crash_….
  void crash_at(const role_id& id, sim::fault_kind moment);
  /// From what is on its disk, with a config file that names the members; nothing if it is up or
  /// switched off. It is not to crash any more.
  void restart(const role_id& id);
  /// Starts a role that is no member: with an empty disk, or, if it was one, to be added again.
  /// Who has joined already, and was no member since, goes on.
  void join(const role_id& id);
  /// Crashes it; `restart` does not start it any more until `join` does.
  void switch_off(const role_id& id);
  /// The same for a replica with a process of its own, and its disk is lost.
  void wipe(const role_id& replica);
  /// It listens there from the next start on.
  void move(const role_id& id, const std::string& address);
  /// A paused process gets neither messages nor ticks; what is sent to it waits.
  void pause(const role_id& id);
  void resume(const role_id& id);
  bool is_up(const role_id& id) const;
  /// Tells everyone that the connection to the role is broken.
  void announce_down(const role_id& id);

  // --- looking at it ---
  const acceptor& acceptor_at(const role_id& id) const { return at<sim::acceptor_host>(id).role(); }
  const leader& leader_at(const role_id& id) const { return at<sim::leader_host>(id).role(); }
  const replica& replica_at(const role_id& id) const { return at<sim::replica_host>(id).role(); }
  std::size_t scouts_at(const role_id& id) const { return children_at(id, sub_role_kind::scout); }
  std::size_t commanders_at(const role_id& id) const {
    return children_at(id, sub_role_kind::commander);
  }
  /// What a replica has for this key.
  std::string value_at(const role_id& replica, std::string_view key) const;
  std::vector<role_id> active_leaders() const;
  /// All that were ever started and are not switched off: acceptors, leaders, replicas.
  std::vector<role_id> roles() const;
  const configuration& first_config() const { return first_; }
  /// The latest one that was chosen.
  const configuration& config() const;
  const sim::oracle& checkers() const { return world_.checkers; }
  std::uint64_t snapshots_fetched() const { return world_.facts.of(sim::fact::snapshot_installed); }
  random_source& random() { return random_; }

private:
  class client;

  template <class Host>
  const Host& at(const role_id& id) const {
    sim::demand(is_up(id), [&] { return "a story looks at " + id.str() + ", which is down"; });
    return dynamic_cast<const Host&>(*roles_.at(id));
  }
  std::size_t children_at(const role_id& leader, sub_role_kind kind) const;
  sim::process& process_of(const role_id& id) {
    return world_.process_at(roles_.at(id)->process_number());
  }
  client& client_of(const role_id& id);
  letter show(const sim::flight& f) const { return {f.from, f.to, world_.read(f.place)}; }
  bool is_due(const sim::flight& f) const;
  void hand_over(const sim::flight& f);
  void start(std::size_t process);
  void settle();

  sim::scenario scenario_;
  configuration first_;
  sim::world world_;
  sim::roster members_;
  sim::lifecycle lives_;
  random_source random_;
  std::map<role_id, sim::host*> roles_;
  std::map<role_id, std::unique_ptr<client>> clients_;
  std::set<role_id> switched_off_;
};

/// aN, lN, rN.
role_kind kind_of(const role_id& id);
/// Where a role listens that has a process of its own.
std::string address_of(const role_id& id);

} // namespace pmmc::test
