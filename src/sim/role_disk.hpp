// The data directory of a simulated role, on a disk of its own.
#pragma once

#include "membership/cluster_facts.hpp"
#include "membership/membership.hpp"
#include "sim/scenario.hpp"
#include "storage/data_directory.hpp"
#include "storage/role_state.hpp"
#include "storage/simulated_disk.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace pmmc::sim {

/// What happens to a directory while its process is down.
enum class mounting : std::uint8_t {
  none,
  copied,       ///< somebody keeps a copy of it; also while it is in use
  emptied,      ///< it is lost, and formatted again under the same id
  misformatted, ///< … from a wrong config file, while nobody was there who knows better
  old_copy,     ///< the copy is put in its place
  right         ///< it is brought back as it was last
};

/// What all processes of a scenario's cluster agree on.
cluster_facts facts_of(const scenario& s);

/// So small that logs go through many segments, and spares.
inline constexpr storage::segment_sizes small_segments{4096, 4096};

class role_disk {
public:
  /// Formats it, as `pmmc init` does, with the format id `disk-<id>`.
  role_disk(const scenario& s, role_kind kind, const role_id& id);

  /// Opens the directory as the role's process does. Throws storage_error.
  void open();
  const storage::data_directory& directory() const { return *directory_; }
  /// What its file `members` says; nothing if there is none that can be read. Throws `violation` if
  /// it is older than what was durable, or damaged, and nothing has happened to it but crashes
  /// (D2). Precondition: it is open.
  std::optional<membership> checked_members();
  /// The same for whoever looks at a directory that is not in use.
  std::optional<membership> members();
  /// Begins a life, when all directories of the process are open. Throws storage_error.
  void begin_life();
  storage::role_state& state() { return *state_; }
  const storage::role_state& state() const { return *state_; }
  /// Between `files().stop()` and `files().restart()`, when all that uses the directory is gone.
  void close();

  storage::simulated_disk& files() { return files_; }

  // --- What operators do to it ---

  /// By the simulator's own book: what it has held at least.
  struct held {
    std::uint64_t lives = 0;          ///< number of the latest that a process began in full
    std::uint64_t records = 0;        ///< of acceptors the writes, of leaders the free seqnum
    slot_num snapshot = 0;            ///< of replicas the newest
    membership members;               ///< in the file of that name
    bool members_are_damaged = false; ///< until they are written again: no start mends them
  };
  const held& holds() const { return holds_; }
  void note_records(std::uint64_t records) { holds_.records = records; }
  void note_snapshot(slot_num slot) { holds_.snapshot = slot; }
  void note_members(const membership& durable);
  /// lives = 0: there is none.
  const held& copy_holds() const { return copy_.what; }
  /// Precondition: it is not open, unless a copy is made; no bit of it is flipped.
  void mount(mounting what);
  /// What it is formatted with when it is `misformatted`.
  void misformat_with(cluster_facts facts) { wrong_facts_ = std::move(facts); }
  /// Somebody removes the file `members`, as its error text says if it is damaged.
  void remove_members();

private:
  struct contents {
    storage::simulated_disk::contents files;
    held what;
  };
  void format(storage::simulated_disk& on, std::string format_id, cluster_facts facts) const;
  void set_aside(contents others);

  const scenario& options_;
  storage::simulated_disk files_;
  std::filesystem::path path_;
  role_kind kind_;
  role_id id_;
  held holds_;
  cluster_facts wrong_facts_;
  contents copy_;
  contents aside_; ///< while a wrong one is in its place
  std::optional<storage::data_directory> directory_;
  std::optional<storage::role_state> state_;
};

} // namespace pmmc::sim
