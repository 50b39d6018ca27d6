// Histories as files, a JSON object a line. The format: docs/HISTORY.md.
#pragma once

#include "check/history.hpp"

#include <istream>
#include <unordered_map>

namespace pmmc::check {

/// The operation's line, without its newline.
std::string to_line(const operation& op);

/// Reads one history out of one file or several.
class history_reader {
public:
  /// `name` is what messages call the file.
  void read(std::istream& in, const std::string& name);

  /// Everything read. What a client numbered is there once.
  const history& operations() const { return operations_; }
  /// "FILE:LINE: what is wrong; what would be right", the first `max_errors` of them.
  const std::vector<std::string>& errors() const { return errors_; }
  std::uint64_t error_count() const { return error_count_; }
  /// Worth knowing, but no mistake: a last line that was cut off.
  const std::vector<std::string>& warnings() const { return warnings_; }

  static constexpr std::size_t max_errors = 20;

private:
  void take(operation op, const std::string& place);
  void refuse(const std::string& place, const std::string& why);

  struct entry {
    std::size_t index;
    std::string place; ///< FILE:LINE
  };

  history operations_;
  std::unordered_map<std::string, entry> numbered_; ///< client, newline, number
  std::vector<std::string> errors_;
  std::uint64_t error_count_ = 0;
  std::vector<std::string> warnings_;
};

} // namespace pmmc::check
