// The files of `pmmc import`: records read one by one, in memory that does not grow with the file.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::text {

enum class record_format {
  tsv,   ///< KEY<TAB>VALUE[<TAB>DEADLINE], escaped as escape.hpp says
  csv,   ///< RFC 4180; quoted fields may hold commas, quotes and newlines
  lines, ///< the key is the line, the value its number
};

/// "TSV", "CSV", "plain lines".
std::string_view to_string(record_format format);

/// "tsv", "csv", "lines"; nothing for any other word.
std::optional<record_format> parse_record_format(std::string_view word);

/// A name that ends in .csv is CSV; otherwise a tab in the first line means TSV, none means lines.
record_format detect_format(std::string_view file_name, std::string_view first_line);

struct record_options {
  std::optional<record_format> format; ///< nothing: as detect_format finds
  std::size_t key_column = 1;          ///< (TSV, CSV) counted from 1
  std::size_t max_record_bytes = 8
                                 << 20; ///< a longer record is an error, and is not held in memory
  bool deadlines = true; ///< false: a third column is a part of the value, whatever it looks like
};

/// What is in one record, or why there is none. In TSV and CSV the value is
///   - with two columns: the other column,
///   - with more: the other columns, in order, as one row of the same format (without line end),
///   - with one: the number of the line, as for plain lines.
/// In TSV whose first column is the key, a third column of 12 to 19 digits is a deadline, in ms
/// since 1970; such rows count as rows of two columns, and stand among them.
struct record {
  std::string key;
  std::string value;
  std::uint64_t line = 0; ///< where the record begins, counted from 1
  std::string error;      ///< not empty: this record is malformed; reading may go on after it
  std::optional<std::int64_t> deadline_ms = {}; ///< since 1970

  bool ok() const { return error.empty(); }
};

/// The stream broke off: an error of the disk, or of the network behind it.
class unreadable : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Reads records in the order of the file, so that of equal keys the last one wins if the caller
/// puts them in that order. Lines end in LF or CRLF, the last one perhaps in neither; empty lines
/// are counted and skipped. All rows have as many columns as the first one; a first row with names
/// is a record like any other. A byte order mark is skipped. An empty key is an error. The
/// constructor and next() throw `unreadable`. Not thread-safe.
class record_reader {
public:
  /// `in` outlives the reader and is read by nobody else. `file_name` serves to detect the format.
  record_reader(std::istream& in, std::string_view file_name, record_options options = {});

  /// The next record, or nothing at the end of the file.
  std::optional<record> next();

  record_format format() const { return format_; }
  /// The first bytes of the file, up to 64 KiB. Precondition: no record has been read.
  std::string_view head() const { return buffer_; }
  /// Bytes of the file consumed by the records returned so far: grows to the size of the file.
  std::uint64_t bytes_read() const { return consumed_; }

private:
  int peek();
  int take();
  void fill();
  bool read_line(std::string& line);
  void skip_line();
  std::optional<record> next_line();
  std::optional<record> next_tsv();
  std::optional<record> next_csv();
  std::optional<std::int64_t> take_deadline(std::vector<std::string>& row) const;
  std::string read_csv_row(std::vector<std::string>& row);
  std::string read_plain_field(std::string& field);
  std::string read_quoted_field(std::string& field);
  record make_record(std::vector<std::string> row, std::uint64_t line);
  std::string too_long() const;

  std::istream& in_;
  record_options options_;
  record_format format_ = record_format::lines;
  std::string buffer_;
  std::size_t position_ = 0; ///< in buffer_
  std::uint64_t consumed_ = 0;
  std::uint64_t line_ = 1;    ///< of the next byte
  std::size_t columns_ = 0;   ///< of the first row; 0: not known yet
  std::size_t row_bytes_ = 0; ///< (CSV) of the row being read
};

} // namespace pmmc::text
