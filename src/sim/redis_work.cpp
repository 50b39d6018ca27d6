#include "sim/redis_work.hpp"

#include "sim/wall_clocks.hpp"

#include <utility>

namespace pmmc::sim {

namespace {

/// Deadlines of PEXPIRE are all different.
constexpr std::uint64_t expiry_step_ms = 16'384;

/// So are the times that are set: a step of a prime number of ms each, within a span.
constexpr std::uint64_t clock_step_ms = 7'919;
constexpr std::uint64_t clock_span_ms = 400'000;

std::string text(std::uint64_t number) { return std::to_string(number); }

} // namespace

std::string encode_command(const std::vector<std::string>& words, bool as_line) {
  std::string out;
  if (as_line) {
    for (const auto& w : words)
      out += (out.empty() ? "" : " ") + w;
    return out + "\r\n";
  }
  out = "*" + text(words.size()) + "\r\n";
  for (const auto& w : words)
    out += "$" + text(w.size()) + "\r\n" + w + "\r\n";
  return out;
}

/// Keys with even numbers hold texts, the others numbers, as a rule.
std::string redis_work::key() { return "r" + text(random_.below(options_.redis_keys)); }

std::string redis_work::text_key() {
  return "r" + text(2 * random_.below((options_.redis_keys + 1) / 2));
}

std::string redis_work::number_key() {
  return one_in(20) ? key() : "r" + text(1 + 2 * random_.below((options_.redis_keys + 1) / 2));
}

/// Values are never written twice.
std::string redis_work::value_for(const std::string& key, std::uint64_t number) {
  if (key.back() % 2 != 0)
    return text(number * 1'000'000);
  return "v" + text(number) + std::string(random_.below(options_.value_bytes), '.');
}

redis_command redis_work::set() {
  const auto k = key();
  const auto value = value_for(k, unique());
  const auto marker = "set " + value;
  switch (random_.below(10)) {
  case 0:
    return {{"SETNX", k, value}, marker, true};
  case 1:
    return {{"GETSET", k, value}, marker, true};
  case 2:
    return {{"PSETEX", k, text(1 + random_.below(5'000)), value}, marker, true};
  default:
    break;
  }
  std::vector<std::string> words{"SET", k, value};
  const auto condition = random_.below(6);
  if (condition <= 1)
    words.push_back("nx");
  else if (condition == 2)
    words.push_back("XX");
  if (one_in(6))
    words.push_back("GET");
  if (one_in(2)) {
    words.push_back(one_in(4) ? "EX" : "PX");
    words.push_back(text(1 + random_.below(words.back() == "EX" ? 20 : 8'000)));
  }
  return {words, marker, true};
}

redis_command redis_work::expire() {
  auto ms = unique();
  if (ms >= expiry_step_ms)
    return set();
  ms += one_in(5) ? expiry_step_ms : 0;
  if (ms % 1'000 == 0)
    return set(); // EXPIRE has those
  return {{"PEXPIRE", key(), text(ms)}, "expire " + text(ms), true};
}

redis_command redis_work::marked_write() {
  switch (random_.below(12)) {
  case 0:
  case 1: {
    const auto value = "v" + text(unique()) + ";";
    return {{"APPEND", text_key(), value}, "append " + value, true};
  }
  case 2:
  case 3: {
    const auto by = text(unique());
    return {{"INCRBY", number_key(), by}, "incrby " + by, true};
  }
  case 4: {
    const auto none = "none" + text(unique());
    if (one_in(2))
      return {{"DEL", key(), none}, "del " + none, true};
    return {{"UNLINK", key(), key(), none}, "del " + none, true};
  }
  case 5: {
    const auto k = key();
    const auto value = value_for(k, unique());
    const auto other = key();
    return {{"MSET", k, value, other, value_for(other, unique())}, "mset " + value, true};
  }
  case 6:
    return expire();
  default:
    return set();
  }
}

redis_command redis_work::set_clock() {
  const auto from = static_cast<std::uint64_t>(wall_clocks::true_ms(0)) - clock_span_ms / 2;
  const auto ms = text(from + unique() * clock_step_ms % clock_span_ms);
  return {{"PMMC", "CLOCK", "SET", ms}, "clock " + ms, true};
}

redis_command redis_work::write() {
  switch (random_.below(options_.redis_flushes ? 15 : 14)) {
  case 0:
    return {{"INCR", number_key()}, {}, true};
  case 1:
    return {{"DECRBY", number_key(), text(random_.below(9))}, {}, true};
  case 2:
  case 3:
    return {{"GETDEL", key()}, {}, true};
  case 4:
    return {{"PERSIST", key()}, {}, true};
  case 5: {
    std::vector<std::string> words{"EXPIRE", key(), text(random_.below(9))};
    if (const auto condition = random_.below(5); condition < 4)
      words.push_back(std::vector<std::string>{"NX", "XX", "GT", "LT"}[condition]);
    return {words, {}, true};
  }
  case 6: {
    const auto a = key();
    const auto b = key();
    return {{"MSETNX", a, value_for(a, unique()), b, value_for(b, unique())}, {}, true};
  }
  case 14:
    return {{"FLUSHALL"}, {}, true};
  default:
    return marked_write();
  }
}

redis_command redis_work::read() {
  switch (random_.below(17)) {
  case 0:
  case 1:
    return {{"MGET", key(), key(), key()}};
  case 2:
    return {{"EXISTS", key(), key()}};
  case 3:
    return {{"STRLEN", key()}};
  case 4:
    return {{"PTTL", key()}};
  case 5:
    return {{"TTL", key()}};
  case 6:
    return {{"DBSIZE"}};
  case 7:
    return {{"KEYS", one_in(2) ? "r*" : "*"}};
  case 8:
    return {{"SCAN", "0", "COUNT", text(1 + random_.below(6)), "MATCH", "r*"}};
  case 9:
    return {{"TYPE", key()}};
  case 10:
    if (replies_are_refused(options_))
      return {{"DBSIZE"}};
    return {{"RANDOMKEY"}};
  default:
    return {{"GET", key()}};
  }
}

} // namespace pmmc::sim
