// The memory of a server of engine `simple` on disk (Paxos Made Simple, section 2.2: what "an
// acceptor needs to remember", slot by slot): the same files as an acceptor's.
#pragma once

#include "consensus/simple/acceptor.hpp"
#include "storage/data_directory.hpp"
#include "storage/log_segment.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace pmmc::storage {

/// Not thread-safe: one thread at a time. In memory it holds a few numbers for each slot that is
/// not forgotten, and no commands.
class simple_store {
public:
  /// Writes the files of a server that has promised nothing. Durable are their contents and names;
  /// the name of `dir` is the caller's to sync.
  static void create(disk& on, const std::filesystem::path& dir, const segment_sizes& sizes = {});

  /// Recovers the state: all records of every `write` that returned, and perhaps those of one that
  /// did not. Throws storage_error if that cannot be shown: the state is unknown then, and the
  /// server must neither promise nor accept. A directory that is refused is left as it was found.
  /// `directory` must be open for writing and outlive this object.
  explicit simple_store(const data_directory& directory, const segment_sizes& sizes = {});
  ~simple_store();
  simple_store(simple_store&&) noexcept;
  simple_store& operator=(simple_store&&) noexcept;

  /// The recovered state, for the server. Call once; it is moved out.
  simple::acceptor_state take_recovered();

  /// Makes all records durable with one sync, all or none, in however many slots they are. They
  /// come in the order in which the server put them out. If it throws storage_error, every later
  /// call throws too: stop the process. No records: does nothing. Removes what a collect_record
  /// forgets, as far as whole segments go.
  void write(std::span<const simple::record> records);

  /// Writes since the directory was formatted, all durable.
  std::uint64_t writes() const;

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::storage
