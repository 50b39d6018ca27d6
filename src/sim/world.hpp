// What all parts of a simulated cluster share: time, messages on their way, processes, and those
// who watch.
#pragma once

#include "sim/checkers/oracle.hpp"
#include "sim/doors.hpp"
#include "sim/event_queue.hpp"
#include "sim/network.hpp"
#include "sim/scenario.hpp"
#include "sim/summary.hpp"
#include "sim/trace.hpp"
#include "wire/parcel.hpp"

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pmmc::sim {

class host;

/// Roles that live and die together; clients have one of their own each.
struct process {
  std::vector<host*> roles;
  bool is_member = false; ///< its roles are the cluster's, not clients
  bool retired = false;   ///< gone because its roles were removed
  bool up = false;
  bool crashing = false; ///< stops before anything else happens
  bool damaged = false;  ///< its directory is not there, so it is refused until somebody mends it
  bool gone = false;     ///< never comes back
  std::uint32_t life = 0;
  sim_time tick_length = 10 * millisecond;
  sim_time paused_until = 0;
  std::uint64_t ticks = 0;
  fault_kind doom = fault_kind::pause; ///< a crash_… kind: it hits at the next such moment
  std::uint64_t doom_dice = 0;
  std::size_t sends_left = 0; ///< while doom is crash_while_sending and it has begun
  sim_time slow_disk_factor = 1;
  bool power_is_lost = false; ///< as it crashes
  bool has_flip = false;      ///< a bit of a file of it is to be flipped when it has crashed
  bool rotten = false;        ///< its snapshot is read with errors
};

/// The process and its own roles tell each other; other numbers are those of meetings.hpp.
inline constexpr std::size_t news_of_own_roles = 0;

/// A message on its way through a scripted world (scenario::is_scripted).
struct flight {
  role_id from;
  role_id to;
  sim_time arrives_at = 0;      ///< not before this, unless somebody wants it so
  std::size_t addressee = 0;    ///< its number
  std::uint32_t generation = 0; ///< of the addressee
  std::size_t place = 0;        ///< in the post
};

class world {
  struct actor {
    role_id id;
    std::size_t process = 0;
    host* where = nullptr;
  };
  // Before the checkers, which ask for numbers from the first moment on.
  std::vector<actor> actors_;
  std::unordered_map<role_id, std::size_t> numbers_; // looked up, never walked through

public:
  explicit world(const scenario& s);

  // --- who is there ---
  std::size_t add_process(bool is_member);
  /// The processes of the cluster that are not gone, in the order of their numbers.
  std::vector<std::size_t> members() const;
  /// Returns the host's number.
  std::size_t add(host& h, const role_id& id, std::size_t process);
  /// The host's number under another id; it stays in its process.
  std::size_t rename(host& h, const role_id& id);
  /// Of a role that may not be hosted yet: it keeps its number.
  std::size_t number_of(const role_id& id);
  host* host_at(std::size_t number) const { return actors_[number].where; }
  process& process_at(std::size_t p) { return processes_[p]; }
  std::size_t processes() const { return processes_.size(); }
  bool is_paused(std::size_t p) const { return processes_[p].paused_until > now_; }
  process_set up() const { return up_; }
  void set_up(std::size_t p, bool up);

  // --- time and messages ---
  sim_time now() const { return now_; }
  void advance_to(sim_time at) { now_ = at; }
  /// The messages leave the process of `from`, put together and encoded as they are for a real
  /// network, unless it crashes on the way.
  void send(const host& from, std::vector<envelope> messages);
  void send(const host& from, const role_id& to, message m);
  /// Wakes `who` in this life of its process only.
  void wake(const host& who, sim_time delay, std::size_t what);
  /// In this life of the process only.
  void plan_news(std::size_t process, sim_time at, std::size_t number) {
    queue.push(at, event_kind::news, process, processes_[process].life, number);
  }
  /// Who gets a message that was sent to this number; nobody if it is down, or not the same.
  host* addressee(std::size_t number, std::uint32_t generation) const;
  /// Shows what arrives with this number to its addressee, unless its connection has ended.
  void deliver(std::size_t number, host& to);
  /// What its addressee will read. Precondition: the number is that of a message on its way.
  wire::parcel read(std::size_t number) const;
  /// The number may be given to something else.
  void land(std::size_t number) { free_places_.push_back(number); }

  // --- what only a clock does: nothing in a scripted world, where a test does it ---
  void plan_tick(std::size_t process, sim_time delay);
  void plan_restart(std::size_t process, sim_time delay);
  /// In the order in which they were sent. Who takes one out delivers it and lets it land, or only
  /// the latter.
  std::deque<flight> flights;

  // --- crashes ---
  /// Whether the process of `h` was to crash at such a moment, which is now.
  bool dies(const host& h, fault_kind moment);
  void crash(std::size_t p);
  bool somebody_crashes() const { return somebody_crashes_; }
  void nobody_crashes() { somebody_crashes_ = false; }
  /// The two lose what is on its way between them, if such things are lost in this run.
  void break_connection(std::size_t a, std::size_t b);
  /// How long a sync takes now.
  sim_time sync_time(const host& h);

  /// The process at an address, or max_processes.
  std::size_t listener_at(const std::string& address) const;
  void listen(const std::string& address, std::size_t process) { listeners_[address] = process; }
  void stop_listening(const std::string& address) { listeners_.erase(address); }

  void tell(const std::string& text) { log.tell(now_, text); }

  /// Tells whom it concerns, once, that the process has put C-all into its log as the leader, and
  /// that nobody has it yet (Raft). May be empty.
  std::function<void(std::size_t process)> change_begins;

  bool faults_are_over = false;
  const scenario& options;
  event_queue queue;
  network net;
  random_source chance; ///< for everything but faults and messages
  trace log;
  summary facts;
  oracle checkers;
  doors ports;

private:
  /// What `encoded_` is the encoding of, behind what CAF writes before it.
  template <class M>
  void depart(const host& from, const role_id& to, M& m);
  struct letter {
    std::string parcel;
    std::size_t from = 0; ///< processes
    std::size_t to = 0;
    std::uint32_t connection = 0; ///< of the two
  };
  /// Copies of what `encoded_` holds are on their way.
  void carry(const host& from, const role_id& to, std::size_t number);
  void pass_door(const host& from, const role_id& to);
  /// Returns its number.
  std::size_t post(std::size_t from, std::size_t to);
  void keep_wrong_votes_away(const host& from, const host& to, const message& m) const;

  sim_time now_ = 0;
  std::deque<process> processes_;
  process_set up_ = 0;
  std::unordered_map<std::string, std::size_t> listeners_; // looked up, never walked through
  std::vector<letter> post_;                               ///< on their way, by number
  std::vector<std::size_t> free_places_;
  std::string encoded_; ///< kept for its memory
  bool somebody_crashes_ = false;
};

/// The configuration that the scenario's cluster starts with.
configuration first_configuration(const scenario& s);
/// What every replica of it starts from.
std::unique_ptr<replicated_state> state_before_slot_1(const scenario& s);
/// The same of a process that was formatted with another window, or for another engine.
std::unique_ptr<replicated_state> state_before_slot_1(const scenario& s, std::uint64_t window,
                                                      engine_kind engine);

} // namespace pmmc::sim
