// One change of the cluster's members, from the first check to the names of those that can go: what
// `pmmc reconfig` and PMMC RECONFIG do (docs/RECONFIGURATION.md). Free of CAF.
#pragma once

#include "change/change_error.hpp"
#include "change/high_marks.hpp"
#include "membership/reconfiguration.hpp"
#include "node/probe.hpp"
#include "service/client.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// How a change reaches the cluster, and those who wait for it. All calls may block.
class change_access {
public:
  virtual ~change_access() = default;
  /// Asks all processes, and those at further addresses.
  virtual probed_cluster ask(const std::set<std::string>& also) = 0;
  /// Proposes an encoded reconfiguration; the body of what is done is its encoded outcome.
  virtual client_outcome propose(const std::string& op) = 0;
  /// Progress, for people.
  virtual void say(const std::string& text) = 0;
};

struct change_result {
  struct leaver {
    role_id id;
    std::string address;  ///< where it was; "unknown" if that is not known any more
    bool alone = false;   ///< no member is there: the process can be switched off
    std::string moved_to; ///< its new address, if it has moved
  };

  bool dry_run = false;
  bool is_made = false; ///< dry run: `config` is there already, and nothing would be proposed
  configuration config; ///< in force; dry run: what would be proposed, without a first slot
  config_version replaces = 0;
  slot_num slot = 0;           ///< dry run: the earliest in which it could be decided
  std::uint64_t window = 0;    ///< dry run; 0: it holds from its own slot on
  std::vector<role_id> down;   ///< dry run: those of `config` that do not answer now
  std::vector<leaver> leavers; ///< not in a dry run
  std::string warning;         ///< "" if there is nothing to warn of
};

/// For people: lines.
std::string to_text(const change_result& r);
/// As `pmmc reconfig --json` prints it; in one line unless `indent` is 0 or more.
std::string to_json(const change_result& r, int indent = -1);

/// Does what is asked, or finds it done already. Single use; blocks.
class membership_change {
public:
  struct settings {
    bool dry_run = false;
    std::chrono::milliseconds patience{10'000}; ///< how long nothing may move
  };

  membership_change(reconfiguration change, settings options, change_access& access)
      : change_(std::move(change)), options_(options), access_(access) {}

  /// Returns when the change is in force and what was removed is needed no more, or, in a dry run,
  /// when it has been checked. Throws change_error.
  change_result run();

private:
  void ask();
  void ask_at_former_addresses();
  void demand_an_answer() const;
  bool is_made_already() const;
  void check_that_it_would_work(const configuration& next) const;
  void check_reachable(const configuration& next, role_kind kind, std::size_t least) const;
  std::vector<probed_role> down_of(const configuration& config, role_kind kind) const;
  configuration check();
  change_result dry_run(const configuration& next) const;
  bool has_moved(high_marks& marks, const std::set<std::string>& where) const;
  std::set<std::string> newcomers() const;
  void wait_for_newcomers();
  bool is_of_servers() const { return probed_.known.configurations.latest().has_servers(); }
  client_outcome propose_while_it_moves();
  void propose();
  bool is_safe(std::string& why_not) const;
  std::string not_durable_because(const configuration& config) const;
  void wait_until_safe();
  change_result report() const;
  slot_num highest_slot_out() const;
  std::uint64_t window() const;
  void say(const std::string& text);
  template <class Done>
  void poll(const std::set<std::string>& where, change_failure when_stuck,
            const std::string& consequence, Done done);

  reconfiguration change_;
  settings options_;
  change_access& access_;
  std::set<std::string> former_addresses_; ///< of newcomers that were members once
  probed_cluster probed_;
  config_version version_ = 0; ///< that the change has made
  std::string warning_;
  std::string said_;
};

} // namespace pmmc
