// The operations of the store: some calls, most of them Redis commands, that are executed at once.
#pragma once

#include "kv/keyspace.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::kv {

/// What a call does. The words and the number that it takes stand beside it; replies are those of
/// the Redis commands.
enum class verb : std::uint8_t {
  get = 1,      ///< key
  set = 2,      ///< key value; number: deadline (see call_flags)
  getdel = 3,   ///< key
  mget = 4,     ///< key…
  mset = 5,     ///< (key value)…; nx: all or nothing, answered 1 or 0
  del = 6,      ///< key…
  exists = 7,   ///< key…
  append = 8,   ///< key value
  strlen = 9,   ///< key
  incrby = 10,  ///< key; number: by
  expire = 11,  ///< key; number: deadline
  ttl = 12,     ///< key; in_ms, absolute
  persist = 13, ///< key
  type = 14,    ///< key
  scan = 15, ///< after [pattern]; number: keys to look at. → [last key looked at or nil, [key…]]
  keys = 16,      ///< pattern
  dbsize = 17,    ///<
  randomkey = 18, ///< number: picks the key
  flushall = 19,  ///<
  version = 20,   ///< key… → [version…]
  session = 21,   ///< name: opens it or finds it → ["new" or "resumed", highest number executed]
  clock = 22,     ///< → the log time
  set_clock = 23, ///< number: the log time from now on, earlier ones too → [before, after]
  cas = 24, ///< key [expected] value: only if the key has that value; without it: if it is absent.
            ///< → OK, or the value that it has, or nil. Of pmmc's own commands
};
inline constexpr auto last_verb = verb::cas;

/// Bits of call::flags.
namespace call_flags {
inline constexpr std::uint8_t nx = 1;         ///< set, mset, expire
inline constexpr std::uint8_t xx = 2;         ///< set, expire
inline constexpr std::uint8_t get = 4;        ///< set: reply with the old value
inline constexpr std::uint8_t as_integer = 8; ///< set: reply with 1 or 0
inline constexpr std::uint8_t gt = 4;         ///< expire
inline constexpr std::uint8_t lt = 8;         ///< expire
inline constexpr std::uint8_t relative = 16;  ///< set, expire: number is in ms from now
inline constexpr std::uint8_t absolute = 32;  ///< set, expire: number is in ms since 1970; ttl
inline constexpr std::uint8_t in_ms = 64;     ///< ttl
} // namespace call_flags

/// The words view bytes that belong to somebody else.
struct call {
  verb what = verb::get;
  std::uint8_t flags = 0;
  std::int64_t number = 0;
  std::vector<std::string_view> words;
  friend bool operator==(const call&, const call&) = default;
};

struct transaction {
  log_time now = 0; ///< the proposer's log_clock; 0: it does not know
  /// All calls in one, as EXEC wants it. If not, the later ones may be left out when the replies
  /// have become large.
  bool whole = false;
  std::vector<std::pair<std::string_view, std::uint64_t>> watched; ///< key, version
  std::string_view session;   ///< of the client that wants to be answered once; empty: none
  std::uint64_t sequence = 0; ///< in the session
  std::vector<call> calls;
  friend bool operator==(const transaction&, const transaction&) = default;
};

/// Whether the call leaves every state as it is.
bool is_read(verb what);

/// Calls of one transaction: many more than any client can send in one.
inline constexpr std::size_t max_calls = 1 << 16;
/// Bytes of replies past which no further call of a transaction that is not `whole` is executed.
inline constexpr std::size_t max_reply_bytes = 1 << 20;
/// Bytes of the whole answer to a transaction, at the most. A call whose reply would not fit is not
/// executed, and answered with an error; or left out, if the transaction is not `whole` and another
/// one has been executed. 11 bytes go for status and number of calls, and as many as the error has
/// for each call behind in a `whole` one; a call needs room for a small reply.
inline constexpr std::size_t max_whole_reply_bytes = 16 << 20;
/// Keys that one scan call looks at, at the most.
inline constexpr std::int64_t max_scan_keys = 10'000;

/// The first byte of an encoded transaction.
inline constexpr char transaction_code = 8;

// Encoding: the byte 8, then varints and sized bytes (codec.hpp): now, whole, number of watched and
// of each key, version; session, and sequence if there is one; number of calls and of each verb,
// flags, number, number of words, words.
std::string encode(const transaction& t);
/// Of the encoded transaction.
std::size_t encoded_bytes(const transaction& t);
/// Accepts any bytes; nothing if they are no transaction, or one of more than max_calls.
std::optional<transaction> decode_transaction(std::string_view bytes);

/// What its metrics are called: a Redis command in small letters ("get", "set", "incrby", …) if
/// there is one call; "transaction" for MULTI … EXEC, "pipeline" for other calls together, "expire"
/// for no call at all. Reads no further than the first call; "" if that is not there.
std::string_view name_of_transaction(std::string_view bytes);

enum class transaction_status : std::uint8_t {
  done = 0,       ///< then: varint number of calls executed, and their replies (reply.hpp)
  due = 1,        ///< query: a key's deadline has been reached; execute it as an operation
  aborted = 2,    ///< a watched key has another version
  no_session = 3, ///< the session is not known (any more)
  overtaken = 4,  ///< a later request of the session was executed before: this one was not, or its
                  ///< reply is not kept any more
  malformed = 5,  ///< no transaction, or a write sent as a query. Then: 0
};

} // namespace pmmc::kv
