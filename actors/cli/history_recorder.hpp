// What `pmmc exec --history` writes down while it runs. The format: docs/HISTORY.md.
#pragma once

#include "check/history.hpp"
#include "service/client.hpp"

#include <string>
#include <unordered_map>

namespace pmmc::cli {

/// Appends to a history file: a line before an operation is sent, and one with its result. So
/// nothing that took effect is missing in the file, however the program ends.
class history_recorder {
public:
  /// Throws command_error if the file cannot be opened, or holds something else than a history.
  explicit history_recorder(const std::string& path);
  ~history_recorder();
  history_recorder(const history_recorder&) = delete;
  history_recorder& operator=(const history_recorder&) = delete;

  /// Before an encoded transaction of one call is sent. Returns its number. Throws command_error if
  /// the line cannot be written.
  std::uint64_t call(std::string_view encoded);
  /// After its outcome has come.
  void finish(std::uint64_t number, const client_outcome& outcome);

private:
  void write_line(const check::operation& op);

  std::string path_;
  int file_ = -1;
  std::string client_;
  std::uint64_t numbers_ = 0;
  std::unordered_map<std::uint64_t, check::operation> under_way_;
};

} // namespace pmmc::cli
