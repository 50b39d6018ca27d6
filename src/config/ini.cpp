#include "config/ini.hpp"

#include <algorithm>

namespace pmmc::config {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

ini_entry make_entry(std::size_t line, std::string_view section, std::string_view text,
                     std::size_t equals) {
  auto key = trimmed(text.substr(0, equals));
  auto dot = key.find('.');
  if (section.empty() && dot != std::string_view::npos) {
    section = key.substr(0, dot);
    key = key.substr(dot + 1);
  }
  return {line, std::string{section}, std::string{key},
          std::string{trimmed(text.substr(equals + 1))}};
}

} // namespace

std::vector<std::string> findings::report(const std::filesystem::path& file) const {
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const finding& a, const finding& b) { return a.line < b.line; });
  std::vector<std::string> lines;
  for (const auto& f : sorted)
    lines.push_back(file.string() + ":" + std::to_string(f.line) + ": " + f.what);
  return lines;
}

std::size_t ini_file::line_of(std::string_view section) const {
  for (const auto& s : sections)
    if (s.name == section)
      return s.line;
  return last_line;
}

bool ini_file::has_section(std::string_view name) const {
  return std::any_of(sections.begin(), sections.end(),
                     [&](const auto& s) { return s.name == name; });
}

ini_file scan_ini(std::string_view contents, findings& errors) {
  ini_file file;
  std::string section;
  for (std::size_t line = 1; !contents.empty(); ++line) {
    file.last_line = line;
    auto end = contents.find('\n');
    auto text = contents.substr(0, end);
    contents.remove_prefix(end == std::string_view::npos ? contents.size() : end + 1);
    text = trimmed(text.substr(0, text.find('#')));
    if (text.empty())
      continue;
    auto equals = text.find('=');
    if (text.starts_with('[') && text.ends_with(']')) {
      section = text.substr(1, text.size() - 2);
      file.sections.push_back({line, section});
    } else if (equals != std::string_view::npos) {
      file.entries.push_back(make_entry(line, section, text, equals));
    } else {
      errors.add(line, in_quotes(text) +
                           " is neither a setting nor a section; write key = value or "
                           "[section]");
    }
  }
  return file;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown{text.substr(0, longest)};
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
      c = '?';
  return '"' + shown + (text.size() > longest ? "…\"" : "\"");
}

} // namespace pmmc::config
