// With whom a process is connected, and what its own roles are told of whom they can reach. Handles
// and connections are the driver's: it names them by numbers, and carries out what is ordered here.
#pragma once

#include "membership/admission.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc {

/// A role that can be reached: an own one, or one of a process that is connected.
struct reached_role {
  introduced_role said;
  std::uint64_t handle = 0; ///< the driver's; another one if it is another actor
};

/// Another process, as it has introduced itself.
struct connected_process {
  std::string name;    ///< the driver's: whoever has it is this process, at whatever address
  std::string address; ///< empty for clients
  std::uint64_t incarnation = 0; ///< another one after each start
  std::vector<reached_role> roles;
};

/// What the driver is to do. The own roles are named by their places, connected processes by their
/// keys.
struct connection_order {
  /// Own role, `id` can be reached from now on: in that process, or, without one, in this one.
  struct tell_up {
    std::size_t own = 0;
    std::string process;
    role_kind kind = role_kind::client;
    role_id id;
    std::uint64_t handle = 0;
    std::string address;
    bool is_guest = false; ///< no member there: what it says counts for no member of its id
  };
  /// Own role, what is sent to `id` would be lost.
  struct tell_down {
    std::size_t own = 0;
    role_id id;
    std::string why;
  };
  /// A process is not announced any more, or has begun anew. For people; its roles are told of
  /// apart.
  struct note_lost {
    std::string process;
    std::string why;
    bool is_replaced = false; ///< the same process, or one in its place, is there at once
  };
  /// Its connection is to be closed.
  struct close {
    std::string process;
  };
  using any = std::variant<tell_up, tell_down, note_lost, close>;
};

/// A connected process is announced: the own roles are told of its roles, as admission says. It is
/// not while it is silent, or of another cluster.
class connected_processes {
public:
  /// Silence of 600 ms counts as gone. Counted in our own beats, so that a process that was stopped
  /// itself does not blame the others.
  static constexpr unsigned most_silent_beats = 6;
  /// A connection that is there, but over which nothing comes: to a process that has forgotten it.
  static constexpr unsigned silent_beats_until_redialled = 50;
  static constexpr std::string_view silent =
      "has been silent for 600 ms (stopped, overloaded or cut off)";

  /// `admits` outlives it.
  connected_processes(const admission& admits, std::vector<reached_role> own)
      : admits_(admits), own_(std::move(own)) {}

  // --- what happens ---
  /// The own roles run: they are told of each other.
  void begin();
  /// A process was let in over a connection that is a new one, or `is_same` that it had before.
  /// Returns whether it was not announced until then: else it only names its roles again.
  bool connected(const std::string& key, connected_process p, bool is_same);
  /// Another process was let in with the key of one that is connected: that one is gone.
  void started_again(const std::string& key);
  void disconnected(const std::string& key, const std::string& why);
  /// The process has sent a heartbeat: of this incarnation, and knowing this identity. Dialled at
  /// two spellings of its address it has two keys, and is heard at both.
  void heard(const std::string& key, std::uint64_t incarnation, cluster_identity identity);
  /// 100 ms have passed.
  void beat();
  /// Nobody has been reached at the address of a member.
  void unreachable(const std::string& address, const std::string& why);
  /// There were `left_before` places that own roles have left before something was learned: guests
  /// may be members now, and members elsewhere.
  void learned(const std::set<role_id>& left_before);
  /// … and when the others have heard of it: copies of who is connected are not spoken with.
  void leave_copies();
  /// What is to be done, in this order.
  std::vector<connection_order::any> take() { return std::exchange(orders_, {}); }

  // --- who is there ---
  bool is_connected(const std::string& key) const { return all_.contains(key); }
  /// Whether the own roles have been told of it, and not that it is gone.
  bool is_announced(const std::string& key) const;
  const connected_process* find(const std::string& key) const;
  /// Nothing has come over its connection for so long that it is to be made anew.
  bool is_given_up(const std::string& key) const;
  /// The addresses of those that are connected.
  std::set<std::string> addresses() const;
  /// The roles of those that are announced, but for those of the process with that name.
  std::vector<running_role> running(const std::string& but) const;
  /// Whether a role with the id runs in this process, or in one that is announced.
  bool is_reached(const role_id& id) const;
  /// Of those that are announced.
  std::size_t clients() const;

private:
  struct entry {
    connected_process process;
    bool is_announced = false;
    unsigned silent_beats = 0;
  };

  bool is_guest(const introduced_role& role, const std::string& address) const {
    return admits_.is_guest(role.kind, role.id, address);
  }
  bool is_own(const role_id& id) const;
  bool is_copied(const introduced_role& role, const entry& other) const;
  void name_other_roles(const std::string& key, entry& e, std::vector<reached_role> roles);
  void close_copies_of(const std::string& key, const entry& member);
  void announce(const std::string& key, entry& e);
  void heard_at(const std::string& key, entry& e, cluster_identity identity);
  void make_known(const std::string& key, const reached_role& peer, const std::string& address);
  void introduce(const role_id& own);
  void withdraw(const std::string& key, entry& e, const std::string& why, bool is_replaced = false);
  void withdraw(const role_id& id, role_kind kind, const std::string& address,
                const std::string& why);
  void lose(const role_id& id, const std::string& why);
  void meet_anew(const role_id& id);
  void leave_or_take_place(const introduced_role& own, bool had_left);
  void leave_former_places();
  void leave_removed_replicas();
  bool lives_elsewhere(const role_id& id, const std::string& address) const;
  std::vector<role_id> members_at(const std::string& address) const;

  const admission& admits_;
  std::vector<reached_role> own_;
  std::set<role_id> own_guests_; ///< those of them that were introduced as such
  std::map<std::string, entry>
      all_; ///< by key: the address; of clients, whatever their driver says
  std::vector<connection_order::any> orders_;
};

} // namespace pmmc
