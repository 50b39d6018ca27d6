// Which configuration governs which slot, as the chosen commands say.
#pragma once

#include "membership/configuration.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

namespace pmmc::sim {

/// A configuration with its roles as numbers. Servers are both, acceptors and replicas.
struct known_configuration {
  config_version version = 0;
  slot_num first_slot = 1;
  std::vector<std::size_t> acceptors;
  std::vector<std::size_t> replicas;
  std::size_t quorum = 0;
  std::size_t durable_replicas = 0;
  configuration as_decided;
};

class configuration_book {
public:
  /// `number_of` turns ids into numbers.
  explicit configuration_book(std::function<std::size_t(const role_id&)> number_of)
      : number_of_(std::move(number_of)) {}

  void add(const configuration& c);
  const known_configuration* find(config_version version) const;
  /// Of the configurations known so far. Precondition: there is one for `slot`.
  const known_configuration& for_slot(slot_num slot) const;
  const known_configuration& latest() const { return by_version_.rbegin()->second; }
  const std::map<config_version, known_configuration>& all() const { return by_version_; }

private:
  std::function<std::size_t(const role_id&)> number_of_;
  std::map<config_version, known_configuration> by_version_;
};

} // namespace pmmc::sim
