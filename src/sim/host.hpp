// One simulated actor: a role (or a client) with its mailbox, its disk and its part of a process.
#pragma once

#include "messages.hpp"
#include "sim/directory.hpp"
#include "sim/world.hpp"

#include <deque>
#include <map>
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
  /// Of clients, nobody asks.
  role_directory& directory() { return directory_.now; }
  const role_directory& copy_of_directory() const { return directory_.copy(); }
  /// Somebody keeps a copy of what is on its disk now.
  void keep_copy();
  /// `what` counts from the next start on.
  void order(mounting what);
  bool is_on_wrong_disk() const { return wrong_ != mounting::none; }
  mounting wrong_disk() const { return wrong_; }
  /// What was sent to it before its directory was exchanged does not reach it.
  std::uint32_t generation() const { return generation_; }
  /// A life begins: carries out what was ordered.
  void begin_life(std::uint64_t nonce);
  introduced_role introduced() const;
  /// Whether it sends to the role with this number, as one that it has met and not refused.
  bool counts(std::size_t number) const {
    return number < counted_.size() && counted_[number] != 0;
  }
  void count(std::size_t number, bool is_counted);
  /// Its met acceptors and leaders are durable.
  void save_met();
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

  /// The process starts: from what is on the disk.
  virtual void start() = 0;
  /// The process has crashed: only what is on the disk remains. What was being written may or may
  /// not be there.
  void crash();
  void receive(const role_id& from, message& m);
  void tick();
  void lose_peer(const role_id& peer);
  void woken(std::size_t what);
  /// Shows an outgoing message to the checkers that know this kind of role.
  virtual void check(world& w, const role_id& to, const message& m) const = 0;
  /// What it knows of the cluster's members. Precondition: its process is up.
  virtual membership known_members() const { return {}; }
  /// Nothing is left to do for it. `why` says what is, if anything.
  virtual bool is_quiet(std::string& why) const = 0;

protected:
  virtual void on_message(const role_id& from, message& m) = 0;
  virtual void on_tick() = 0;
  virtual void on_peer_lost(const role_id&) {}
  virtual void on_wake(std::size_t) {}
  /// After one input or, if the role was blocked, all that had come meanwhile.
  virtual void settle() = 0;
  virtual void forget() = 0;
  /// The same for what else lies in its directory.
  virtual void mount(mounting) {}
  /// How much it holds durably.
  virtual std::uint64_t records() const { return 0; }
  virtual std::uint64_t copied_records() const { return 0; }
  /// The sync that `block` began is over.
  virtual void unblocked() {}

  /// The role waits for its disk: what comes meanwhile waits in its mailbox.
  void block(sim_time how_long);
  bool is_blocked() const { return blocked_; }
  void send_all(std::vector<envelope>& out);

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
    std::variant<message, tick_input, lost_peer, wake_input> what;
  };
  void handle(mail& m);
  void note_records(const message& m);

  role_id id_;
  std::size_t process_;
  std::size_t number_;
  std::deque<mail> mailbox_; ///< of a role that waits for its disk
  mounted<role_directory> directory_;
  known_disks durable_met_;
  mounting ordered_ = mounting::none;
  mounting wrong_ = mounting::none;
  std::uint32_t generation_ = 0;
  std::uint64_t records_at_start_ = 0;
  std::vector<std::uint8_t> counted_;                 ///< by number
  std::map<std::size_t, true_meeting> true_meetings_; ///< by number
  bool blocked_ = false;
  bool tick_waits_ = false; ///< timers are wound up when they have been handled, so there is one
};

/// Gives `m` to `role` if it has a handler for such messages.
template <class Role>
void dispatch(Role& role, const role_id& from, message& m) {
  std::visit(
      [&](auto& body) {
        if constexpr (requires { role.on(std::move(body)); })
          role.on(std::move(body));
        else if constexpr (requires { role.on(from, std::move(body)); })
          role.on(from, std::move(body));
      },
      m);
}

} // namespace pmmc::sim
