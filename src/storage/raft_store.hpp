// The memory of a Raft server on disk (Raft paper, figure 2, "Persistent state"): the same files as
// an acceptor's.
#pragma once

#include "consensus/raft/persistent_state.hpp"
#include "storage/data_directory.hpp"
#include "storage/log_segment.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace pmmc::storage {

/// Not thread-safe: one thread at a time. It holds the log in memory as the server does, and shares
/// the commands with it.
class raft_store {
public:
  /// Writes the files of a server in the state that founding_state(first) gives. Durable are their
  /// contents and names; the name of `dir` is the caller's to sync.
  static void create(disk& on, const std::filesystem::path& dir, raft::server_set first,
                     const segment_sizes& sizes = {});

  /// Recovers the state: all records of every `write` that returned, and perhaps those of one that
  /// did not. Throws storage_error if that cannot be shown: the state is unknown then, and the
  /// server must not vote. A directory that is refused is left as it was found. `directory` must be
  /// open for writing and outlive this object.
  explicit raft_store(const data_directory& directory, const segment_sizes& sizes = {});
  ~raft_store();
  raft_store(raft_store&&) noexcept;
  raft_store& operator=(raft_store&&) noexcept;

  /// The recovered state, for the server. Call once; it is moved out.
  raft::persistent_state take_recovered();

  /// Makes all records durable with one sync, all or none. They come in the order in which the
  /// server put them out. If it throws storage_error, every later call throws too: stop the
  /// process. No records: does nothing. Removes what a base_record says is in a snapshot, as far as
  /// whole segments go.
  void write(std::span<const raft::record> records);

  /// Writes since the directory was formatted, all durable.
  std::uint64_t writes() const;

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::storage
