// Which processes of the simulated cluster have let each other in, by the shipped admission, what
// their roles are told of each other, by the shipped rules for connected processes, and which roles
// count each other, by the shipped rule about disks.
#pragma once

#include "membership/connected_processes.hpp"
#include "sim/host.hpp"
#include "storage/process_members.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc::sim {

/// What the config file of a process says, which does not change as it dies. What it knows of the
/// cluster and its members is in the directories of its roles (role_disk), and nowhere else.
struct node_files {
  std::string cluster = "sim";
  cluster_facts founds; ///< what a cluster would agree on that this file founds
  std::string address;
  std::set<std::string> contacts; ///< the addresses in it
  bool rejoins = false;           ///< it is started though it was removed, to be added again
};

/// A process that has no roles here, but says so: of another cluster, or formatted for one, or with
/// a copy of a member's directories.
struct stranger {
  cluster_facts facts;
  membership members;
  std::vector<introduced_role> roles;
  bool is_copy = false;
};

class meetings {
public:
  explicit meetings(world& w) : world_(w) {}

  void add(std::size_t process, node_files files);
  void add_intruder(std::size_t process, node_files files, stranger who);
  bool has(std::size_t process) const { return process < nodes_.size() && nodes_[process].is_node; }
  node_files& files_of(std::size_t process) { return nodes_[process].files; }
  const node_files& files_of(std::size_t process) const { return nodes_[process].files; }
  /// The address in the config file with which it is started from now on; "" for the right one.
  void move(std::size_t process, std::string address) {
    nodes_[process].elsewhere = std::move(address);
  }
  bool is_elsewhere(std::size_t process) const { return !nodes_[process].elsewhere.empty(); }

  /// Before the process starts. Whether it may: its address may be taken.
  bool has_address(std::size_t process);
  /// When the directories of its roles are open: what they come to together, with which the process
  /// begins. Its process may end of it. Throws `violation` if they remember less than was durable.
  const storage::process_members& remembered(std::size_t process);
  /// When its roles have begun their lives. Whether they may start: it may know that it was
  /// removed.
  bool prepare(std::size_t process);
  /// When they have started.
  void started(std::size_t process);
  /// Every 100 ms of the process. `reached`: whose messages get through to it.
  void look_around(std::size_t process, process_set reached);
  void stopped(std::size_t process);
  /// News of the members comes to the process: from its roles, or from another process.
  void hear(std::size_t process, std::size_t number);
  void lose_news(std::size_t number) { news_.erase(number); }
  /// The two are told so, whatever the scenario says of other breaks.
  void break_connection(std::size_t a, std::size_t b);
  /// What it knows, or would begin with. Of a member.
  membership known_to(std::size_t process);
  /// Whether it was formatted with other facts than those of the cluster.
  bool has_other_facts(std::size_t process) const;
  /// Whether somebody would notice that the directory of `h` is formatted again, or that an old
  /// copy is in its place. Then operators can make that mistake: nobody promises anything otherwise
  /// (docs/STORAGE.md, "An old copy of a directory"). Roles beside it must all notice a new one:
  /// nobody can be faster than they are.
  bool is_noticed(const host& h, mounting what) const;

private:
  /// The handle of a role that only says that it is there.
  static constexpr std::uint64_t nobody = ~std::uint64_t{0};
  struct node {
    bool is_node = false;
    node_files files;
    std::optional<stranger> intruder;
    std::string elsewhere;
    bool had_identity = false; ///< it knew once which cluster it is of
    // while it is up:
    std::optional<storage::process_members> members;
    std::optional<admission> admits;
    std::optional<connected_processes> others;
    std::deque<connection_order::any> orders; ///< not carried out yet: it is paused
    bool is_carrying_out = false;
    std::string listens_at;
    process_set linked = 0; ///< over connections
    std::set<std::string> wanted;
    std::set<std::string> missed; ///< addresses where nobody was, as its roles have been told
    std::map<std::string, sim_time> not_before; ///< when to dial an address again
    sim_time stops_at = 0;                      ///< it has heard that its disk is wrong
    std::uint64_t looks = 0;
    std::uint64_t incarnation = 0; ///< another one at each start
  };

  node& at(std::size_t process) { return nodes_[process]; }
  bool is_cut(std::size_t from, std::size_t to) const {
    return (world_.net.deaf_to(to) >> from & 1) != 0;
  }
  std::vector<host*> roles(std::size_t p) { return members_of(world_.process_at(p)); }
  template <class Visit>
  void for_linked(std::size_t process, const Visit& visit);
  bool is_linked(std::size_t process, std::size_t other) const {
    return (nodes_[process].linked >> other & 1) != 0;
  }
  void dial_others(std::size_t process, process_set reached);
  void hear_others(std::size_t process, process_set reached);
  void miss(std::size_t process, const std::string& address, const std::string& why);
  void take_directories(std::size_t process);
  std::string why_it_may_not_start(std::size_t process);
  introduction say_hello(std::size_t from) const;
  introduction_reply answer(std::size_t process, std::size_t from, const introduction& said);
  void dial(std::size_t from, std::size_t to);
  void say_hello_again(std::size_t from, std::size_t to);
  bool may_meet(std::size_t process) const;
  std::string name_of(std::size_t process) const;
  bool is_copied(std::size_t process, const admission& by) const;
  bool would_be_taken_in(const node& one, const node& other) const;
  heartbeat hear_beat(std::size_t from) const;
  void refused(std::size_t from, std::size_t to, const introduction_reply& reply,
               const after_reply& after);
  void name_to(std::size_t stranger, const std::string& address);
  void link(std::size_t process, std::size_t other, const std::vector<introduced_role>& said);
  void unlink(std::size_t a, std::size_t b, bool are_told);
  void leave(std::size_t process, std::size_t other, bool is_told);
  void carry_out(std::size_t process) { carry_out(process, world_.options.breaks_are_told); }
  void carry_out(std::size_t process, bool is_told);
  void carry_out(std::size_t process, const connection_order::tell_up& o, bool is_told);
  void carry_out(std::size_t process, const connection_order::tell_down& o, bool is_told);
  void carry_out(std::size_t process, const connection_order::note_lost& o, bool is_told);
  void carry_out(std::size_t process, const connection_order::close& o, bool is_told);
  void learn(std::size_t process, const membership& news);
  void tell_roles(std::size_t process);
  void send_news(std::size_t from, std::size_t to);
  void remember(std::size_t process);
  void learn_from_roles(std::size_t process);
  void meet(std::size_t process, host& self, const introduced_role& said, host& peer,
            host::standing as);
  void refuse(host& self, host& peer, const introduced_role& said, const refused_peer& refused,
              bool of_same_process);
  void obey(host& h);
  static bool remembers(const host& self, const host& peer, mounting what);
  bool is_newcomer_to(std::size_t process, const host& h) const;
  void judge_places(std::size_t process);
  bool is_named(std::size_t process, const host& peer) const;

  world& world_;
  std::deque<node> nodes_; ///< by process; they refer to parts of themselves
  struct news {
    std::size_t from = 0;
    std::uint32_t connection = 0; ///< see network::connection
    std::string bytes;            ///< of a membership
  };
  std::map<std::size_t, news> news_; ///< on its way, by number
  std::size_t last_news_ = news_of_own_roles;
};

} // namespace pmmc::sim
