// The acceptor's memory on disk: a log in `<dir>/log`, and a mark of what was acknowledged beside
// it.
#pragma once

#include "consensus/pmmc/acceptor.hpp"
#include "storage/data_directory.hpp"
#include "storage/log_segment.hpp"

#include <filesystem>
#include <memory>
#include <span>

namespace pmmc::storage {

/// Not thread-safe: one thread at a time.
class acceptor_store {
public:
  /// Writes the files of an acceptor that has promised nothing. For data_directory::format.
  static void create(disk& on, const std::filesystem::path& dir, const segment_sizes& sizes = {});

  /// Recovers the state: exactly the records of every `write` that returned, and perhaps those of
  /// one that did not. Throws storage_error if that cannot be shown: the state is unknown then, and
  /// the acceptor must not vote. A directory that is refused is left as it was found. `directory`
  /// must be open for writing and outlive this object.
  explicit acceptor_store(const data_directory& directory, const segment_sizes& sizes = {});
  ~acceptor_store();
  acceptor_store(acceptor_store&&) noexcept;
  acceptor_store& operator=(acceptor_store&&) noexcept;

  /// The recovered state, for the acceptor. Call once; it is moved out.
  acceptor_state take_recovered();

  /// Makes all records durable with one sync, all or none. Records come in the order in which the
  /// acceptor put them out. If it throws storage_error, every later call throws too: stop the
  /// process. No records: does nothing.
  void write(std::span<const acceptor_record> records);

  /// Writes since the directory was formatted, all durable.
  std::uint64_t writes() const;

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::storage
