// Who belongs to the simulated cluster: its roles, those that operators add, and those that go.
#pragma once

#include "membership/reconfiguration.hpp"
#include "sim/host.hpp"
#include "sim/meetings.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pmmc::sim {

class operator_host;

class roster {
public:
  explicit roster(world& w);
  ~roster();

  meetings& met() { return met_; }
  const std::vector<std::unique_ptr<host>>& roles() const { return roles_; }
  const std::vector<std::unique_ptr<operator_host>>& operators() const { return operators_; }
  /// Sets up the operators; after the clients, so that these keep their numbers.
  void add_operators();

  /// An operator adds, removes or replaces something, or several things at once, each on top of the
  /// one before; or moves a process to another address. New roles are running before they are
  /// added, and most that move listen there before.
  void reconfigure(random_source& dice);
  /// Whether the cluster can do without this process for ever, and those that are gone already, in
  /// every configuration that is live, pending or asked for: a majority of the acceptors must stay,
  /// a leader, and one of any f + 1 replicas.
  bool can_lose(std::size_t process) const;
  /// Starts the roles that it adds: each in a process of its own, or all in one if they are
  /// colocated.
  void start(const reconfiguration& r);
  /// Roles that were removed, and that nobody needs any more, are switched off.
  void switch_off_retired();
  /// Where the members have a process that moves, there it is started, while nobody waits for an
  /// answer that could change it.
  void follow_moves();
  /// Whether it is a member, and its config file has it elsewhere than the others do.
  bool is_moving(std::size_t process) const;
  /// Stops it, if it runs, and starts it soon.
  void restart(std::size_t process);
  /// A reconfiguration has been refused: its new roles are not needed.
  void withdraw(const reconfiguration& r);
  /// Whether a reconfiguration has been decided, or will be, is not known to who asked for it.
  void lose_sight() { sees_all_ = false; }

private:
  void add_node(std::size_t process, std::string address, const membership& known);
  host& add(role_kind kind, const role_id& id, std::size_t process);
  reconfiguration change(random_source& dice, const configuration& latest);
  reconfiguration move(std::size_t process, const configuration& latest);
  std::size_t choose_to_move(random_source& dice) const;
  std::string_view address_of(std::size_t process) const;
  void begin_move(std::size_t process, const std::string& address);
  bool moves(const role_id& id) const;
  bool ask_for(const reconfiguration& r, config_history& known, operator_host& by);
  std::size_t waited_for() const;
  reconfiguration::addition newcomer(role_kind kind, std::size_t number);
  bool survives(const configuration& c, std::size_t without) const;
  bool is_gone(const role_id& id, std::size_t without) const;
  bool lacks_what_it_told(const role_id& id) const;
  void switch_off(const role_id& id);

  world& world_;
  meetings met_;
  std::vector<std::unique_ptr<host>> roles_;
  std::vector<std::unique_ptr<operator_host>> operators_;
  std::vector<configuration> asked_for_;
  std::map<std::size_t, std::string> moved_; ///< processes, and where the members last had them
  config_version live_from_ = 1; ///< as some replica of the latest configuration has said
  std::size_t last_number_;
  bool sees_all_ = true;
  bool asked_at_once_ = false; ///< by the operator that waits for answers
};

} // namespace pmmc::sim
