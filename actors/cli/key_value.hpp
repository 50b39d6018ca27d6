// Operations of the key-value store on the command line: words → operation, outcome → text.
#pragma once

#include "cli.hpp"
#include "kv/single_call.hpp"
#include "service/client.hpp"

#include <string>
#include <vector>

namespace pmmc::cli {

/// An operation as typed.
struct typed_operation {
  std::string key;
  std::string encoded;
  kv::verb what = kv::verb::get; ///< its only call

  bool is_query() const { return kv::is_read(what); }
};

/// "put k v" and the like. Checks names, numbers of words and the limits of keys and values; throws
/// command_error with exit code 2.
typed_operation parse_operation(const std::vector<std::string>& words);

/// For stderr, of bytes that no operation of the store is answered with.
inline constexpr const char* not_the_stores_answer =
    "the answer is none of the key-value store's: if `pmmc status` shows another MACHINE, `pmmc "
    "apply` and `pmmc query` speak with it";

/// What there is to print about an outcome.
struct described_outcome {
  exit_code code = done;
  std::string name;  ///< "ok", "absent", "mismatch", …, "not executed", "unknown"
  std::string value; ///< what the operation gives: a value, a length, a number; else empty
  bool has_value = false;
  std::string error; ///< for stderr; empty if there is nothing wrong
};

/// Of an operation with the call `what`.
described_outcome describe(const client_outcome& outcome, const std::string& key, kv::verb what);
/// Of any operation that was not done.
described_outcome describe_failure(const client_outcome& outcome);

} // namespace pmmc::cli
