// A history: what clients of a key-value store asked, what they were told, and when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pmmc::check {

enum class operation_kind : std::uint8_t { put, get, append, del, cas, incr };

/// What the client was told. The words of docs/HISTORY.md.
enum class result_kind : std::uint8_t {
  ok,
  absent,       ///< get, del: there is no such key
  mismatch,     ///< cas: the key has not the expected value
  not_a_number, ///< incr: the value is no number of 64 bits
  overflow,     ///< incr: the sum is none
  not_executed, ///< it had no effect and will have none
  unknown,      ///< it took effect at some time after the call, or will, or never does
};

std::string_view to_string(operation_kind kind);
std::string_view to_string(result_kind kind);

/// The answer tells nothing but its result.
struct untold {
  friend bool operator==(const untold&, const untold&) = default;
};

/// A cas was told that the key is absent.
struct told_absent {
  friend bool operator==(const told_absent&, const told_absent&) = default;
};

/// An operation from its call to its return. Times are of one clock for the whole history.
struct operation {
  std::string client;
  std::uint64_t id = 0; ///< tells the operations of a client apart; 0: not numbered
  operation_kind kind = operation_kind::get;
  std::string key;
  std::string value;                   ///< put, append; cas: the new one
  std::optional<std::string> expected; ///< cas; nothing: that the key is absent
  std::int64_t by = 1;                 ///< incr

  result_kind result = result_kind::unknown;
  /// ok: get the value, append the length now, incr the number now; mismatch: the value. All but
  /// that of a get may be untold.
  std::variant<untold, told_absent, std::string, std::uint64_t, std::int64_t> told;

  std::uint64_t call_ns = 0;
  std::uint64_t return_ns = 0; ///< nothing before it, if the result is unknown

  friend bool operator==(const operation&, const operation&) = default;
};

/// Whether an operation of this kind can have this result, and is told what goes with it.
bool is_possible(const operation& op);

using history = std::vector<operation>;

/// A guess at the order in which operations took effect: the lower one did first.
using guess = std::uint64_t;
inline constexpr guess no_guess = ~guess{0};

/// "put k v → ok", for people; long values are cut.
std::string describe(const operation& op);
/// Bytes for people: escaped, in quotes if they need them, the middle of long ones left out.
std::string shown(std::string_view bytes);

} // namespace pmmc::check
