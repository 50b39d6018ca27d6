// Reads an acceptor's log with every check. Internal.
#pragma once

#include "consensus/pmmc/acceptor.hpp"
#include "storage/acceptor_digest.hpp"
#include "storage/log_segment.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace pmmc::storage {

/// A segment as the log goes on with it.
struct segment_info {
  segment_place place;
  std::uint64_t file_bytes = 0;
  std::uint64_t end = 0; ///< of its last record
  slot_num highest = 0;  ///< of its pvalues; 0 without
};

struct loaded_acceptor {
  acceptor_state state;
  acceptor_digest digest;
  write_mark mark;
  std::vector<segment_info> segments; ///< oldest first, never empty
  std::uint64_t seed = 0;             ///< of the newest
  std::string last_record;            ///< of the newest; without padding where the file ends in it
  std::uint64_t last_record_at = 0;   ///< its place in the file
};

/// Changes nothing and works beside a writer, though it may refuse what is being changed. Throws
/// storage_error if a record is damaged or missing, if the content does not add up to the digest
/// that was written with it, or if it falls short of `acknowledged`. A record at the end that was
/// torn, so never acknowledged, is dropped.
loaded_acceptor load_acceptor(disk& on, const std::filesystem::path& folder,
                              const write_mark& acknowledged);

} // namespace pmmc::storage
