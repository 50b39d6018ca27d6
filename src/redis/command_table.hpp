// The Redis commands that pmmc answers, and their translation into calls of the store.
#pragma once

#include "kv/transaction.hpp"
#include "redis/request.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::redis {

/// Who answers a command.
enum class group : std::uint8_t {
  keys,        ///< the store, by one call
  transaction, ///< MULTI and what belongs to it
  connection,  ///< the connection alone
  server,      ///< the process
};

struct command_info {
  std::string_view name; ///< in small letters
  int arity;             ///< words with the name; negative: at least so many
  group of;
  bool writes;
  int first_key, last_key, key_step; ///< as COMMAND tells them; 0: none
  std::string_view summary;
};

std::span<const command_info> all_commands();
/// By name, in letters of either size; null if there is no such command.
const command_info* find_command(std::string_view name);
bool has_arity(const command_info& command, std::size_t words);

std::string lower_case(std::string_view text);
/// `lower` is in small letters.
bool equals_ignoring_case(std::string_view text, std::string_view lower);

/// A call of the store, or the error that is the reply instead.
struct translation {
  kv::call call;
  std::string error;
};

/// For commands of group `keys`, of good arity. `now` is the clock, in ms since 1970: it is looked
/// at for refusals only. SCAN's first word is left to the caller. The call views `r`.
translation translate(const command_info& command, const request& r, std::int64_t now,
                      std::uint64_t random);

/// Whether the reply takes a few bytes for each word of the call, whatever the keys hold.
bool has_small_reply(const kv::call& c);
/// No reply to the transaction has more bytes, as the store encodes it.
std::size_t largest_reply(const kv::transaction& t);

// Redis's words.
std::string unknown_command(const request& r);
std::string wrong_arity(std::string_view command);
/// What is wrong with a command before anything is looked at but its name, that of its subcommand,
/// and the number of its words; nothing if it is good. `command` may be null.
std::string mistake(const command_info* command, const request& r);
/// The lines that HELP of a command with subcommands answers. `command` is in small letters.
std::vector<std::string> help(std::string_view command);

} // namespace pmmc::redis
