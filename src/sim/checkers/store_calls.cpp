// What single calls do in the model of the store.
#include "sim/checkers/store_model.hpp"
#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace pmmc::sim {

namespace {

namespace flags = kv::call_flags;
using kv::verb;

constexpr std::size_t largest_value = 1 << 20;
constexpr std::size_t largest_key = 1 << 10;
constexpr std::size_t largest_pattern = 4 << 10;
constexpr std::string_view not_a_number = "ERR value is not an integer or out of range";
constexpr std::string_view too_long = "ERR string exceeds maximum allowed size (1048576 bytes)";

bool has(const kv::call& c, std::uint8_t flag) { return (c.flags & flag) != 0; }

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || std::to_string(number) != text)
    return std::nullopt;
  return number;
}

/// A pattern of stars and plain bytes.
bool fits(std::string_view pattern, std::string_view text) {
  if (pattern.empty())
    return text.empty();
  if (pattern.front() != '*')
    return !text.empty() && pattern.front() == text.front() &&
           fits(pattern.substr(1), text.substr(1));
  return fits(pattern.substr(1), text) || (!text.empty() && fits(pattern, text.substr(1)));
}

/// A key, a value or a pattern that is too long.
std::string_view refused_for_size(const kv::call& c) {
  if (c.what == verb::keys && c.words[0].size() > largest_pattern)
    return "ERR a pattern has at most 4096 bytes";
  const bool has_values = c.what == verb::set || c.what == verb::mset || c.what == verb::append;
  for (std::size_t i = 0; names_keys(c.what) && i < c.words.size(); ++i)
    if ((has_values && i % 2 == 1) || (c.what == verb::cas && i > 0)) {
      if (c.words[i].size() > largest_value)
        return too_long;
    } else if (c.words[i].empty() || c.words[i].size() > largest_key) {
      return "ERR a key must have 1 to 1024 bytes";
    }
  return {};
}

void bulk_or_nil(const store_model::entry* e, kv::reply_writer& out) {
  if (e == nullptr)
    out.nil();
  else
    out.bulk(e->value);
}

} // namespace

kv::log_time store_model::deadline_of(const kv::call& c) const {
  const auto base = has(c, flags::relative) ? static_cast<std::int64_t>(log_time(now_)) : 0;
  return static_cast<kv::log_time>(std::max<std::int64_t>(0, base + c.number));
}

// --- Calls that write ---------------------------------------------------------------------------

void store_model::set(const kv::call& c, kv::reply_writer& out) {
  const auto key = c.words[0];
  const auto* old = find(key, now_);
  const bool refused =
      (has(c, flags::nx) && old != nullptr) || (has(c, flags::xx) && old == nullptr);
  if (has(c, flags::get))
    bulk_or_nil(old, out);
  else if (has(c, flags::as_integer))
    out.integer(refused ? 0 : 1);
  else if (refused)
    out.nil();
  else
    out.ok();
  if (refused || out.overflowed())
    return;
  put(key, entry{std::string{c.words[1]}, std::nullopt});
  if (has(c, flags::relative) || has(c, flags::absolute))
    give_deadline(key, deadline_of(c));
}

void store_model::mset(const kv::call& c, kv::reply_writer& out) {
  const bool nx = has(c, flags::nx);
  for (std::size_t i = 0; nx && i < c.words.size(); i += 2)
    if (find(c.words[i], now_) != nullptr)
      return out.integer(0);
  for (std::size_t i = 0; i < c.words.size(); i += 2)
    put(c.words[i], entry{std::string{c.words[i + 1]}, std::nullopt});
  if (nx)
    out.integer(1);
  else
    out.ok();
}

void store_model::append(const kv::call& c, kv::reply_writer& out) {
  const auto* old = find(c.words[0], now_);
  auto state = old == nullptr ? entry{} : *old;
  if (state.value.size() + c.words[1].size() > largest_value)
    return out.error(too_long);
  state.value += c.words[1];
  out.integer(static_cast<std::int64_t>(state.value.size()));
  put(c.words[0], std::move(state));
}

/// Of pmmc's own commands: key, perhaps what it must hold, and what it is to hold.
void store_model::cas(const kv::call& c, kv::reply_writer& out) {
  const auto* held = find(c.words[0], now_);
  const bool holds_it =
      c.words.size() == 2 ? held == nullptr : held != nullptr && held->value == c.words[1];
  if (!holds_it)
    return bulk_or_nil(held, out);
  put(c.words[0], entry{std::string{c.words.back()}, std::nullopt});
  out.ok();
}

void store_model::incrby(const kv::call& c, kv::reply_writer& out) {
  const auto* old = find(c.words[0], now_);
  auto state = old == nullptr ? entry{"0", std::nullopt} : *old;
  const auto number = number_in(state.value);
  if (!number)
    return out.error(not_a_number);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, c.number, &sum))
    return out.error("ERR increment or decrement would overflow");
  state.value = std::to_string(sum);
  put(c.words[0], std::move(state));
  out.integer(sum);
}

void store_model::expire(const kv::call& c, kv::reply_writer& out) {
  const auto* state = find(c.words[0], now_);
  if (state == nullptr)
    return out.integer(0);
  const auto when = deadline_of(c);
  const auto present = state->deadline;
  // Without a deadline a key lives for ever: later than any.
  const bool refused = (has(c, flags::nx) && present) || (has(c, flags::xx) && !present) ||
                       (has(c, flags::gt) && (!present || when <= *present)) ||
                       (has(c, flags::lt) && present && when >= *present);
  if (!refused)
    give_deadline(c.words[0], when);
  out.integer(refused ? 0 : 1);
}

void store_model::execute(const kv::call& c, kv::reply_writer& out) {
  if (const auto why = refused_for_size(c); !why.empty())
    return out.error(why);
  std::int64_t count = 0;
  switch (c.what) {
  case verb::set:
    return set(c, out);
  case verb::mset:
    return mset(c, out);
  case verb::append:
    return append(c, out);
  case verb::cas:
    return cas(c, out);
  case verb::incrby:
    return incrby(c, out);
  case verb::expire:
    return expire(c, out);
  case verb::getdel:
    bulk_or_nil(find(c.words[0], now_), out);
    if (!out.overflowed() && find(c.words[0], now_) != nullptr)
      put(c.words[0], std::nullopt);
    return;
  case verb::del:
    for (const auto key : c.words)
      if (find(key, now_) != nullptr) {
        put(key, std::nullopt);
        ++count;
      }
    return out.integer(count);
  case verb::persist: {
    const auto* state = find(c.words[0], now_);
    if (state == nullptr || !state->deadline)
      return out.integer(0);
    put(c.words[0], entry{state->value, std::nullopt});
    return out.integer(1);
  }
  case verb::set_clock:
    return set_clock(c, out);
  case verb::flushall:
    for (const auto key : keys(now_))
      put(key, std::nullopt);
    return out.ok();
  case verb::session: {
    const auto highest = sessions_.open(c.words[0]);
    out.array(2);
    out.bulk(highest ? "resumed" : "new");
    return out.integer(static_cast<std::int64_t>(highest.value_or(0)));
  }
  default:
    return read(c, now_, log_time(now_), out);
  }
}

// --- Calls that read ----------------------------------------------------------------------------

void store_model::scan(const kv::call& c, moment at, kv::reply_writer& out) const {
  const auto all = keys(at);
  auto key =
      c.words[0].empty() ? all.begin() : std::upper_bound(all.begin(), all.end(), c.words[0]);
  std::vector<std::string_view> found;
  std::string_view last;
  for (auto left = c.number; left > 0 && key != all.end(); --left, ++key) {
    last = *key;
    if (c.words.size() < 2 || fits(c.words[1], last))
      found.push_back(last);
  }
  out.array(2);
  if (key == all.end())
    out.nil();
  else
    out.bulk(last);
  out.array(found.size());
  for (const auto one : found)
    out.bulk(one);
}

/// From the log time or the port's, whichever is later.
void store_model::ttl(const kv::call& c, moment at, kv::log_time port_time,
                      kv::reply_writer& out) const {
  const auto* state = find(c.words[0], at);
  if (state == nullptr)
    return out.integer(-2);
  if (!state->deadline)
    return out.integer(-1);
  const auto from = has(c, flags::absolute) ? 0 : std::max(port_time, log_time(at));
  const auto ms = *state->deadline > from ? *state->deadline - from : 0;
  out.integer(static_cast<std::int64_t>(has(c, flags::in_ms) ? ms : (ms + 500) / 1'000));
}

void store_model::read(const kv::call& c, moment at, kv::log_time port_time,
                       kv::reply_writer& out) const {
  if (const auto why = refused_for_size(c); !why.empty())
    return out.error(why);
  switch (c.what) {
  case verb::get:
    return bulk_or_nil(find(c.words[0], at), out);
  case verb::mget:
    out.array(c.words.size());
    for (const auto key : c.words)
      bulk_or_nil(find(key, at), out);
    return;
  case verb::exists:
    return out.integer(std::count_if(c.words.begin(), c.words.end(), [&](std::string_view key) {
      return find(key, at) != nullptr;
    }));
  case verb::strlen: {
    const auto* state = find(c.words[0], at);
    return out.integer(state == nullptr ? 0 : static_cast<std::int64_t>(state->value.size()));
  }
  case verb::ttl:
    return ttl(c, at, port_time, out);
  case verb::type:
    return out.status(find(c.words[0], at) == nullptr ? "none" : "string");
  case verb::scan:
    return scan(c, at, out);
  case verb::randomkey: { // any: all of them
    const auto all = keys(at);
    out.array(all.size());
    for (const auto key : all)
      out.bulk(key);
    return;
  }
  case verb::keys: {
    const auto all = keys(at);
    std::vector<std::string_view> found;
    std::copy_if(all.begin(), all.end(), std::back_inserter(found),
                 [&](std::string_view key) { return fits(c.words[0], key); });
    out.array(found.size());
    for (const auto key : found)
      out.bulk(key);
    return;
  }
  case verb::dbsize:
    return out.integer(static_cast<std::int64_t>(keys(at).size()));
  case verb::version:
    out.array(c.words.size());
    for (const auto key : c.words)
      out.integer(static_cast<std::int64_t>(changed(key, at)));
    return;
  case verb::clock:
    return out.integer(static_cast<std::int64_t>(log_time(at)));
  default:
    demand(false, [] { return std::string{"R3: a call that the model does not know"}; });
  }
}

} // namespace pmmc::sim
