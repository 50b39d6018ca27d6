// One simulated actor: a role (or a client) with its mailbox, its disk and its part of a process.
#pragma once

#include "messages.hpp"
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
  /// not be there.
  void crash();
  void receive(const role_id& from, message& m);
  void tick();
  void lose_peer(const role_id& peer);
  void woken(std::size_t what);
  /// Shows an outgoing message to the checkers that know this kind of role.
  virtual void check(world& w, const role_id& to, const message& m) const = 0;
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
  /// The sync that `block` began is over.
  virtual void unblocked() {}

  /// The role waits for its disk: what comes meanwhile waits in its mailbox.
  void block(sim_time how_long);
  bool is_blocked() const { return blocked_; }
  void send_all(std::vector<envelope>& out);
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
