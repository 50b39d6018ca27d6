// Reads one snapshot file, checking it piece by piece in bounded memory; made by
// snapshot_store::read.
#pragma once

#include "base/role_kind.hpp"
#include "base/types.hpp"
#include "storage/disk.hpp"

#include <cstdint>
#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

namespace pmmc::storage {

/// One thread at a time.
class snapshot_reader {
public:
  /// Throws storage_error if the file cannot be read or is not the snapshot `slot` of `cluster`.
  /// `whose`: a replica's or server's, who are told different things to do.
  snapshot_reader(disk& on, const std::filesystem::path& file, const std::string& cluster,
                  slot_num slot, role_kind whose);
  ~snapshot_reader();
  snapshot_reader(snapshot_reader&&) noexcept;
  snapshot_reader& operator=(snapshot_reader&&) noexcept;

  /// Exactly the bytes that were written, each checked before it is handed out. Damage throws
  /// storage_error out of the read itself; the end comes only after the footer was checked.
  std::istream& stream();

  /// Reads and checks what is left, up to the footer. Call it when the state has been restored: a
  /// state is good only if this returns. Returns the bytes that were written in all.
  std::uint64_t finish();

  slot_num slot() const;
  /// Throws snapshot_damaged, for what the bytes mean: `why` they are no state.
  [[noreturn]] void refuse(std::string_view why) const;

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::storage
