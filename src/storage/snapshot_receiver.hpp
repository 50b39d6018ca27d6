// Takes over another replica's snapshot file, piece by piece; made by snapshot_store::receive.
#pragma once

#include "base/types.hpp"
#include "storage/snapshot_state.hpp"
#include "storage/storage_error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pmmc::storage {

class snapshot_folder;

/// One thread at a time. Without commit() what has come stays, to be gone on with, also by a later
/// process. Pieces may come from several replicas only if their files are equal; if they are not,
/// commit() returns false.
class snapshot_receiver {
public:
  snapshot_receiver(std::shared_ptr<snapshot_folder> folder, slot_num slot, std::uint64_t total);
  ~snapshot_receiver();
  snapshot_receiver(snapshot_receiver&&) noexcept;
  snapshot_receiver& operator=(snapshot_receiver&&) noexcept;

  slot_num slot() const;
  std::uint64_t total() const;
  /// Ask for the piece that begins here.
  std::uint64_t offset() const;
  bool complete() const { return offset() == total(); }

  /// Takes what is new in [offset, offset + bytes.size()). Repeated, late and early pieces do no
  /// harm: returns false if nothing was new. Throws storage_error if the disk fails.
  bool append(std::uint64_t offset, std::string_view bytes);

  /// Checks everything, last of all by `check`, makes it durable, then visible. Returns false, with
  /// the file removed, if what came is not a good snapshot: begin again. Precondition: complete().
  /// Throws if the disk fails.
  bool commit(const snapshot_check& check);
  /// Why commit() returned false.
  const std::string& problem() const;

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::storage
