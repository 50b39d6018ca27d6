// One simulated actor: a role (or a client) with its mailbox, its disk and its part of a process.
#pragma once

#include "messages.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/role_disk.hpp"
#include "sim/world.hpp"

#include <deque>
#include <variant>

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

  /// The process starts: from what is on the disk.
  virtual void start() = 0;
  /// The process has crashed: only what is on the disk remains. What was being written may or may
  /// not be there, and with `power` neither what was not synced.
  void crash(bool power);
  /// The messages of a group are handled together, as an actor does it.
  void receive(wire::parcel& p);
  void tick();
  void lose_peer(const role_id& peer);
  void woken(std::size_t what);
  /// Shows an outgoing message to the checkers that know this kind of role.
  virtual void check(world& w, const role_id& to, const message& m) const = 0;
  /// Nothing is left to do for it. `why` says what is, if anything.
  virtual bool is_quiet(std::string& why) const = 0;
  /// If it has one.
  virtual storage::simulated_disk* files() { return nullptr; }

protected:
  virtual void on_message(const role_id& from, message& m) = 0;
  virtual void on_tick() = 0;
  virtual void on_peer_lost(const role_id&) {}
  virtual void on_wake(std::size_t) {}
  /// After one input or, if the role was blocked, all that had come meanwhile.
  virtual void settle() = 0;
  /// The process has died. `power`: and what was not synced may be lost.
  virtual void forget(bool power) = 0;
  /// The sync that `block` began is over.
  virtual void unblocked() {}

  /// The role waits for its disk: what comes meanwhile waits in its mailbox.
  void block(sim_time how_long);
  bool is_blocked() const { return blocked_; }
  void send_all(std::vector<envelope> out);

  /// Runs `f`, which uses the disk, and returns whether it succeeded. If not, the process ends:
  /// what actors do with an exception. That is a violation if nothing has happened to the disk but
  /// crashes.
  template <class F>
  bool on_disk(const F& f);
  /// The same for what a start does. It may die in it.
  template <class F>
  bool start_from_disk(role_disk& disk, const F& f);
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
    std::variant<message, tick_input, lost_peer, wake_input> what;
  };
  void handle(mail& m);

  role_id id_;
  std::size_t process_;
  std::size_t number_;
  std::deque<mail> mailbox_; ///< of a role that waits for its disk
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
bool host::start_from_disk(role_disk& disk, const F& f) {
  auto& files = disk.files();
  if (files.is_sound() && !world_.faults_are_over && world_.chance.below(16) == 0)
    files.stop_after(world_.chance.below(20));
  const bool has_started = on_disk([&] {
    disk.open();
    f();
  });
  if (has_started) {
    files.stop_after({});
    files.forget_flips(); // they do no harm
  } else {
    world_.facts.count(files.is_stopped() ? fact::died_at_start : fact::refused_to_start);
  }
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

/// Of the roles of `p` that have one.
std::vector<storage::simulated_disk*> disks_of(const process& p);

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
