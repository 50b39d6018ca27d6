// What the roles of one process remember together of their cluster: what their directories were
// formatted with, and the file `members` in each of them.
#pragma once

#include "membership/cluster_facts.hpp"
#include "membership/membership.hpp"
#include "storage/data_directory.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::storage {

/// A process begins with the newest of what its directories know, and writes what it learns into
/// all of them. Not thread-safe. Copies are of the same directories.
class process_members {
public:
  /// `own`: what the process would found a cluster with, by `config_file` and its program.
  process_members(cluster_facts own, std::string config_file)
      : own_(std::move(own)), config_file_(std::move(config_file)) {}

  /// Takes in a directory that is open for writing, at the start. Returns why its role cannot live
  /// in this process, or in one with those before it; "" if it can. A file `members` that is
  /// damaged is noted, and counts as missing: it says whom to dial, and decides nothing. The disk
  /// must outlive this.
  std::string add(const data_directory& directory);

  /// What the process begins with.
  const membership& known() const { return known_; }
  /// What holds: what the directories were formatted with, whatever WINDOW the config file says.
  /// Precondition: a directory was added.
  const cluster_facts& facts() const { return facts_; }
  bool overrules_window() const { return facts_.window != own_.window; }
  /// Whether a file told of it: else `known` is how the cluster began.
  bool has_heard() const { return has_heard_; }
  /// What is wrong with files that are damaged, and what to do: for people.
  const std::vector<std::string>& damage() const { return damage_; }

  /// Durable in all directories when it returns. Throws storage_error: some of them may have it
  /// then.
  void remember(const membership& now) const;

private:
  struct place {
    disk* on;
    std::filesystem::path path;
  };

  cluster_facts own_;
  std::string config_file_;
  std::vector<place> places_;
  std::string ids_;
  cluster_facts facts_;
  membership known_;
  bool has_heard_ = false;
  std::vector<std::string> damage_;
};

} // namespace pmmc::storage
