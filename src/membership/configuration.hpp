// Configurations: which processes act for a slot. Versioned from the first one on.
#pragma once

#include "base/role_kind.hpp"
#include "base/types.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc {

/// One role of a configuration. `address` is "HOST:PORT", an attribute that may change under the
/// id. `disk` is the format_id of its data directory: who comes back under the id with another one
/// is somebody else. Empty for founders until the log has it (config_history::learn_disks).
struct member {
  role_id id;
  std::string address;
  std::string disk = {};

  friend bool operator==(const member&, const member&) = default;
};

/// The processes that act for the slots from `first_slot` up to the next configuration's first
/// slot: PMMC's roles, some of each, or the servers of another engine, and never both.
struct configuration {
  config_version version = 1;
  slot_num first_slot = 1;
  std::vector<member> acceptors;
  std::vector<member> leaders;
  std::vector<member> replicas;
  std::vector<member> servers = {};

  bool has_servers() const { return !servers.empty(); }
  /// The kinds that its engine has members of.
  std::span<const role_kind> kinds() const;
  /// Those whose majority decides.
  const std::vector<member>& voters() const { return has_servers() ? servers : acceptors; }
  /// Those who hold the state.
  const std::vector<member>& state_holders() const { return has_servers() ? servers : replicas; }
  /// Voters that make a majority.
  std::size_t quorum() const { return voters().size() / 2 + 1; }
  /// Voters that may fail while the configuration still decides.
  std::size_t tolerated_failures() const { return (voters().size() - 1) / 2; }
  /// Holders of the state that must have it durably before the log below it may go: f + 1, or all
  /// of them where there are fewer (invariant G1).
  std::size_t durable_replicas() const;
  /// Whether it has some member of each of kinds(), none of another one, and no id twice, whatever
  /// the kinds: members are found by their ids.
  bool is_whole() const;
  /// Precondition: no client's.
  std::vector<member>& members(role_kind kind);
  const std::vector<member>& members(role_kind kind) const;
  /// The member of this kind called `id`, or nullptr.
  const member* find(role_kind kind, const role_id& id) const;
  bool has_acceptor(const role_id& id) const { return find(role_kind::acceptor, id) != nullptr; }
  bool has_leader(const role_id& id) const { return find(role_kind::leader, id) != nullptr; }
  bool has_replica(const role_id& id) const { return find(role_kind::replica, id) != nullptr; }
  bool has_server(const role_id& id) const { return find(role_kind::server, id) != nullptr; }
  /// The address of any role of this configuration, or "" for an unknown id.
  std::string_view address_of(const role_id& id) const;

  friend bool operator==(const configuration&, const configuration&) = default;
};

std::vector<role_id> ids_of(const std::vector<member>& members);

/// Who was a member once and is none any more.
struct former_member {
  role_kind kind = role_kind::acceptor;
  role_id id;
  std::string address;           ///< its last one
  std::string disk;              ///< empty if it was not known
  config_version removed_in = 0; ///< the first version without it

  friend bool operator==(const former_member&, const former_member&) = default;
};

/// The configurations of a cluster by first slot: the first one (which begins at slot 1), the last
/// `most_kept` and those pending inside WINDOW. Part of the replicated state, so equal at equal
/// slots (F1).
class config_history {
public:
  static constexpr std::size_t most_kept = 32;
  static constexpr std::size_t most_former_members = 4'096;

  config_history() = default;
  explicit config_history(configuration first) { add(std::move(first)); }

  /// Invariant F1: versions and first slots both grow. Members that `next` does not have become
  /// former ones; those that it has are none any more. Forgets configurations past `most_kept`.
  void add(configuration next);
  /// The configuration that governs `slot`. Precondition: not empty. Between the first one and the
  /// oldest of the last ones, where some were forgotten, it is the first one.
  const configuration& for_slot(slot_num slot) const;
  /// Whether that is certain: no configuration was forgotten between it and the next one.
  bool knows(slot_num slot) const;
  const configuration* find(config_version version) const;
  const configuration& first() const { return by_first_slot_.begin()->second; }
  const configuration& latest() const { return by_first_slot_.rbegin()->second; }
  const std::map<slot_num, configuration>& all() const { return by_first_slot_; }
  /// One past the last slot that `version` governs, the largest slot_num if it is the latest, or 0
  /// if it is not known.
  slot_num end_of(config_version version) const;
  /// The configurations that govern slots at or after `slot`, the oldest first.
  std::vector<const configuration*> from(slot_num slot) const;
  const std::map<role_id, former_member>& former_members() const { return former_members_; }
  bool empty() const { return by_first_slot_.empty(); }

  /// The disks that it names of those who promise: acceptors, leaders and servers.
  std::map<role_id, std::string> disks() const;
  /// Those of `found` that belong to such members of the latest configuration, whose disks nothing
  /// here names.
  std::map<role_id, std::string> new_disks(const std::map<role_id, std::string>& found) const;
  /// Takes over new_disks(found), in all configurations; returns whether there were any. A disk
  /// that is named once stays.
  bool learn_disks(const std::map<role_id, std::string>& found);

  /// For what comes from a disk or a message: whether the parts follow each other, from slot 1 on,
  /// of one engine, and each is whole. Replaces *this only if so.
  bool assign(std::vector<configuration> configurations, std::vector<former_member> former);

  friend bool operator==(const config_history&, const config_history&) = default;

private:
  std::map<slot_num, configuration> by_first_slot_;
  std::map<role_id, former_member> former_members_;
};

} // namespace pmmc
