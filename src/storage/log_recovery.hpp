// Reads a voter's log with every check that does not depend on what its entries mean. Internal.
#pragma once

#include "storage/log_segment.hpp"
#include "storage/unknown_memory.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::storage {

/// A segment as the log goes on with it.
struct segment_info {
  segment_place place;
  std::uint64_t file_bytes = 0;
  std::uint64_t end = 0; ///< of its last record
  slot_num highest = 0;  ///< of its pvalues or entries that may count; 0 without
};

struct loaded_log {
  write_mark mark;
  std::vector<segment_info> segments; ///< oldest first, never empty
  std::uint64_t seed = 0;             ///< of the newest
  std::string last_record;            ///< of the newest; without padding where the file ends in it
  std::uint64_t last_record_at = 0;   ///< its place in the file
};

/// Takes one entry into what is recovered, and into `highest` of the last segment that is loaded;
/// false if it makes no sense.
using entry_taker = std::function<bool(std::string_view key, std::string_view value)>;

/// Fills `into` and hands over all entries, oldest first. Changes nothing and works beside a
/// writer, though it may refuse what is being changed. Throws storage_error if a record is damaged
/// or missing. A record at the end that was torn, so never acknowledged, is dropped.
void load_log(disk& on, const std::filesystem::path& folder, voter whose, loaded_log& into,
              const entry_taker& take);

/// Throws storage_error if the content does not add up to the digest that was written with it, or
/// if it falls short of `acknowledged`. `digest`: of all that was taken.
void check_log(const loaded_log& loaded, const std::filesystem::path& folder, voter whose,
               std::uint64_t digest, const write_mark& acknowledged);

} // namespace pmmc::storage
