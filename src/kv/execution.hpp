// Executes Redis commands on the keys.
#pragma once

#include "kv/keyspace.hpp"
#include "kv/reply.hpp"
#include "kv/transaction.hpp"

#include <string_view>

namespace pmmc::kv {

/// The replies of calls that are refused, where somebody tells them apart.
namespace call_errors {
inline constexpr std::string_view not_a_number = "ERR value is not an integer or out of range";
inline constexpr std::string_view overflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view large_value =
    "ERR string exceeds maximum allowed size (1048576 bytes)";
inline constexpr std::string_view bad_key = "ERR a key must have 1 to 1024 bytes";
} // namespace call_errors

/// Executes a call that writes, or one that reads, and writes one reply. Whatever the call's words
/// are: what is wrong with them is the reply, an error. Never throws. `session` is not for it.
/// Precondition: `out` has room for a small reply. Returns false, with nothing changed, if it has
/// none for the one that this would be; what was written of it is to be cut off.
bool execute(keyspace& keys, const call& c, reply_writer& out);

/// Executes a call that reads; anything else is answered with an error. `now` is the reader's
/// clock; it is looked at for the time that is left to a key only. The rest as for execute.
bool read(const keyspace& keys, const call& c, log_time now, reply_writer& out);

/// Whether a deadline that `c` depends on has been reached at `now`, while the log time is behind.
bool is_due(const keyspace& keys, const call& c, log_time now);

} // namespace pmmc::kv
