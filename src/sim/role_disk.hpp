// The data directory of a simulated role, on a disk of its own.
#pragma once

#include "cluster_facts.hpp"
#include "membership.hpp"
#include "sim/scenario.hpp"
#include "storage/data_directory.hpp"
#include "storage/role_state.hpp"
#include "storage/simulated_disk.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace pmmc::sim {

/// What happens to a directory while its process is down.
enum class mounting : std::uint8_t {
  none,
  copied,   ///< somebody keeps a copy of it; also while it is in use
  emptied,  ///< it is lost, and formatted again under the same id
  old_copy, ///< the copy is put in its place
  right     ///< it is brought back as it was last
};

/// What all processes of a scenario's cluster agree on.
cluster_facts facts_of(const scenario& s);

/// So small that logs go through many segments, and spares.
inline constexpr storage::segment_sizes small_segments{4096, 4096};

class role_disk {
public:
  /// Formats it, as `pmmc init` does, with the format id `disk-<id>`. `known`: what the role is
  /// told of when it is set up.
  role_disk(const scenario& s, role_kind kind, const role_id& id, config_history known);

  /// Opens the directory as the role's process does, and begins a life. Throws storage_error.
  void open();
  const storage::data_directory& directory() const { return *directory_; }
  storage::role_state& state() { return *state_; }
  const storage::role_state& state() const { return *state_; }
  /// What was known when the process started.
  const config_history& known() const { return known_.configurations; }
  /// Makes what is new of `now` durable, for the next start, at which it must be there (D2). Throws
  /// storage_error.
  void remember(const config_history& now);

  /// Between `files().stop()` and `files().restart()`, when all that uses the directory is gone.
  void close();

  storage::simulated_disk& files() { return files_; }

  // --- What operators do to it ---

  /// By the simulator's own book: what it has held at least.
  struct held {
    std::uint64_t lives = 0;    ///< number of the latest that a process began in full
    std::uint64_t records = 0;  ///< of acceptors the writes, of leaders the free seqnum
    config_version members = 0; ///< of the file `members`
  };
  const held& holds() const { return holds_; }
  void note_records(std::uint64_t records) { holds_.records = records; }
  /// lives = 0: there is none.
  const held& copy_holds() const { return copy_.what; }
  /// Precondition: it is not open, unless a copy is made; no bit of it is flipped.
  void mount(mounting what);

private:
  struct contents {
    storage::simulated_disk::contents files;
    held what;
  };
  void format(storage::simulated_disk& on, std::string format_id) const;
  void set_aside(contents others);

  const scenario& options_;
  storage::simulated_disk files_;
  std::filesystem::path path_;
  role_kind kind_;
  role_id id_;
  config_history told_; ///< when it was set up
  membership known_;
  held holds_;
  contents copy_;
  contents aside_; ///< while a wrong one is in its place
  std::optional<storage::data_directory> directory_;
  std::optional<storage::role_state> state_;
};

} // namespace pmmc::sim
