// An acceptor's log as the tests look at it and damage it.
#pragma once

#include "scratch.hpp"

#include "storage/log_segment.hpp"

#include <optional>

namespace scratch {

inline std::vector<fs::path> logs_with(const fs::path& acceptor, const std::string& extension) {
  std::vector<fs::path> found;
  for (const auto& file : files_in(acceptor / "log"))
    if (file.extension() == extension)
      found.push_back(acceptor / "log" / file);
  return found;
}

/// Oldest first.
inline std::vector<fs::path> segments(const fs::path& acceptor) {
  return logs_with(acceptor, ".log");
}
inline std::vector<fs::path> spares(const fs::path& acceptor) {
  return logs_with(acceptor, ".spare");
}
inline fs::path newest_log(const fs::path& acceptor) { return segments(acceptor).back(); }

/// Without the zeros at its end.
inline std::size_t used_bytes(const std::string& content) {
  return content.find_last_not_of('\0') + 1;
}
inline std::uintmax_t used_bytes(const fs::path& file) { return used_bytes(contents(file)); }

/// What becomes of an entry's value; nothing: the entry goes.
using entry_edit =
    std::function<std::optional<std::string>(std::string_view key, std::string_view value)>;

/// Writes the file anew, with entries edited and checksums that fit.
inline void edit_log(const fs::path& file, const entry_edit& edit) {
  using namespace pmmc::storage;
  segment_reader reader{real_disk(), {.number = 1, .path = file}, voter::acceptor};
  auto bytes = segment_beginning(reader.seed());
  const auto add = [&](const log_record& record) {
    record_builder builder;
    for_each_entry(record.entries, [&](std::string_view key, std::string_view value) {
      if (const auto edited = edit(key, value))
        builder.put(key, *edited);
      return true;
    });
    for (const auto piece : builder.finish(record.kind, record.mark, reader.seed()))
      bytes += piece;
  };
  add(reader.head());
  for (log_record record; reader.next(record);)
    add(record);
  bytes.resize(reader.file_bytes());
  overwrite(file, bytes);
}

} // namespace scratch
