// What a story's clients ask the store for, in words, and what it answers.
#pragma once

#include <string>
#include <string_view>

namespace pmmc::test {

/// "append KEY TEXT" adds TEXT to the end of the value, "put KEY TEXT" replaces it; both answer the
/// new value, so that an answer shows whether an operation was executed never, once or twice. "add
/// KEY" adds 1 to a number.
std::string operation_of(std::string_view words);
/// Asks for the value of a key.
std::string query_of(std::string_view key);
/// The last reply of an answer: a value, "" if there is none, or the store's error.
std::string value_in(std::string_view answer);

} // namespace pmmc::test
