#include "redis/command_table.hpp"

#include "kv/keyspace.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace pmmc::redis {

namespace {

constexpr auto k = group::keys;
constexpr auto t = group::transaction;
constexpr auto c = group::connection;
constexpr auto s = group::server;

constexpr std::array commands = {
    command_info{"append", 3, k, true, 1, 1, 1, "Appends to a value; creates it if absent."},
    command_info{"auth", -2, c, false, 0, 0, 0, "Accepted for the user \"default\" only."},
    command_info{"client", -2, c, false, 0, 0, 0, "ID, SETNAME, GETNAME, SETINFO, INFO, LIST."},
    command_info{"command", -1, s, false, 0, 0, 0,
                 "What commands there are: COUNT, DOCS, INFO, LIST."},
    command_info{"config", -2, s, false, 0, 0, 0, "GET: a few parameters that clients ask for."},
    command_info{"dbsize", 1, k, false, 0, 0, 0, "The number of keys."},
    command_info{"decr", 2, k, true, 1, 1, 1, "Subtracts one."},
    command_info{"decrby", 3, k, true, 1, 1, 1, "Subtracts a number."},
    command_info{"del", -2, k, true, 1, -1, 1, "Deletes keys."},
    command_info{"discard", 1, t, false, 0, 0, 0, "Gives a transaction up."},
    command_info{"echo", 2, c, false, 0, 0, 0, "Returns its argument."},
    command_info{"exec", 1, t, false, 0, 0, 0, "Executes a transaction in one slot."},
    command_info{"exists", -2, k, false, 1, -1, 1, "How many of the keys exist."},
    command_info{"expire", -3, k, true, 1, 1, 1, "Sets a deadline, in seconds from now."},
    command_info{"expireat", -3, k, true, 1, 1, 1, "Sets a deadline, in seconds since 1970."},
    command_info{"expiretime", 2, k, false, 1, 1, 1, "The deadline, in seconds since 1970."},
    command_info{"flushall", -1, k, true, 0, 0, 0, "Deletes all keys."},
    command_info{"flushdb", -1, k, true, 0, 0, 0, "Deletes all keys."},
    command_info{"get", 2, k, false, 1, 1, 1, "The value of a key."},
    command_info{"getdel", 2, k, true, 1, 1, 1, "Returns the value and deletes the key."},
    command_info{"getset", 3, k, true, 1, 1, 1, "Returns the old value and sets a new one."},
    command_info{"hello", -1, c, false, 0, 0, 0, "Chooses RESP2 or RESP3."},
    command_info{"incr", 2, k, true, 1, 1, 1, "Adds one."},
    command_info{"incrby", 3, k, true, 1, 1, 1, "Adds a number."},
    command_info{"info", -1, s, false, 0, 0, 0, "Facts about this process."},
    command_info{"keys", 2, k, false, 0, 0, 0, "All keys that match a pattern."},
    command_info{"mget", -2, k, false, 1, -1, 1, "The values of some keys at one moment."},
    command_info{"mset", -3, k, true, 1, -1, 2, "Sets some keys at one moment."},
    command_info{"msetnx", -3, k, true, 1, -1, 2, "Sets some keys if none of them exists."},
    command_info{"multi", 1, t, false, 0, 0, 0, "Begins a transaction."},
    command_info{"persist", 2, k, true, 1, 1, 1, "Removes a deadline."},
    command_info{"pexpire", -3, k, true, 1, 1, 1, "Sets a deadline, in ms from now."},
    command_info{"pexpireat", -3, k, true, 1, 1, 1, "Sets a deadline, in ms since 1970."},
    command_info{"pexpiretime", 2, k, false, 1, 1, 1, "The deadline, in ms since 1970."},
    command_info{"ping", -1, c, false, 0, 0, 0, "Answers PONG."},
    command_info{"pmmc", -2, s, false, 0, 0, 0,
                 "SESSION, REQ (exactly once), STATUS, CONFIG, FINGERPRINT, RECONFIG, CLOCK."},
    command_info{"psetex", 4, k, true, 1, 1, 1, "Sets a value and a deadline in ms."},
    command_info{"pttl", 2, k, false, 1, 1, 1, "The time that is left, in ms."},
    command_info{"quit", -1, c, false, 0, 0, 0, "Closes the connection."},
    command_info{"randomkey", 1, k, false, 0, 0, 0, "Some key."},
    command_info{"reset", 1, c, false, 0, 0, 0, "Makes the connection as good as new."},
    command_info{"scan", -2, k, false, 0, 0, 0, "The keys, some at a time."},
    command_info{"select", 2, c, false, 0, 0, 0, "There is database 0 only."},
    command_info{"set", -3, k, true, 1, 1, 1, "Sets a value. NX, XX, GET, EX, PX, EXAT, PXAT."},
    command_info{"setex", 4, k, true, 1, 1, 1, "Sets a value and a deadline in seconds."},
    command_info{"setnx", 3, k, true, 1, 1, 1, "Sets a value if the key is absent."},
    command_info{"strlen", 2, k, false, 1, 1, 1, "The length of a value."},
    command_info{"ttl", 2, k, false, 1, 1, 1, "The time that is left, in seconds."},
    command_info{"type", 2, k, false, 1, 1, 1, "\"string\" or \"none\"."},
    command_info{"unlink", -2, k, true, 1, -1, 1, "Deletes keys."},
    command_info{"unwatch", 1, t, false, 0, 0, 0, "Forgets the watched keys."},
    command_info{"wait", 3, s, false, 0, 0, 0, "How many acceptors hold what was written."},
    command_info{"watch", -2, t, false, 1, -1, 1, "Makes EXEC depend on keys being unchanged."},
};

constexpr std::size_t longest_name = 11;

struct subcommand_info {
  std::string_view of, name;
  int arity;                       ///< as in command_info
  std::string_view words, summary; ///< for HELP
};

constexpr std::array subcommands = {
    subcommand_info{"client", "getname", 2, "GETNAME", "The name of this connection."},
    subcommand_info{"client", "id", 2, "ID", "The number of this connection."},
    subcommand_info{"client", "info", 2, "INFO", "Facts about this connection."},
    subcommand_info{"client", "list", -2, "LIST", "Facts about all connections of this port."},
    subcommand_info{"client", "setinfo", 4, "SETINFO <LIB-NAME | LIB-VER> <value>",
                    "Says which library the client uses."},
    subcommand_info{"client", "setname", 3, "SETNAME <name>", "Names this connection."},
    subcommand_info{"command", "", 1, "(no subcommand)", "As INFO."},
    subcommand_info{"command", "count", 2, "COUNT", "How many commands there are."},
    subcommand_info{"command", "docs", -2, "DOCS [<command>...]", "What commands are for."},
    subcommand_info{"command", "info", -2, "INFO [<command>...]",
                    "How many words commands take, and which of them are keys."},
    subcommand_info{"command", "list", -2, "LIST", "The names of all commands."},
    subcommand_info{"config", "get", -3, "GET <pattern>...",
                    "The parameters that match a pattern."},
    subcommand_info{"config", "set", -4, "SET <parameter> <value>...",
                    "Refused: pmmc is configured by its cluster file."},
};

/// Of `of`, in small letters; null if there is none.
const subcommand_info* find_subcommand(std::string_view of, std::string_view name) {
  const auto found = std::find_if(subcommands.begin(), subcommands.end(), [&](const auto& one) {
    return one.of == of && one.name == name;
  });
  return found == subcommands.end() ? nullptr : found;
}

constexpr int help_arity = 2;

bool has_subcommands(std::string_view command) {
  return std::any_of(subcommands.begin(), subcommands.end(),
                     [&](const auto& one) { return one.of == command; });
}

std::string upper_case(std::string_view lower) {
  std::string upper{lower};
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char letter) { return static_cast<char>(letter - ('a' - 'A')); });
  return upper;
}

} // namespace

std::span<const command_info> all_commands() { return commands; }

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& letter : lower)
    if (letter >= 'A' && letter <= 'Z')
      letter = static_cast<char>(letter + ('a' - 'A'));
  return lower;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && lower_case(text) == lower;
}

const command_info* find_command(std::string_view name) {
  static const auto& by_name = *[] {
    auto* map = new std::unordered_map<std::string_view, const command_info*>;
    for (const auto& command : commands)
      map->emplace(command.name, &command);
    return map;
  }();
  if (name.size() > longest_name)
    return nullptr;
  const auto found = by_name.find(lower_case(name));
  return found == by_name.end() ? nullptr : found->second;
}

bool has_arity(const command_info& command, std::size_t words) {
  const auto count = static_cast<long long>(words);
  return command.arity >= 0 ? count == command.arity : count >= -command.arity;
}

bool has_small_reply(const kv::call& call) {
  switch (call.what) {
  case kv::verb::get:
  case kv::verb::getdel:
  case kv::verb::mget:
  case kv::verb::scan:
  case kv::verb::keys:
  case kv::verb::randomkey:
  case kv::verb::cas:
    return false;
  case kv::verb::set:
    return (call.flags & kv::call_flags::get) == 0;
  default:
    return true;
  }
}

namespace {

std::size_t largest_reply(const kv::call& c) {
  constexpr std::size_t overhead = 16; // of each item
  constexpr std::size_t any = kv::max_whole_reply_bytes + kv::max_value_bytes;
  const auto words = c.words.size() + 1;
  std::size_t most = 0;
  switch (c.what) {
  case kv::verb::mget:
    most = words * (kv::max_value_bytes + overhead);
    break;
  case kv::verb::keys:
    most = any;
    break;
  case kv::verb::scan:
    most = static_cast<std::size_t>(std::clamp<std::int64_t>(c.number, 1, kv::max_scan_keys) + 1) *
           (kv::max_key_bytes + overhead);
    break;
  case kv::verb::randomkey:
    most = kv::max_key_bytes + overhead;
    break;
  default:
    most = has_small_reply(c) ? words * overhead : kv::max_value_bytes + overhead;
  }
  constexpr std::size_t error = 256;
  return std::min(any, most + error);
}

} // namespace

std::size_t largest_reply(const kv::transaction& t) {
  std::size_t sum = 0;
  std::size_t largest = 0;
  for (const auto& c : t.calls) {
    const auto one = largest_reply(c);
    sum += one;
    largest = std::max(largest, one);
  }
  return std::min(sum, (t.whole ? kv::max_whole_reply_bytes : kv::max_reply_bytes) + largest);
}

std::string unknown_command(const request& r) {
  constexpr std::size_t shown = 128;
  std::string text = "ERR unknown command '" + std::string{r[0].substr(0, shown)} +
                     "', with args beginning with: ";
  std::size_t used = 0;
  for (std::size_t i = 1; i < r.size() && used < shown; ++i) {
    const auto word = "'" + std::string{r[i].substr(0, shown - used)} + "' ";
    used += word.size();
    text += word;
  }
  return text;
}

std::string wrong_arity(std::string_view command) {
  return "ERR wrong number of arguments for '" + std::string{command} + "' command";
}

std::string mistake(const command_info* command, const request& r) {
  if (command == nullptr)
    return unknown_command(r);
  if (!has_arity(*command, r.size()))
    return wrong_arity(command->name);
  if (r.size() < 2 || !has_subcommands(command->name))
    return {};
  const auto name = lower_case(r[1].substr(0, 16));
  const auto* found = find_subcommand(command->name, name);
  if (name.empty() || (found == nullptr && name != "help"))
    return "ERR unknown subcommand '" + std::string{r[1].substr(0, 128)} + "'. Try " +
           upper_case(command->name) + " HELP.";
  const auto arity = found == nullptr ? help_arity : found->arity;
  const auto words = static_cast<long long>(r.size());
  if (arity >= 0 ? words == arity : words >= -arity)
    return {};
  return wrong_arity(std::string{command->name} + "|" + name);
}

std::vector<std::string> help(std::string_view command) {
  std::vector<std::string> lines{upper_case(command) +
                                 " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"};
  const auto add = [&](std::string_view words, std::string_view summary) {
    lines.emplace_back(words);
    lines.push_back("    " + std::string{summary});
  };
  for (const auto& one : subcommands)
    if (one.of == command)
      add(one.words, one.summary);
  add("HELP", "These lines.");
  return lines;
}

} // namespace pmmc::redis
