// What a process knows of the cluster's members apart from the log: whom to talk to, and whether it
// is one itself.
#pragma once

#include "membership/configuration.hpp"

#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// 16 hexadecimal digits.
std::string identity_text(cluster_identity identity);

/// Why a process of the cluster `theirs` has no place in `ours`, and what to do; "" if both are the
/// same, or one is not known.
std::string why_other_cluster(cluster_identity theirs, cluster_identity ours);

/// Processes tell each other, and remember it, so that one that starts with an old config file
/// finds the others. What holds for a slot is never decided by this.
struct membership {
  config_history configurations;
  config_version live_from = 1; ///< all slots of earlier versions are decided and safe without them
  cluster_identity identity = 0;

  membership() = default;
  explicit membership(config_history known, config_version live = 1, cluster_identity cluster = 0)
      : configurations(std::move(known)), live_from(live), identity(cluster) {}
  explicit membership(configuration first) : configurations(std::move(first)) {}

  config_version version() const {
    return configurations.empty() ? 0 : configurations.latest().version;
  }
  bool is_newer_than(const membership& other) const {
    return version() > other.version() ||
           (version() == other.version() && live_from > other.live_from);
  }
  /// Whether both know which cluster they are of, and it is not the same.
  bool is_of_other_cluster(const membership& other) const {
    return identity != 0 && other.identity != 0 && identity != other.identity;
  }
  /// Takes over what `other` knows better; returns whether that is anything. Nothing is learned
  /// from another cluster.
  bool learn(const membership& other);

  /// The configurations that are live, the latest first.
  std::vector<const configuration*> live() const;
  /// The member as the latest live configuration that has it knows it, or nullptr.
  const member* find(role_kind kind, const role_id& id) const;
  /// The same for whatever kind it is of; "" for who is no member.
  std::string_view address_of(const role_id& id) const;
  bool is_member_at(role_kind kind, const role_id& id, std::string_view address) const;
  /// Whether any configuration that is known had the member at `address`.
  bool was_at(role_kind kind, const role_id& id, std::string_view address) const;
  /// Who was a member and is none of a live configuration any more, or nullptr.
  const former_member* find_former(const role_id& id) const;
  /// The addresses of all members of live configurations.
  std::set<std::string> addresses() const;

  friend bool operator==(const membership&, const membership&) = default;
};

} // namespace pmmc
