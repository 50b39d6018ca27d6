// src/text: files of `import`, lines of `exec`, escapes.
#include "target.hpp"

#include "text/command_line.hpp"
#include "text/escape.hpp"
#include "text/records.hpp"

#include <algorithm>
#include <sstream>

namespace pmmc::fuzz {

namespace {

using namespace text;

/// What the first byte of the input chooses.
record_options record_options_of(choices& in, std::string& name) {
  record_options options;
  options.key_column = in.below(4);
  options.max_record_bytes = in.below(2) == 0 ? 8 << 20 : 40;
  const auto format = in.below(5);
  if (format < 3)
    options.format = static_cast<record_format>(format);
  name = format == 3 ? "x.csv" : "x";
  return options;
}

void try_records(std::string_view bytes) {
  choices in{bytes};
  std::string name;
  const auto options = record_options_of(in, name);
  std::istringstream file{std::string{in.rest()}};
  record_reader reader{file, name, options};
  std::uint64_t line = 0, read = 0;
  while (const auto r = reader.next()) {
    demand(r->line > line || reader.format() == record_format::csv, "records move on in the file");
    demand(r->line >= line, "lines are counted upwards");
    demand(reader.bytes_read() > read, "each record takes bytes");
    demand(reader.bytes_read() <= in.rest().size(), "no more is read than there is");
    demand(!r->ok() || !r->key.empty(), "a good record has a key");
    line = r->line;
    read = reader.bytes_read();
  }
  demand(reader.bytes_read() == in.rest().size(), "all of the file is read");
}

std::vector<std::string> record_seeds() {
  std::vector<std::string> seeds;
  for (const char format : {'\0', '\1', '\2', '\3', '\4'})
    for (const char* file : {"key\tvalue\na\\tb\tc\\n\\x00\nk\tv\r\n",
                             "a,b\n\"x\"\"y\",\"1\n2\"\nk,\"\"\r\n", "one\ntwo\n\nthree",
                             "\xef\xbb\xbf"
                             "a\tb\tc\nd\te\tf\n"})
      seeds.push_back(std::string{'\1', '\0', format} + file);
  return seeds;
}

void try_command_line(std::string_view line) {
  const auto split = split_words(line);
  demand(split.ok() || split.words.empty(), "a malformed line has no words");
  std::string quoted;
  for (const auto& word : split.words)
    quoted += (quoted.empty() ? "" : " ") + quote_word(word);
  if (line.find('\n') == std::string_view::npos && split.ok())
    demand(split_words(quoted).words == split.words, "words that were quoted come back");
}

void try_escape(std::string_view bytes) {
  std::string error;
  const auto escaped = escape(bytes);
  demand(unescape(escaped, error) == std::string{bytes}, "unescape(escape(x)) == x");
  demand(escaped.find_first_of("\t\n\r") == std::string::npos, "escaped text is one field");
  if (const auto raw = unescape(bytes, error))
    demand(unescape(escape(*raw), error) == raw, "what can be unescaped can be escaped");
  else
    demand(!error.empty(), "a refusal says why");
}

const target records{"records", try_records, record_seeds};
const target command_line{"command_line", try_command_line, [] {
                            return std::vector<std::string>{"put k v", "cas 'a b' \"c\\\"d\" e\\ f",
                                                            "append k \"\" # x", "# comment",
                                                            "put \"\\$x\" `'\r"};
                          }};
const target escapes{"escape", try_escape, [] {
                       return std::vector<std::string>{"plain", "\\t\\n\\\\\\xFf\\x00",
                                                       "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                                       std::string{"\0\x1b\x7f\xff", 4}};
                     }};

} // namespace

} // namespace pmmc::fuzz
