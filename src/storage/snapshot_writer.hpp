// Writes one snapshot file; made by snapshot_store::write.
#pragma once

#include "base/types.hpp"
#include "storage/snapshot_state.hpp"
#include "storage/storage_error.hpp"

#include <memory>
#include <ostream>

namespace pmmc::storage {

class snapshot_folder;

/// One thread at a time. Without commit() the destructor removes the file.
class snapshot_writer {
public:
  snapshot_writer(std::shared_ptr<snapshot_folder> folder, slot_num slot);
  ~snapshot_writer();
  snapshot_writer(snapshot_writer&&) noexcept;
  snapshot_writer& operator=(snapshot_writer&&) noexcept;

  /// Write the state into this. It throws storage_error (a full disk, say) out of the write itself.
  std::ostream& stream();

  /// Reads back what was written, by `check`, then makes it durable, then visible. Nothing may be
  /// written after it. Throws snapshot_damaged if `check` does: it will never be seen then.
  void commit(const snapshot_check& check);

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::storage
