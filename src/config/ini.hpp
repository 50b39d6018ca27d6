// The lines of an INI file, as Boost.Program_options reads them, but with their numbers: Boost's
// own errors name no line, and only the first mistake.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::config {

/// What is wrong (or doubtful) in which line.
class findings {
public:
  void add(std::size_t line, std::string what) { found_.push_back({line, std::move(what)}); }
  bool empty() const { return found_.empty(); }
  /// "FILE:LINE: what", in the order of the lines.
  std::vector<std::string> report(const std::filesystem::path& file) const;

private:
  struct finding {
    std::size_t line;
    std::string what;
  };
  std::vector<finding> found_;
};

struct ini_section {
  std::size_t line = 0; ///< counted from 1
  std::string name;     ///< as between the brackets
};

struct ini_entry {
  std::size_t line = 0;
  std::string section; ///< "" above the first section
  std::string key;
  std::string value;
};

struct ini_file {
  std::vector<ini_section> sections;
  std::vector<ini_entry> entries;
  std::size_t last_line = 1;

  /// The first line of the section, or the last line of the file if there is none.
  std::size_t line_of(std::string_view section) const;
  bool has_section(std::string_view name) const;
};

/// Splits `contents`; lines that are neither empty nor a comment nor [section] nor key = value
/// become errors. As in Boost, # begins a comment anywhere in a line, and above the first section
/// "s.k = v" is key k of section s.
ini_file scan_ini(std::string_view contents, findings& errors);

/// `text` in double quotes for a message: shortened, and fit to be printed.
std::string in_quotes(std::string_view text);

} // namespace pmmc::config
