// Rows of text, aligned, for people to read.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace pmmc::cli {

class table {
public:
  explicit table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

  /// A row may be shorter than the header; its last cell then does not count for the column's
  /// width.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print(std::FILE* out) const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// "512 B", "1.5 MiB".
std::string human_bytes(std::uint64_t bytes);

} // namespace pmmc::cli
