// Small text files that an operator can read, sealed by a checksum in their last line.
#pragma once

#include "storage/storage_error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::storage {

/// Lines of words. A word is written with everything but letters, digits and -._:[]/ as %XX.
class text_lines {
public:
  text_lines& line(const std::vector<std::string>& words);
  /// Adds the line "checksum <16 hex digits>" over all that stands above it.
  std::string sealed() const;

private:
  std::string text_;
};

/// The lines (without the checksum) of a sealed text; none if a single bit of it is wrong.
std::optional<std::vector<std::vector<std::string>>> unseal(std::string_view text);

/// A decimal number without sign or leading blanks; none for anything else.
std::optional<std::uint64_t> parse_number(std::string_view word);

} // namespace pmmc::storage
