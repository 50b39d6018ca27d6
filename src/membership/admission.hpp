// Whom a process lets in when they meet, and as what: it compares what the other one says of itself
// with what it knows. What it says was decoded by wire/message_codec.hpp, and so is well formed.
// Handles, connections and files are the driver's.
#pragma once

#include "membership/dialling.hpp"
#include "membership/heartbeat.hpp"
#include "membership/introduction.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// What a process must do that has dialled another one and was answered.
struct after_reply {
  std::string refused; ///< empty: the two have met; else why not: it dials again later
  /// Why neither lets the other in, if they differ in what a cluster agrees on: either may be the
  /// wrong one, so both should say it.
  std::string disagreement = {};
  std::string removed = {}; ///< not empty: it was removed, and must end for that reason
  std::string differs = {}; ///< not empty: it differs from a majority, and must end for that reason
  bool is_first = false;    ///< that was let in since this process began
  /// It is of this cluster, and refuses: maybe for what it knows, and this process does not.
  bool tells_members = false;
};

/// What a process says of its own when it meets others.
struct process_identity {
  std::string cluster;
  std::string address; ///< empty for clients, who only dial
  std::vector<introduced_role> roles;
  std::set<std::string> contacts; ///< where the config file has members
  std::string config_file;        ///< for people
  cluster_facts facts;            ///< as formatted; none of clients
  bool rejoins = false;           ///< see introduction
  std::uint64_t incarnation = 0;  ///< likewise
};

/// A role of a process that is connected now.
struct running_role {
  role_id id;
  std::string format_id; ///< of its directory
  std::string address;   ///< of its process
};

class admission {
public:
  /// Processes that are no members may become some; anybody can say so.
  static constexpr std::size_t max_guests = 32;
  static constexpr unsigned beats_until_lonely = 15;
  static constexpr unsigned beats_until_missed = 30; ///< by those that it should dial

  admission(process_identity own, membership known)
      : own_(std::move(own)), known_(std::move(known)) {
    look_at_places();
  }

  const process_identity& own() const { return own_; }
  bool is_client() const { return own_.address.empty(); }

  // --- what is known ---
  const membership& known() const { return known_; }
  /// Returns whether it is news. Nothing is learned from another cluster.
  bool learn(const membership& news);
  /// What an own role tells comes from the log, which no other process can contradict. Why this
  /// process cannot go on if it does; "" if it does not.
  std::string why_log_differs(const membership& news) const;
  /// Whether this process knows something that one does not which knows so much.
  bool knows_more_than(config_version version, config_version live_from,
                       cluster_identity identity) const;

  heartbeat next_heartbeat(std::int64_t wall_ms) const;

  // --- dialling ---
  /// Every 100 ms. `connected`: the addresses of the processes that are now. Returns whether
  /// `wanted` may be another since.
  bool beat(const std::set<std::string>& connected);
  /// Whom to keep a connection with.
  std::set<std::string> wanted() const;
  /// Whether it is the other one that should dial, and it is wanted only because it is missed: it
  /// must be left the time to do it, or the two close each other's connections again and again.
  bool is_others_turn(const std::string& address) const;
  introduction introduce() const;
  after_reply hear(const std::string& address, const introduction_reply& m);
  /// It was dialled, and no process is there.
  void unreachable(const std::string& address) { differing_.erase(address); }

  // --- being dialled ---
  /// `connected`: the addresses of the processes that are now; `running`: their roles.
  introduction_reply answer(const introduction& m, const std::set<std::string>& connected,
                            const std::vector<running_role>& running = {});
  introduction_reply refuse(std::string why, bool was_removed = false) const;
  static bool is_of_process(const introduction& m);

  // --- who counts ---
  /// Whether it is no member, at least not as that or not there: it is spoken with, since it may
  /// become one.
  bool is_guest(role_kind kind, const role_id& id, const std::string& address) const;
  /// Its disk may know the first members only, and those may all be gone.
  bool is_guest_itself() const;
  /// Own roles that keep promises, and are members elsewhere by now, and were here: who runs there
  /// may have a copy of their directories. (A replica goes by its log.) Until they are members here
  /// again: that the configurations forget where they were makes no difference.
  const std::set<role_id>& left_places() const { return left_places_; }
  bool has_left(const role_id& own) const { return left_places_.contains(own); }
  /// Those of them that it does not name to others: they would take one of the two for a copy. None
  /// if nothing else is here: who names no roles is taken for a client.
  std::set<role_id> untold_roles() const;
  /// Whether the own roles of kind `own` are told that this one can be reached. Of guests only a
  /// replica, by replicas, and a server, by servers: it has to catch up before it is added.
  bool is_made_known(role_kind kind, const role_id& id, const std::string& address,
                     role_kind own) const;
  /// Every own role that it names to others was removed, and knows it.
  bool knows_of_removal() const;

private:
  std::string why_unwelcome(const introduction& m, const std::set<std::string>& connected,
                            const std::vector<running_role>& running) const;
  introduction_reply reply(std::string refusal, bool was_removed,
                           std::vector<introduced_role> roles) const;
  std::string why_client_is_member(const std::vector<introduced_role>& roles) const;
  bool is_own(const introduced_role& role) const;
  std::vector<introduced_role> told_roles() const;
  void look_at_places();
  bool is_former_place(role_kind kind, const role_id& own) const;
  std::string why_copied(const introduction& m, const std::vector<running_role>& running) const;
  std::string text_of_removal(const introduction& m) const;
  bool was_removed(const introduction& m) const;
  bool is_named_to_it(const std::string& address) const;
  bool has_room_for(const std::string& address, const std::set<std::string>& connected) const;
  bool is_lonely() const { return lonely_beats_ >= beats_until_lonely; }
  bool count_missed(const std::set<std::string>& connected);
  after_reply refused_for_facts(const std::string& address, const cluster_facts& theirs);

  process_identity own_;
  membership known_;
  std::set<role_id> left_places_;
  bool met_anybody_ = false; ///< since it began; before that, a client trusts anybody
  /// Where processes with other facts were dialled. Only these: an address that somebody else
  /// claims proves nothing. And whether one was there again since the latest of these was met: if
  /// not, both may be the same process.
  std::map<std::string, bool> differing_;
  unsigned lonely_beats_ = 0;                     ///< since it was connected with anybody
  std::map<std::string, unsigned> missing_beats_; ///< of members: since each was connected
};

inline constexpr std::string_view no_pmmc_process = "does not answer as a pmmc process does";

/// What no process says.
inline constexpr std::string_view malformed_introduction = "its hello is not one of pmmc's";

} // namespace pmmc
