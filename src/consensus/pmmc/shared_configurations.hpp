// The configurations that a leader knows, each in one copy for all its scouts and commanders, and
// what they say of it and of others (docs/RECONFIGURATION.md, rule 4).
#pragma once

#include "membership/configuration.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace pmmc {

/// Single-threaded.
class shared_configurations {
public:
  /// Precondition: `history` is not empty.
  shared_configurations(role_id leader, config_history history) : leader_(std::move(leader)) {
    replace(std::move(history));
  }

  /// Whether `other` knows a later version.
  bool is_older_than(const config_history& other) const {
    return !other.empty() && other.latest().version > history_.latest().version;
  }
  /// Configurations that are known already keep their copies.
  void replace(config_history history);

  const config_history& history() const { return history_; }
  const configuration& latest() const { return history_.latest(); }
  std::shared_ptr<const configuration> for_slot(slot_num slot) const {
    return by_version_.at(history_.for_slot(slot).version);
  }
  /// Those that govern slots at or after `slot`, the oldest first.
  std::vector<std::shared_ptr<const configuration>> from(slot_num slot) const;
  /// Whether `id` is an acceptor in one of them.
  bool has_acceptor_from(slot_num slot, const role_id& id) const;
  /// Whether the leader may lead `config`: one of the latest configuration finishes what the ones
  /// before have begun; one that was removed leads up to the boundary, and not beyond.
  bool may_lead(const configuration& config) const;
  /// Whether it may lead any of those that govern slots at or after `slot`.
  bool may_lead_from(slot_num slot) const;
  /// Whether `id` is a replica in the latest one or in that of `slot`. The progress of one that was
  /// removed does not say what is needed.
  bool has_replica(const role_id& id, slot_num slot) const;
  /// Replicas of later configurations than that of `slot`, which need its decision as well.
  std::vector<role_id> learners_of(slot_num slot) const;

private:
  role_id leader_;
  config_history history_;
  std::map<config_version, std::shared_ptr<const configuration>> by_version_;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
