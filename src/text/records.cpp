#include "text/records.hpp"

#include "text/escape.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <istream>

namespace pmmc::text {

namespace {

constexpr std::size_t buffer_bytes = 64 << 10;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr int end_of_file = -1;
constexpr int max_columns = 4096; // a column costs more memory than its bytes

std::vector<std::string> split_at_tabs(std::string_view line) {
  std::vector<std::string> columns;
  for (std::size_t begin = 0;;) {
    auto tab = line.find('\t', begin);
    columns.emplace_back(line.substr(begin, tab - begin));
    if (tab == std::string_view::npos)
      return columns;
    begin = tab + 1;
  }
}

std::string csv_field(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos)
    return std::string{field};
  std::string quoted = "\"";
  for (char c : field) {
    quoted += c;
    if (c == '"')
      quoted += c;
  }
  return quoted + "\"";
}

std::string join(const std::vector<std::string>& row, record_format format) {
  std::string joined;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0)
      joined += format == record_format::csv ? ',' : '\t';
    joined += format == record_format::csv ? csv_field(row[i]) : row[i];
  }
  return joined;
}

std::string columns(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " column" : " columns");
}

std::string too_many_columns() {
  return "the row has more than " + columns(max_columns) + "; choose fewer";
}

record failed(std::uint64_t line, std::string error) { return {{}, {}, line, std::move(error)}; }

} // namespace

std::string_view to_string(record_format format) {
  switch (format) {
  case record_format::tsv:
    return "TSV";
  case record_format::csv:
    return "CSV";
  case record_format::lines:
    break;
  }
  return "plain lines";
}

std::optional<record_format> parse_record_format(std::string_view word) {
  if (word == "tsv")
    return record_format::tsv;
  if (word == "csv")
    return record_format::csv;
  if (word == "lines")
    return record_format::lines;
  return std::nullopt;
}

record_format detect_format(std::string_view file_name, std::string_view first_line) {
  if (file_name.ends_with(".csv") || file_name.ends_with(".CSV"))
    return record_format::csv;
  return first_line.find('\t') == std::string_view::npos ? record_format::lines
                                                         : record_format::tsv;
}

// The first line is looked at in the buffer, as far as it fits: a file of one format begins as it
// goes on.
record_reader::record_reader(std::istream& in, std::string_view file_name, record_options options)
    : in_(in), options_(options) {
  fill();
  if (buffer_.starts_with(byte_order_mark))
    position_ = consumed_ = byte_order_mark.size();
  auto first_line = std::string_view{buffer_}.substr(0, buffer_.find('\n'));
  format_ = options_.format.value_or(detect_format(file_name, first_line));
}

std::optional<record> record_reader::next() {
  switch (format_) {
  case record_format::tsv:
    return next_tsv();
  case record_format::csv:
    return next_csv();
  case record_format::lines:
    break;
  }
  return next_line();
}

// --- bytes and lines ----------------------------------------------------------------------------

void record_reader::fill() {
  buffer_.resize(buffer_bytes);
  in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_.resize(static_cast<std::size_t>(in_.gcount()));
  if (in_.bad()) // what came of a record may be a part of it
    throw unreadable{"reading ended in the middle, behind byte " +
                     std::to_string(consumed_ + buffer_.size())};
  position_ = 0;
}

int record_reader::peek() {
  if (position_ == buffer_.size() && in_)
    fill();
  return position_ == buffer_.size() ? end_of_file : static_cast<unsigned char>(buffer_[position_]);
}

int record_reader::take() {
  int c = peek();
  if (c == end_of_file)
    return c;
  ++position_;
  ++consumed_;
  if (c == '\n')
    ++line_;
  return c;
}

void record_reader::skip_line() {
  for (int c = take(); c != end_of_file && c != '\n';)
    c = take();
}

// Returns whether the line fits; it is consumed either way.
bool record_reader::read_line(std::string& line) {
  line.clear();
  for (int c = take(); c != end_of_file && c != '\n'; c = take()) {
    if (line.size() == options_.max_record_bytes) {
      skip_line();
      return false;
    }
    line += static_cast<char>(c);
  }
  if (line.ends_with('\r'))
    line.pop_back();
  return true;
}

// --- formats ------------------------------------------------------------------------------------

std::string record_reader::too_long() const {
  return "the record is longer than " + std::to_string(options_.max_record_bytes) +
         " bytes; shorten it";
}

std::optional<record> record_reader::next_line() {
  while (peek() != end_of_file) {
    record result;
    result.line = line_;
    if (!read_line(result.key))
      return failed(result.line, too_long());
    if (result.key.empty())
      continue;
    result.value = std::to_string(result.line);
    return result;
  }
  return std::nullopt;
}

std::optional<record> record_reader::next_tsv() {
  while (peek() != end_of_file) {
    auto begin = line_;
    std::string line;
    if (!read_line(line))
      return failed(begin, too_long());
    if (line.empty())
      continue;
    if (std::count(line.begin(), line.end(), '\t') >= max_columns)
      return failed(begin, too_many_columns());
    std::string error;
    if (!unescape(line, error))
      return failed(begin, error);
    // Columns stay escaped until it is clear which of them are joined to a row again.
    auto row = split_at_tabs(line);
    const auto deadline = take_deadline(row);
    auto result = make_record(std::move(row), begin);
    result.deadline_ms = deadline;
    result.key = *unescape(result.key, error);
    if (columns_ == 2)
      result.value = *unescape(result.value, error);
    return result;
  }
  return std::nullopt;
}

std::optional<record> record_reader::next_csv() {
  while (peek() != end_of_file) {
    auto begin = line_;
    std::vector<std::string> row;
    if (auto error = read_csv_row(row); !error.empty()) {
      skip_line();
      return failed(begin, std::move(error));
    }
    if (row.size() > 1 || !row.front().empty())
      return make_record(std::move(row), begin);
  }
  return std::nullopt;
}

// Takes the third of three columns off the row if it is a deadline.
std::optional<std::int64_t> record_reader::take_deadline(std::vector<std::string>& row) const {
  constexpr std::size_t fewest_digits = 12; // of times after March 1973
  if (!options_.deadlines || options_.key_column != 1 || row.size() != 3 ||
      (columns_ != 0 && columns_ != 2) || row[2].size() < fewest_digits || row[2].front() == '-')
    return std::nullopt;
  const auto deadline = parse_int64(row[2]);
  if (deadline)
    row.pop_back();
  return deadline;
}

// Picks key and value out of the columns.
record record_reader::make_record(std::vector<std::string> row, std::uint64_t line) {
  if (columns_ == 0)
    columns_ = row.size();
  auto key_column = options_.key_column;
  if (row.size() != columns_)
    return failed(line, "this row has " + columns(row.size()) + ", the first one " +
                            std::to_string(columns_) + "; make them equal");
  if (key_column < 1 || key_column > row.size())
    return failed(line, "there is no column " + std::to_string(key_column) + "; the rows have " +
                            columns(row.size()));
  if (row[key_column - 1].empty())
    return failed(line, "the key in column " + std::to_string(key_column) +
                            " is empty; write a key of one byte or more");
  auto key = std::move(row[key_column - 1]);
  row.erase(row.begin() + static_cast<std::ptrdiff_t>(key_column) - 1);
  if (row.empty())
    return {std::move(key), std::to_string(line), line, {}};
  if (row.size() == 1)
    return {std::move(key), std::move(row.front()), line, {}};
  return {std::move(key), join(row, format_), line, {}};
}

// --- CSV ----------------------------------------------------------------------------------------

// Returns what is wrong, or "". After a failure the rest of the line is still to be read.
std::string record_reader::read_csv_row(std::vector<std::string>& row) {
  row_bytes_ = 0;
  for (;;) {
    if (row.size() == max_columns)
      return too_many_columns();
    auto& field = row.emplace_back();
    auto error = peek() == '"' ? read_quoted_field(field) : read_plain_field(field);
    if (!error.empty())
      return error;
    if (take() != ',')
      return {};
  }
}

// Up to the comma or the end of the line.
std::string record_reader::read_plain_field(std::string& field) {
  for (int c = peek(); c != end_of_file && c != ',' && c != '\n'; c = peek()) {
    if (++row_bytes_ > options_.max_record_bytes)
      return too_long();
    field += static_cast<char>(take());
  }
  if (peek() != ',' && field.ends_with('\r'))
    field.pop_back();
  return {};
}

// The same, with the quotes around the field.
std::string record_reader::read_quoted_field(std::string& field) {
  auto begin = line_;
  take();
  for (int c = take(); c != '"' || peek() == '"'; c = take()) {
    if (c == end_of_file)
      return "the quote that opens in line " + std::to_string(begin) +
             " is never closed; write \" at the end of the field";
    if (++row_bytes_ > options_.max_record_bytes)
      return too_long();
    if (c == '"')
      take();
    field += static_cast<char>(c);
  }
  if (peek() == '\r')
    take();
  if (int c = peek(); c != end_of_file && c != ',' && c != '\n')
    return "something follows a closing quote; write a quote inside a quoted field twice";
  return {};
}

} // namespace pmmc::text
