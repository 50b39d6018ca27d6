// One simulated actor: a role (or a client) with its mailbox, its disk and its part of a process.
#pragma once

#include "consensus/messages.hpp"
#include "membership/disk_refusals.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/role_disk.hpp"
#include "sim/world.hpp"

#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace pmmc::sim {

class host {
public:
  host(world& w, const role_id& id, std::size_t process)
      : world_(w), id_(id), process_(process), number_(w.add(*this, id, process)) {}
  virtual ~host() = default;
  host(const host&) = delete;
  host& operator=(const host&) = delete;

  const role_id& id() const { return id_; }
  std::size_t process_number() const { return process_; }
  std::size_t number() const { return number_; }

  // --- its directory, and who is in those of others (meetings.hpp) ---
  virtual role_kind kind() const { return role_kind::client; }
  /// Of clients, nobody asks. What its latest process said of itself, and those of its files.
  introduced_role introduced() const;
  bool has_copy() const { return own_disk_->copy_holds().lives != 0; }
  /// Of a replica whose directory was exchanged, or is to be at the next start: whether it does not
  /// hold yet what it has told others that it holds.
  bool lacks_what_it_told() const;
  /// Somebody keeps a copy of what is on its disk now, if nothing of it is damaged.
  void keep_copy();
  /// `what` counts from the next start on.
  void order(mounting what);
  bool is_on_wrong_disk() const { return wrong_ != mounting::none; }
  /// Whether its directory was formatted with other facts than its cluster's, or is to be now.
  bool is_misformatted() const {
    return wrong_ == mounting::misformatted || ordered_ == mounting::misformatted;
  }
  mounting wrong_disk() const { return wrong_; }
  /// What was sent to it before its directory was exchanged does not reach it.
  std::uint32_t generation() const { return generation_; }
  /// Whether it has met the role with this number, and not refused it.
  bool trusts(std::size_t number) const { return standing_of(number) != standing::nobody; }
  /// … and what it sends gets there: in the life in which it met it.
  bool reaches(std::size_t number) const;
  /// What a role is to this one. A guest is no member where it is.
  enum class standing : std::uint8_t { nobody, guest, member };
  void trust(std::size_t number, standing as);
  /// Judges `said` by what it remembers, and remembers it, durably. Its process may end of it: then
  /// returns false.
  bool meet(const membership& members, const introduced_role& said, bool is_own,
            std::optional<refused_peer>& refused);
  /// What others say of its disk, in this life of it.
  disk_refusals& refused_by() { return refused_by_; }
  /// By the simulator's own book: what this role must know of another one's directory.
  struct true_meeting {
    std::uint64_t life = 0; ///< the latest in which it met it
    std::uint64_t records = 0;
    std::uint64_t saved_records = 0; ///< of these, what it does not forget when it crashes
  };
  std::map<std::size_t, true_meeting>& true_meetings() { return true_meetings_; }
  const std::map<std::size_t, true_meeting>& true_meetings() const { return true_meetings_; }
  /// Whether one of these shows that the copy of this role's directory is old.
  bool shows_old_copy(const true_meeting& known) const;

  /// The process starts: carries out what was ordered, and opens the directory. It may end of it.
  void open_directory();
  /// When all those of the process are open: begins a life. It may end of it. `known`: what its
  /// process begins with; `facts`: what holds there.
  void begin_life(const membership& known, const cluster_facts& facts);
  /// From what was found there.
  virtual void start() = 0;
  /// The process has crashed: only what is on the disk remains. What was being written may or may
  /// not be there, and with `power` neither what was not synced.
  void crash(bool power);
  /// The messages of a group are handled together, as an actor does it.
  void receive(wire::parcel& p);
  /// Its process tells it which configurations are known.
  void hear_of(config_history known);
  void tick();
  void lose_peer(const role_id& peer);
  void woken(std::size_t what);
  /// Shows an outgoing message to the checkers that know this kind of role.
  virtual void check(world& w, const role_id& to, const message& m) const = 0;
  /// What it knows of the cluster's members. Precondition: its process is up.
  virtual membership known_members() const { return {}; }
  /// Of who holds the state, for WAIT: the highest slot that each voter is known to have accepted
  /// anything in. Precondition: its process is up.
  virtual std::map<role_id, slot_num> accepted() const { return {}; }
  /// Whether it leads at present, as far as it knows.
  virtual bool is_in_office() const { return false; }
  /// Nothing is left to do for it. `why` says what is, if anything.
  virtual bool is_quiet(std::string& why) const = 0;
  /// Its directory, if it has one.
  role_disk* directory() const { return own_disk_; }
  storage::simulated_disk* files() const {
    return own_disk_ == nullptr ? nullptr : &own_disk_->files();
  }

protected:
  virtual void on_message(const role_id& from, message& m) = 0;
  virtual void on_tick() = 0;
  virtual void on_peer_lost(const role_id&) {}
  virtual void on_configurations(const config_history&) {}
  virtual void on_wake(std::size_t) {}
  /// After one input or, if the role was blocked, all that had come meanwhile.
  virtual void settle() = 0;
  /// Reads what lies in its directory. The process may end of it.
  virtual void recover() {}
  /// A replica begins with another directory than it had.
  virtual void exchanged() {}
  /// How much it holds durably. Precondition: its directory is open.
  virtual std::uint64_t records() const { return 0; }
  /// The process has died. `power`: and what was not synced may be lost.
  virtual void forget(bool power) = 0;
  /// The sync that `block` began is over.
  virtual void unblocked() {}

  /// For its life.
  void use(role_disk& disk) { own_disk_ = &disk; }
  /// What was known of the cluster's members when its process started.
  const config_history& known() const { return known_; }
  /// What holds for its process.
  const cluster_facts& facts() const { return facts_; }
  /// What it has told others that it holds is in the book.
  void note_own_records() { own_disk_->note_records(records()); }

  /// The role waits for its disk: what comes meanwhile waits in its mailbox.
  void block(sim_time how_long);
  bool is_blocked() const { return blocked_; }
  void send_all(std::vector<envelope> out);

  /// Runs `f`, which uses the disk, and returns whether it succeeded. If not, the process ends:
  /// what actors do with an exception. That is a violation if nothing has happened to the disk but
  /// crashes.
  template <class F>
  bool on_disk(const F& f);
  /// The same for what a start does.
  template <class F>
  bool start_from_disk(const F& f);
  /// The process dies while it does `f`.
  template <class F>
  void die_within(role_disk& disk, std::size_t most_changes, const F& f);
  /// From now on it has another id; what is sent to the former one is lost.
  void be_known_as(const role_id& id) {
    id_ = id;
    number_ = world_.rename(*this, id);
  }

  world& world_;

private:
  struct tick_input {};
  struct lost_peer {
    role_id peer;
  };
  struct wake_input {
    std::size_t what = 0;
  };
  struct mail {
    role_id from;
    std::variant<message, config_history, tick_input, lost_peer, wake_input> what;
  };
  void mount(mounting what);
  void handle(mail& m);
  void take(const role_id& from, message& m);
  void lose(const role_id& peer);
  struct acquaintance {
    standing as = standing::nobody;
    std::uint32_t life = 0; ///< of its process
  };
  standing standing_of(std::size_t number) const {
    return number < acquaintances_.size() ? acquaintances_[number].as : standing::nobody;
  }
  std::uint32_t life_of(std::size_t number) const;
  bool hears(message& m);
  void note_records(std::size_t number, const role_id& from, const vitals& told);
  /// Of the same process.
  bool is_beside(std::size_t number) const;
  void note_saved();
  bool is_crashing() const { return world_.process_at(process_).crashing; }

  role_id id_;
  std::size_t process_;
  std::size_t number_;
  std::deque<mail> mailbox_; ///< of a role that waits for its disk
  role_disk* own_disk_ = nullptr;
  config_history known_;
  cluster_facts facts_;
  slot_num told_snapshot_ = 0; ///< of replicas: the newest on a directory that was exchanged
  mounting ordered_ = mounting::none;
  mounting wrong_ = mounting::none;
  std::uint32_t generation_ = 0;
  introduced_role said_;
  disk_refusals refused_by_;
  std::vector<acquaintance> acquaintances_;           ///< by number
  std::map<std::size_t, true_meeting> true_meetings_; ///< by number
  bool blocked_ = false;
  bool tick_waits_ = false; ///< timers are wound up when they have been handled, so there is one
};

template <class F>
bool host::on_disk(const F& f) {
  const bool is_sound = files()->is_sound();
  try {
    f();
    return true;
  } catch (const storage::storage_error& e) {
    const bool is_dead = files()->is_stopped();
    demand(is_dead || !is_sound, [&] {
      return "D2: " + id_.str() + " fails, and nothing has happened to its disk: " + e.what();
    });
    if (world_.log.is_told())
      world_.tell(id_.str() + " ends: " + e.what());
    world_.crash(process_);
    return false;
  }
}

template <class F>
bool host::start_from_disk(const F& f) {
  const bool has_started = on_disk(f);
  if (!has_started)
    world_.facts.count(files()->is_stopped() ? fact::died_at_start : fact::refused_to_start);
  return has_started;
}

template <class F>
void host::die_within(role_disk& disk, std::size_t most_changes, const F& f) {
  disk.files().stop_after(world_.chance.below(most_changes));
  try {
    f();
  } catch (const storage::storage_error&) {
    // as it may
  }
}

/// The roles of `p` that are the cluster's: not the Redis port.
std::vector<host*> members_of(const process& p);

/// Of the roles of `p` that have one.
std::vector<storage::simulated_disk*> disks_of(const process& p);

} // namespace pmmc::sim
