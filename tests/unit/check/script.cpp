#include "script.hpp"

#include <doctest/doctest.h>
#include <map>
#include <sstream>

namespace pmmc::testing {

namespace {

using check::operation_kind;
using check::result_kind;

std::string bytes(const std::string& word) { return word == "''" ? "" : word; }

operation_kind kind_of(const std::string& word) {
  for (int i = 0; i <= static_cast<int>(operation_kind::incr); ++i)
    if (to_string(static_cast<operation_kind>(i)) == word)
      return static_cast<operation_kind>(i);
  FAIL("no operation: ", word);
  return {};
}

result_kind result_of(const std::string& word) {
  static const std::map<std::string, result_kind> words = {
      {"ok", result_kind::ok},
      {"absent", result_kind::absent},
      {"mismatch", result_kind::mismatch},
      {"nan", result_kind::not_a_number},
      {"overflow", result_kind::overflow},
      {"not_executed", result_kind::not_executed},
      {"unknown", result_kind::unknown}};
  REQUIRE_MESSAGE(words.contains(word), "no result: ", word);
  return words.at(word);
}

void tell(check::operation& op, const std::string& word) {
  if (op.kind == operation_kind::append)
    op.told = std::uint64_t{std::stoull(word)};
  else if (op.kind == operation_kind::incr)
    op.told = std::int64_t{std::stoll(word)};
  else if (word == "-")
    op.told = check::told_absent{};
  else
    op.told = bytes(word);
}

check::operation operation_of(const std::string& line) {
  std::istringstream in{line};
  check::operation op;
  std::string call, back, kind, word;
  in >> op.client >> call >> back >> kind >> op.key;
  op.kind = kind_of(kind);
  op.call_ns = std::stoull(call);
  op.return_ns = back == "?" ? 0 : std::stoull(back);
  std::vector<std::string> arguments;
  while (in >> word && word != "=")
    arguments.push_back(word);
  if (op.kind == operation_kind::incr)
    op.by = arguments.empty() ? 1 : std::stoll(arguments[0]);
  else if (!arguments.empty())
    op.value = bytes(arguments.back());
  if (op.kind == operation_kind::cas && arguments.at(0) != "-")
    op.expected = bytes(arguments[0]);
  const bool has_result = static_cast<bool>(in >> word);
  REQUIRE_MESSAGE(has_result, line);
  op.result = result_of(word);
  if (in >> word)
    tell(op, word);
  REQUIRE_MESSAGE(is_possible(op), line);
  return op;
}

} // namespace

check::history script(const std::string& lines) {
  check::history all;
  std::istringstream in{lines};
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(' ') != std::string::npos)
      all.push_back(operation_of(line));
  return all;
}

} // namespace pmmc::testing
