#include "text/command_line.hpp"

namespace pmmc::text {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// One pass over the line. After a failure `error` is set and the position means nothing.
class splitter {
public:
  explicit splitter(std::string_view line) : line_(line) {}

  split_result run() {
    while (result_.ok() && skip_blanks())
      read_word();
    if (!result_.ok())
      result_.words.clear();
    return std::move(result_);
  }

private:
  /// Returns whether a word begins after the blanks.
  bool skip_blanks() {
    while (at_ < line_.size() && is_blank(line_[at_]))
      ++at_;
    bool comment = at_ < line_.size() && line_[at_] == '#' && result_.words.empty();
    return at_ < line_.size() && !comment;
  }

  void read_word() {
    std::string word;
    while (result_.ok() && at_ < line_.size() && !is_blank(line_[at_])) {
      char c = line_[at_];
      if (c == '\'')
        read_single_quoted(word);
      else if (c == '"')
        read_double_quoted(word);
      else if (c == '\\')
        read_escaped(word);
      else
        word += line_[at_++];
    }
    result_.words.push_back(std::move(word));
  }

  void read_single_quoted(std::string& word) {
    auto end = line_.find('\'', at_ + 1);
    if (end == std::string_view::npos)
      return fail("the quote ' is never closed; write ' at the end of the word", at_);
    word += line_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
  }

  void read_double_quoted(std::string& word) {
    auto begin = at_++;
    while (at_ < line_.size() && line_[at_] != '"') {
      bool escapes = line_[at_] == '\\' && at_ + 1 < line_.size() &&
                     std::string_view{"\\\"$`"}.find(line_[at_ + 1]) != std::string_view::npos;
      if (escapes)
        ++at_;
      word += line_[at_++];
    }
    if (at_ == line_.size())
      return fail("the quote \" is never closed; write \" at the end of the word", begin);
    ++at_;
  }

  void read_escaped(std::string& word) {
    if (at_ + 1 == line_.size())
      return fail("nothing follows the backslash; write \\\\ for a backslash", at_);
    word += line_[at_ + 1];
    at_ += 2;
  }

  void fail(std::string_view what, std::size_t at) {
    result_.error = "byte " + std::to_string(at + 1) + ": " + std::string{what};
  }

  std::string_view line_;
  std::size_t at_ = 0;
  split_result result_;
};

} // namespace

split_result split_words(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return splitter{line}.run();
}

std::string quote_word(std::string_view word) {
  std::string quoted = "'";
  for (char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

} // namespace pmmc::text
