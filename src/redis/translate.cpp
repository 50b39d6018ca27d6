// Commands of the keys → calls of the store, with the checks and refusals of Redis.
#include "redis/command_table.hpp"
#include "text/number.hpp"

#include <array>
#include <limits>
#include <optional>

namespace pmmc::redis {

namespace {

using kv::verb;
namespace flags = kv::call_flags;

constexpr const char* syntax_error = "ERR syntax error";
constexpr const char* not_an_integer = "ERR value is not an integer or out of range";
constexpr auto largest = std::numeric_limits<std::int64_t>::max();
constexpr auto smallest = std::numeric_limits<std::int64_t>::min();

translation refuse(std::string why) { return {{}, std::move(why)}; }

std::string bad_expire_time(std::string_view command) {
  return "ERR invalid expire time in '" + std::string{command} + "' command";
}

/// All words but the name.
translation simple(verb what, const request& r, std::uint8_t bits) {
  translation t{{what, bits, 0, {}}, {}};
  t.call.words.reserve(r.size());
  for (std::size_t i = 1; i < r.size(); ++i)
    t.call.words.push_back(r[i]);
  return t;
}

/// A time as a command has it → ms. Nothing if it does not fit, now or when it has come.
std::optional<std::int64_t> milliseconds(std::int64_t time, bool seconds, bool relative,
                                         std::int64_t now) {
  if (seconds && (time > largest / 1000 || time < smallest / 1000))
    return std::nullopt;
  const auto ms = seconds ? time * 1000 : time;
  if (relative && ms > largest - now)
    return std::nullopt;
  return ms;
}

translation set_with_time(const request& r, bool seconds, std::string_view name, std::int64_t now) {
  const auto time = text::parse_int64(r[2]);
  if (!time)
    return refuse(not_an_integer);
  const auto ms = *time > 0 ? milliseconds(*time, seconds, true, now) : std::nullopt;
  if (!ms)
    return refuse(bad_expire_time(name));
  return {{verb::set, flags::relative, *ms, {r[1], r[3]}}, {}};
}

struct set_options {
  std::uint8_t bits = 0;
  bool keep_ttl = false;
  std::optional<std::string_view> time;
  bool seconds = false;
  bool relative = false;
};

/// False: they do not go together, or are none.
bool parse_options(const request& r, set_options& o) {
  for (std::size_t i = 3; i < r.size(); ++i) {
    const auto word = lower_case(r[i].substr(0, 8));
    const bool takes_time = word == "ex" || word == "px" || word == "exat" || word == "pxat";
    if (word == "nx" && !(o.bits & flags::xx)) {
      o.bits |= flags::nx;
    } else if (word == "xx" && !(o.bits & flags::nx)) {
      o.bits |= flags::xx;
    } else if (word == "get") {
      o.bits |= flags::get;
    } else if (word == "keepttl" && !o.time) {
      o.keep_ttl = true;
    } else if (takes_time && !o.time && !o.keep_ttl && i + 1 < r.size()) {
      o.time = r[++i];
      o.seconds = word.starts_with('e');
      o.relative = word.size() == 2;
    } else {
      return false;
    }
  }
  return true;
}

translation set(const request& r, std::int64_t now) {
  set_options o;
  if (!parse_options(r, o))
    return refuse(syntax_error);
  if (o.keep_ttl)
    return refuse(
        "ERR pmmc does not support KEEPTTL: read the deadline with PEXPIRETIME and set it "
        "again with PXAT, or use APPEND or INCRBY, which keep it");
  translation t{{verb::set, o.bits, 0, {r[1], r[2]}}, {}};
  if (!o.time)
    return t;
  const auto time = text::parse_int64(*o.time);
  if (!time)
    return refuse(not_an_integer);
  const auto ms = *time > 0 ? milliseconds(*time, o.seconds, o.relative, now) : std::nullopt;
  if (!ms)
    return refuse(bad_expire_time("set"));
  t.call.number = *ms;
  t.call.flags |= o.relative ? flags::relative : flags::absolute;
  return t;
}

translation expire(const command_info& command, const request& r, bool seconds, bool relative,
                   std::int64_t now) {
  translation t{{verb::expire, relative ? flags::relative : flags::absolute, 0, {r[1]}}, {}};
  auto& bits = t.call.flags;
  for (std::size_t i = 3; i < r.size(); ++i) {
    const auto word = lower_case(r[i].substr(0, 3));
    if (word != "nx" && word != "xx" && word != "gt" && word != "lt")
      return refuse("ERR Unsupported option " + std::string{r[i].substr(0, 128)});
    bits |= word == "nx"   ? flags::nx
            : word == "xx" ? flags::xx
            : word == "gt" ? flags::gt
                           : flags::lt;
  }
  if ((bits & flags::nx) && (bits & (flags::xx | flags::gt | flags::lt)))
    return refuse("ERR NX and XX, GT or LT options at the same time are not compatible");
  if ((bits & flags::gt) && (bits & flags::lt))
    return refuse("ERR GT and LT options at the same time are not compatible");
  const auto time = text::parse_int64(r[2]);
  if (!time)
    return refuse(not_an_integer);
  const auto ms = milliseconds(*time, seconds, relative, now);
  if (!ms)
    return refuse(bad_expire_time(command.name));
  t.call.number = *ms;
  return t;
}

translation add(const request& r, bool negative) {
  auto by = r.size() > 2 ? text::parse_int64(r[2]) : std::optional<std::int64_t>{1};
  if (!by)
    return refuse(not_an_integer);
  if (negative && *by == smallest)
    return refuse("ERR decrement would overflow");
  return {{verb::incrby, 0, negative ? -*by : *by, {r[1]}}, {}};
}

/// The cursor is the caller's: the first word stays empty.
translation scan(const request& r) {
  translation t{{verb::scan, 0, 10, {std::string_view{}}}, {}};
  std::optional<std::string_view> pattern;
  bool other_type = false; // there are strings only
  for (std::size_t i = 2; i < r.size(); i += 2) {
    const auto word = lower_case(r[i].substr(0, 8));
    if (i + 1 == r.size())
      return refuse(syntax_error);
    if (word == "count") {
      const auto count = text::parse_int64(r[i + 1]);
      if (!count)
        return refuse(not_an_integer);
      if (*count < 1)
        return refuse(syntax_error);
      t.call.number = *count;
    } else if (word == "match") {
      pattern = r[i + 1];
    } else if (word == "type") {
      other_type = !equals_ignoring_case(r[i + 1], "string");
    } else {
      return refuse(syntax_error);
    }
  }
  if (other_type)
    pattern = ""; // which matches no key: none is empty
  if (pattern)
    t.call.words.push_back(*pattern);
  return t;
}

translation flush(const request& r) {
  if (r.size() > 2 || (r.size() == 2 && !equals_ignoring_case(r[1], "async") &&
                       !equals_ignoring_case(r[1], "sync")))
    return refuse(syntax_error);
  return {{verb::flushall, 0, 0, {}}, {}};
}

translation set_all(const command_info& command, const request& r) {
  if (r.size() % 2 == 0)
    return refuse(wrong_arity(command.name));
  return simple(verb::mset, r, command.name == "msetnx" ? flags::nx : 0);
}

/// Commands whose words are the call's.
struct plain_command {
  std::string_view name;
  verb what;
  std::uint8_t bits = 0;
};
constexpr std::array plain_commands = {
    plain_command{"get", verb::get},
    plain_command{"mget", verb::mget},
    plain_command{"del", verb::del},
    plain_command{"unlink", verb::del},
    plain_command{"exists", verb::exists},
    plain_command{"append", verb::append},
    plain_command{"strlen", verb::strlen},
    plain_command{"setnx", verb::set, flags::nx | flags::as_integer},
    plain_command{"getset", verb::set, flags::get},
    plain_command{"getdel", verb::getdel},
    plain_command{"ttl", verb::ttl},
    plain_command{"pttl", verb::ttl, flags::in_ms},
    plain_command{"expiretime", verb::ttl, flags::absolute},
    plain_command{"pexpiretime", verb::ttl, flags::absolute | flags::in_ms},
    plain_command{"persist", verb::persist},
    plain_command{"type", verb::type},
    plain_command{"keys", verb::keys},
    plain_command{"dbsize", verb::dbsize},
};

} // namespace

translation translate(const command_info& command, const request& r, std::int64_t now,
                      std::uint64_t random) {
  const auto name = command.name;
  if (name == "set")
    return set(r, now);
  for (const auto& plain : plain_commands)
    if (name == plain.name)
      return simple(plain.what, r, plain.bits);
  if (name == "incr" || name == "incrby")
    return add(r, false);
  if (name == "decr" || name == "decrby")
    return add(r, true);
  if (name == "mset" || name == "msetnx")
    return set_all(command, r);
  if (name == "setex" || name == "psetex")
    return set_with_time(r, name == "setex", name, now);
  if (name == "expireat" || name == "pexpireat")
    return expire(command, r, name.front() == 'e', false, now);
  if (name == "expire" || name == "pexpire")
    return expire(command, r, name.front() == 'e', true, now);
  if (name == "scan")
    return scan(r);
  if (name == "randomkey")
    return {{verb::randomkey, 0, static_cast<std::int64_t>(random >> 1), {}}, {}};
  if (name == "flushall" || name == "flushdb")
    return flush(r);
  return refuse("ERR '" + std::string{name} + "' is not a command of the keys");
}

} // namespace pmmc::redis
