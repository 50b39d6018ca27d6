// Lines of `pmmc exec`, split into words as a POSIX shell splits them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pmmc::text {

/// The words of one line. An empty or comment line has none. If `error` is not empty, the line was
/// malformed: `error` says how and at which byte (counted from 1), and there are no words.
struct split_result {
  std::vector<std::string> words;
  std::string error;

  bool ok() const { return error.empty(); }
};

/// Splits `line` (without its newline) at blanks and tabs. 'single quotes' keep every byte, "double
/// quotes" all but \" \\ \$ \`, a backslash outside keeps the next byte; "" is an empty word. A
/// line whose first word begins with # is a comment. Nothing is expanded, so $ | ; * are bytes like
/// any other, and so are NUL and bytes that are not UTF-8. A carriage return that ends the line is
/// dropped.
split_result split_words(std::string_view line);

/// Quotes `word` such that split_words gives it back as one word. Precondition: no newline, which a
/// line cannot hold.
std::string quote_word(std::string_view word);

} // namespace pmmc::text
