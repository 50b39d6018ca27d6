// Operations of the key-value store on the command line: words → operation, outcome → text.
#pragma once

#include "cli.hpp"
#include "client.hpp"
#include "kv/operation.hpp"

#include <string>
#include <vector>

namespace pmmc::cli {

/// An operation as typed.
struct typed_operation {
  std::string key;
  std::string encoded;
  bool is_query = false;
};

/// "put k v" and the like. Checks names, numbers of words and the limits of keys and values; throws
/// command_error with exit code 2.
typed_operation parse_operation(const std::vector<std::string>& words);

/// What there is to print about an outcome.
struct described_outcome {
  exit_code code = done;
  std::string name;  ///< "ok", "absent", "mismatch", …, "not executed", "unknown"
  std::string value; ///< what the operation gives: a value, a length, a number; else empty
  bool has_value = false;
  std::string error; ///< for stderr; empty if there is nothing wrong
};

described_outcome describe(const client_outcome& outcome, const std::string& key);

} // namespace pmmc::cli
