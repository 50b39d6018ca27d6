#include "kv/execution.hpp"

#include "kv/glob.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <limits>

namespace pmmc::kv {

namespace {

bool has(const call& c, std::uint8_t flag) { return (c.flags & flag) != 0; }

struct word_counts {
  std::size_t least, most, step;
};

word_counts expected_words(verb what) {
  constexpr auto any = std::numeric_limits<std::size_t>::max();
  switch (what) {
  case verb::set:
  case verb::append:
    return {2, 2, 1};
  case verb::mset:
    return {2, any, 2};
  case verb::cas:
    return {2, 3, 1};
  case verb::mget:
  case verb::del:
  case verb::exists:
  case verb::version:
    return {1, any, 1};
  case verb::scan:
    return {1, 2, 1};
  case verb::dbsize:
  case verb::randomkey:
  case verb::flushall:
  case verb::clock:
  case verb::set_clock:
    return {0, 0, 1};
  default:
    return {1, 1, 1};
  }
}

bool takes_keys(verb what) {
  return what != verb::scan && what != verb::keys && what != verb::session;
}

bool is_value(verb what, std::size_t word) {
  switch (what) {
  case verb::set:
  case verb::mset:
  case verb::append:
    return word % 2 == 1;
  case verb::cas:
    return word > 0;
  default:
    return false;
  }
}

std::string_view pattern_of(const call& c) {
  if (c.what == verb::keys)
    return c.words[0];
  return c.what == verb::scan && c.words.size() > 1 ? c.words[1] : std::string_view{};
}

/// What is wrong with the words, or nothing.
std::string_view mistake(const call& c) {
  const auto [least, most, step] = expected_words(c.what);
  if (c.words.size() < least || c.words.size() > most || c.words.size() % step != 0)
    return "ERR wrong number of arguments";
  if (pattern_of(c).size() > max_pattern_bytes)
    return "ERR a pattern has at most 4096 bytes";
  for (std::size_t i = 0; takes_keys(c.what) && i < c.words.size(); ++i) {
    if (is_value(c.what, i)) {
      if (c.words[i].size() > max_value_bytes)
        return call_errors::large_value;
    } else if (c.words[i].empty() || c.words[i].size() > max_key_bytes) {
      return call_errors::bad_key;
    }
  }
  return {};
}

void bulk_or_nil(std::optional<std::string_view> value, reply_writer& out) {
  if (value)
    out.bulk(*value);
  else
    out.nil();
}

// --- writing ------------------------------------------------------------------------------------

/// The moment that a relative or absolute deadline names; 0 for one before 1970.
log_time moment(const keyspace& keys, const call& c) {
  const auto base = has(c, call_flags::relative) ? static_cast<std::int64_t>(keys.now()) : 0;
  std::int64_t sum = 0;
  if (__builtin_add_overflow(base, c.number, &sum))
    sum = c.number < 0 ? 0 : std::numeric_limits<std::int64_t>::max();
  return static_cast<log_time>(std::max<std::int64_t>(sum, 0));
}

void set(keyspace& keys, const call& c, reply_writer& out) {
  const auto key = c.words[0];
  const bool looks = has(c, call_flags::nx | call_flags::xx | call_flags::get);
  const auto old = looks ? keys.find(key) : std::nullopt; // most need not know
  const bool refused = (has(c, call_flags::nx) && old) || (has(c, call_flags::xx) && !old);
  if (has(c, call_flags::get))
    bulk_or_nil(old, out); // before the old value is gone
  else if (has(c, call_flags::as_integer))
    out.integer(!refused);
  else if (refused)
    out.nil();
  else
    out.ok();
  if (refused || out.overflowed())
    return;
  keys.write(key, c.words[1]);
  if (has(c, call_flags::relative | call_flags::absolute))
    keys.set_deadline(key, moment(keys, c));
}

void mset(keyspace& keys, const call& c, reply_writer& out) {
  const bool nx = has(c, call_flags::nx);
  for (std::size_t i = 0; nx && i < c.words.size(); i += 2)
    if (keys.find(c.words[i]))
      return out.integer(0);
  for (std::size_t i = 0; i < c.words.size(); i += 2)
    keys.write(c.words[i], c.words[i + 1]);
  if (nx)
    out.integer(1);
  else
    out.ok();
}

void append(keyspace& keys, const call& c, reply_writer& out) {
  const auto old = keys.find(c.words[0]).value_or(std::string_view{});
  if (c.words[1].size() > max_value_bytes - old.size())
    return out.error(call_errors::large_value);
  std::string value;
  value.reserve(old.size() + c.words[1].size());
  value.append(old).append(c.words[1]);
  keys.rewrite(c.words[0], value);
  out.integer(static_cast<std::int64_t>(value.size()));
}

/// Of two words the first must be absent, of three it must have the value that is the second.
void cas(keyspace& keys, const call& c, reply_writer& out) {
  const auto present = keys.find(c.words[0]);
  const auto expected = c.words.size() == 3 ? std::optional{c.words[1]} : std::nullopt;
  if (present != expected)
    return bulk_or_nil(present, out);
  keys.write(c.words[0], c.words.back());
  out.ok();
}

void incrby(keyspace& keys, const call& c, reply_writer& out) {
  const auto number = text::parse_int64(keys.find(c.words[0]).value_or("0"));
  if (!number)
    return out.error(call_errors::not_a_number);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, c.number, &sum))
    return out.error(call_errors::overflow);
  keys.rewrite(c.words[0], std::to_string(sum));
  out.integer(sum);
}

void expire(keyspace& keys, const call& c, reply_writer& out) {
  const auto key = c.words[0];
  if (!keys.find(key))
    return out.integer(0);
  const auto present = keys.deadline(key);
  const auto when = moment(keys, c);
  const bool refused = (has(c, call_flags::nx) && present) ||
                       (has(c, call_flags::xx) && !present) ||
                       (has(c, call_flags::gt) && (!present || when <= *present)) ||
                       (has(c, call_flags::lt) && present && when >= *present);
  if (!refused)
    keys.set_deadline(key, when);
  out.integer(!refused);
}

void del(keyspace& keys, const call& c, reply_writer& out) {
  std::int64_t erased = 0;
  for (const auto key : c.words)
    erased += keys.erase(key);
  out.integer(erased);
}

// --- reading ------------------------------------------------------------------------------------

void ttl(const keyspace& keys, const call& c, log_time now, reply_writer& out) {
  if (!keys.find(c.words[0]))
    return out.integer(-2);
  const auto deadline = keys.deadline(c.words[0]);
  if (!deadline)
    return out.integer(-1);
  const auto base = has(c, call_flags::absolute) ? 0 : std::max(now, keys.now());
  const auto ms = *deadline > base ? *deadline - base : 0;
  out.integer(static_cast<std::int64_t>(has(c, call_flags::in_ms) ? ms : (ms + 500) / 1000));
}

void scan(const keyspace& keys, const call& c, reply_writer& out) {
  const auto& entries = keys.entries();
  std::vector<std::string_view> found;
  auto at = c.words[0].empty() ? entries.begin() : entries.upper_bound(c.words[0]);
  std::optional<glob> pattern;
  if (c.words.size() > 1)
    pattern.emplace(c.words[1]);
  std::string_view last;
  for (auto left = std::clamp<std::int64_t>(c.number, 1, max_scan_keys);
       left > 0 && at != entries.end(); --left, ++at) {
    last = at->key();
    if (!pattern || pattern->matches(last))
      found.push_back(last);
  }
  out.array(2);
  bulk_or_nil(at == entries.end() ? std::nullopt : std::optional{last}, out);
  out.array(found.size());
  for (const auto key : found)
    out.bulk(key);
}

void all_keys(const keyspace& keys, const call& c, reply_writer& out) {
  const auto begin = out.size();
  const glob pattern{c.words[0]};
  std::size_t found = 0;
  for (auto at = keys.entries().begin(); at != keys.entries().end() && !out.overflowed(); ++at)
    if (pattern.matches(at->key())) {
      out.bulk(at->key());
      ++found;
    }
  out.array_of(begin, found);
}

void mget(const keyspace& keys, const call& c, reply_writer& out) {
  out.array(c.words.size());
  for (auto key = c.words.begin(); key != c.words.end() && !out.overflowed(); ++key)
    bulk_or_nil(keys.find(*key), out);
}

void random_key(const keyspace& keys, const call& c, reply_writer& out) {
  if (keys.size() == 0)
    return out.nil();
  out.bulk(keys.entries().at(static_cast<std::uint64_t>(c.number) % keys.size())->key());
}

void versions(const keyspace& keys, const call& c, reply_writer& out) {
  out.array(c.words.size());
  for (const auto key : c.words)
    out.integer(static_cast<std::int64_t>(keys.version(key)));
}

void exists(const keyspace& keys, const call& c, reply_writer& out) {
  out.integer(std::count_if(c.words.begin(), c.words.end(),
                            [&](auto key) { return keys.find(key).has_value(); }));
}

void set_clock(keyspace& keys, const call& c, reply_writer& out) {
  if (c.number < 0 || static_cast<log_time>(c.number) > last_log_time)
    return out.error("ERR the log time is in ms since 1970");
  out.array(2);
  out.integer(static_cast<std::int64_t>(keys.now()));
  keys.set_now(static_cast<log_time>(c.number));
  out.integer(static_cast<std::int64_t>(keys.now()));
}

/// The verbs that read; false for the others.
bool execute_read(const keyspace& keys, const call& c, log_time now, reply_writer& out) {
  switch (c.what) {
  case verb::get:
    bulk_or_nil(keys.find(c.words[0]), out);
    return true;
  case verb::mget:
    mget(keys, c, out);
    return true;
  case verb::exists:
    exists(keys, c, out);
    return true;
  case verb::strlen:
    out.integer(static_cast<std::int64_t>(keys.find(c.words[0]).value_or("").size()));
    return true;
  case verb::ttl:
    ttl(keys, c, now, out);
    return true;
  case verb::type:
    out.status(keys.find(c.words[0]) ? "string" : "none");
    return true;
  case verb::scan:
    scan(keys, c, out);
    return true;
  case verb::keys:
    all_keys(keys, c, out);
    return true;
  case verb::dbsize:
    out.integer(static_cast<std::int64_t>(keys.size()));
    return true;
  case verb::randomkey:
    random_key(keys, c, out);
    return true;
  case verb::version:
    versions(keys, c, out);
    return true;
  case verb::clock:
    out.integer(static_cast<std::int64_t>(keys.now()));
    return true;
  default:
    return false;
  }
}

void execute_write(keyspace& keys, const call& c, reply_writer& out) {
  switch (c.what) {
  case verb::set:
    return set(keys, c, out);
  case verb::getdel:
    bulk_or_nil(keys.find(c.words[0]), out);
    if (!out.overflowed())
      keys.erase(c.words[0]);
    return;
  case verb::mset:
    return mset(keys, c, out);
  case verb::del:
    return del(keys, c, out);
  case verb::append:
    return append(keys, c, out);
  case verb::cas:
    return cas(keys, c, out);
  case verb::incrby:
    return incrby(keys, c, out);
  case verb::expire:
    return expire(keys, c, out);
  case verb::persist:
    return out.integer(keys.remove_deadline(c.words[0]));
  case verb::flushall:
    keys.clear();
    return out.ok();
  case verb::set_clock:
    return set_clock(keys, c, out);
  default:
    return out.error("ERR not a command of the keys");
  }
}

} // namespace

bool execute(keyspace& keys, const call& c, reply_writer& out) {
  if (const auto what = mistake(c); !what.empty())
    out.error(what);
  else if (!execute_read(keys, c, keys.now(), out))
    execute_write(keys, c, out);
  return !out.overflowed();
}

bool read(const keyspace& keys, const call& c, log_time now, reply_writer& out) {
  if (const auto what = mistake(c); !what.empty())
    out.error(what);
  else if (!execute_read(keys, c, now, out))
    out.error("ERR not a command that only reads");
  return !out.overflowed();
}

bool is_due(const keyspace& keys, const call& c, log_time now) {
  const auto next = keys.next_deadline();
  if (!next || *next > now)
    return false;
  if (!takes_keys(c.what) || c.words.empty())
    return true; // all keys count
  return std::any_of(c.words.begin(), c.words.end(), [&](auto key) {
    const auto deadline = keys.deadline(key);
    return deadline && *deadline <= now;
  });
}

} // namespace pmmc::kv
