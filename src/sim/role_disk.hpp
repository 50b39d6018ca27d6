// The data directory of a simulated role, on a disk of its own.
#pragma once

#include "membership.hpp"
#include "sim/scenario.hpp"
#include "storage/data_directory.hpp"
#include "storage/role_state.hpp"
#include "storage/simulated_disk.hpp"

#include <filesystem>
#include <optional>

namespace pmmc::sim {

/// So small that logs go through many segments, and spares.
inline constexpr storage::segment_sizes small_segments{4096, 4096};

class role_disk {
public:
  /// Formats it, as `pmmc init` does. `known`: what the role is told of when it is set up.
  role_disk(const scenario& s, role_kind kind, const role_id& id, config_history known);

  /// Opens the directory as the role's process does, and begins a life. Throws storage_error.
  void open();
  const storage::data_directory& directory() const { return *directory_; }
  storage::role_state& state() { return *state_; }
  /// What was known when the process started.
  const config_history& known() const { return known_.configurations; }
  /// Makes what is new of `now` durable, for the next start. Throws storage_error.
  void remember(const config_history& now);

  /// Between `files().stop()` and `files().restart()`, when all that uses the directory is gone.
  void close();

  storage::simulated_disk& files() { return files_; }

private:
  storage::simulated_disk files_;
  std::filesystem::path path_;
  role_kind kind_;
  role_id id_;
  config_history told_; ///< when it was set up
  membership known_;
  std::optional<storage::data_directory> directory_;
  std::optional<storage::role_state> state_;
};

} // namespace pmmc::sim
