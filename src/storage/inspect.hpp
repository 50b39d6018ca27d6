// What a data directory holds, with every checksum verified (`pmmc inspect DIR`).
#pragma once

#include "storage/data_directory.hpp"
#include "storage/snapshot_state.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::storage {

struct inspected_version {
  config_version version = 0;
  ballot_num ballot;
  std::uint64_t pvalues = 0;
  slot_num lowest = 0; ///< 0 without pvalues
  slot_num highest = 0;
  std::uint64_t command_bytes = 0;
};

struct inspected_acceptor {
  slot_num watermark = 1;
  std::uint64_t writes = 0; ///< acknowledged and recovered
  std::vector<inspected_version> versions;
};

struct inspected_raft {
  std::uint64_t writes = 0; ///< acknowledged and recovered
  std::uint64_t term = 0;
  role_id voted_for;           ///< there; empty: nobody
  slot_num in_snapshot = 0;    ///< entries up to this index are gone
  slot_num last = 0;           ///< the last entry's index
  std::uint64_t last_term = 0; ///< and its term
  std::uint64_t log_bytes = 0; ///< of the entries that are here
};

/// The acceptor of a server of engine `simple`.
struct inspected_simple {
  slot_num min = 1;           ///< slots below are forgotten
  std::uint64_t writes = 0;   ///< acknowledged and recovered
  std::uint64_t promised = 0; ///< slots that it has promised a number in
  std::uint64_t accepted = 0; ///< those of them that it has accepted a proposal in
  slot_num highest = 0;       ///< of them; 0 without
  std::uint64_t command_bytes = 0;
};

struct inspected_snapshot {
  slot_num slot = 0;
  std::uint64_t file_bytes = 0;
  bool good = false;
};

struct inspected_file {
  std::string name; ///< relative to the directory
  std::uint64_t bytes = 0;
};

struct inspection {
  std::filesystem::path path;
  std::optional<format_info> format; ///< none if FORMAT cannot be read
  long running_as = -1;              ///< see lock_holder
  std::uint64_t disk_bytes = 0;
  std::optional<inspected_acceptor> acceptor;
  std::optional<inspected_raft> raft;
  std::optional<inspected_simple> simple;
  std::optional<std::uint64_t> seqnum;            ///< leaders
  std::map<role_id, std::string> known_disks;     ///< of the acceptors, leaders and servers met
  std::map<role_id, std::uint64_t> known_records; ///< and how many records they had at least
  std::uint64_t lives = 0;                        ///< how often it was started
  std::vector<inspected_snapshot> snapshots;      ///< replicas, ascending
  std::vector<inspected_file> files;              ///< by name
  std::vector<std::string> problems;              ///< sentences; empty: everything is good

  bool good() const { return problems.empty(); }
};

/// Throws what a start would of the snapshot; the directory's members agree on `facts`.
using inspect_check = std::function<void(snapshot_reader&, const cluster_facts& facts)>;

/// Changes nothing, takes no lock, and works while the role runs. Damage is reported in `problems`,
/// never thrown; throws storage_error only if there is no directory at `path`, or none of a role. A
/// replica's snapshots are good if `check` finds them so, too: a start restores the newest.
inspection inspect(const std::filesystem::path& path, const inspect_check& check);

} // namespace pmmc::storage
