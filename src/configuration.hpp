// Configurations: which processes act for a slot. Versioned from the first one on.
#pragma once

#include "types.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc {

/// One role of a configuration. `address` is "HOST:PORT", an attribute that may change under the
/// id.
struct member {
  role_id id;
  std::string address;

  friend bool operator==(const member&, const member&) = default;
};

/// The processes that act for the slots from `first_slot` up to the next configuration's first
/// slot.
struct configuration {
  config_version version = 1;
  slot_num first_slot = 1;
  std::vector<member> acceptors;
  std::vector<member> leaders;
  std::vector<member> replicas;

  /// Acceptors that make a majority.
  std::size_t quorum() const { return acceptors.size() / 2 + 1; }
  /// Acceptors that may fail while the configuration still decides.
  std::size_t tolerated_failures() const { return (acceptors.size() - 1) / 2; }
  /// Replicas that must hold a state durably before the log below it may go: f + 1, or all of them
  /// where there are fewer (design, garbage collection).
  std::size_t durable_replicas() const;
  /// Whether `id` is an acceptor of this configuration.
  bool has_acceptor(const role_id& id) const;
  /// The address of any role of this configuration, or "" for an unknown id.
  std::string_view address_of(const role_id& id) const;

  friend bool operator==(const configuration&, const configuration&) = default;
};

std::vector<role_id> ids_of(const std::vector<member>& members);

/// All configurations that still matter, by first slot: the one in force at the oldest slot kept,
/// its successors, and those pending inside WINDOW. Part of the replicated state, so equal at equal
/// slots.
class config_history {
public:
  config_history() = default;
  explicit config_history(configuration first) { add(std::move(first)); }

  /// Invariant F1: versions and first slots both grow (a later one may share the first slot of
  /// none).
  void add(configuration next);
  /// The configuration that governs `slot`. Precondition: not empty, slot >= its first slot.
  const configuration& for_slot(slot_num slot) const;
  const configuration* find(config_version version) const;
  const configuration& latest() const { return by_first_slot_.rbegin()->second; }
  const std::map<slot_num, configuration>& all() const { return by_first_slot_; }
  /// One past the last slot that `version` governs, or the largest slot_num if it is the latest.
  slot_num end_of(config_version version) const;
  bool empty() const { return by_first_slot_.empty(); }

  friend bool operator==(const config_history&, const config_history&) = default;

private:
  std::map<slot_num, configuration> by_first_slot_;
};

} // namespace pmmc
