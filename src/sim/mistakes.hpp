// What operators do wrong with directories and config files, and how they mend it.
#pragma once

#include "sim/meetings.hpp"
#include "sim/roster.hpp"

#include <map>
#include <vector>

namespace pmmc::sim {

class mistakes {
public:
  mistakes(world& w, roster& m) : world_(w), roster_(m) {}

  static bool is_one(fault_kind kind);
  /// Makes it, if it can be made now.
  void begin(std::size_t number, const fault& f, random_source& dice);
  /// Somebody mends it. Nothing if there is no mistake of this number.
  void end(std::size_t number);
  void heal();

private:
  struct made {
    std::vector<host*> directories = {};        ///< wrong ones
    std::vector<std::size_t> elsewhere = {};    ///< processes that run at another one's address
    std::vector<std::size_t> foreign = {};      ///< processes that are none of the cluster
    std::vector<std::size_t> removed = {};      ///< processes that were removed, and started again
    std::vector<std::size_t> outdated = {};     ///< members with a config file from the beginning
    std::vector<std::size_t> wrong_config = {}; ///< members with one of another cluster

    bool is_nothing() const;
  };

  made exchange_directory(const fault& f, random_source& dice);
  made start_foreign(const fault& f, random_source& dice);
  made start_copy(random_source& dice);
  bool has_room_for_intruder() const;
  made start_intruder(node_files files, stranger who);
  made swap_addresses(random_source& dice);
  made start_removed(random_source& dice);
  made start_with_old_config(random_source& dice);
  made start_with_wrong_config(random_source& dice);
  std::vector<host*> misformat(std::size_t process, random_source& dice);
  bool somebody_has_other_facts() const;
  void remove_members(std::size_t process);
  bool is_harmless(const host& h, mounting what) const;
  bool is_majority(std::size_t process) const;
  bool meets_others(std::size_t process) const;
  bool is_free(std::size_t process) const;
  std::vector<std::size_t> free_members() const;
  void mend(const made& m);
  void name_members_to_strangers();

  world& world_;
  roster& roster_;
  std::map<std::size_t, made> made_; ///< by number of the fault
  std::size_t intruder_ = max_processes;
};

} // namespace pmmc::sim
