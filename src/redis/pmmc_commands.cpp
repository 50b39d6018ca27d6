#include "redis/pmmc_commands.hpp"

#include "text/number.hpp"

#include <limits>
#include <string_view>
#include <utility>

namespace pmmc::redis {

namespace {

/// A reading of a clock is added to it.
constexpr auto longest_wait_ms = std::numeric_limits<std::int64_t>::max() / 2;

pmmc_command refuse(std::string why) { return {std::move(why)}; }

/// `what`: the word behind PMMC, in small letters.
std::optional<question_kind> question_of(std::string_view what) {
  if (what == "status")
    return question_kind::status;
  if (what == "config")
    return question_kind::config;
  if (what == "fingerprint")
    return question_kind::fingerprint;
  if (what == "reconfig")
    return question_kind::reconfig;
  return std::nullopt;
}

/// PMMC CLOCK, PMMC CLOCK SET ms|NOW.
pmmc_command read_clock(const request& r, std::optional<kv::log_time> now) {
  if (r.size() == 2)
    return {{}, {}, kv::call{kv::verb::clock, 0, 0, {}}};
  if (r.size() != 4 || !equals_ignoring_case(r[2], "set"))
    return refuse("ERR usage: PMMC CLOCK, or PMMC CLOCK SET ms|NOW");
  const bool to_now = equals_ignoring_case(r[3], "now");
  const auto ms = to_now ? now : text::parse_uint64(r[3]);
  if (to_now && !ms)
    return refuse(
        "TRYAGAIN not executed: this process has not heard from a majority of the replicas "
        "yet what time it is; give the time in ms since 1970, or try again");
  if (!ms || *ms > kv::last_log_time)
    return refuse("ERR PMMC CLOCK SET takes NOW, or a time in ms since 1970");
  return {{}, {}, kv::call{kv::verb::set_clock, 0, static_cast<std::int64_t>(*ms), {}}};
}

} // namespace

pmmc_command read_pmmc(const request& r, std::optional<kv::log_time> now) {
  const auto what = lower_case(r[1].substr(0, 16));
  if (what == "clock")
    return read_clock(r, now);
  const auto kind = question_of(what);
  if (kind == question_kind::reconfig || (kind && r.size() == 2)) {
    question q{0, *kind, 0, 0, {}};
    for (std::size_t word = 2; word < r.size(); ++word)
      q.words.emplace_back(r[word]);
    return {{}, std::move(q), {}};
  }
  if (kind || what == "session")
    return refuse(wrong_arity("pmmc|" + what));
  return refuse("ERR unknown subcommand '" + std::string{r[1].substr(0, 128)} +
                "'. PMMC has SESSION, REQ, STATUS, CONFIG, FINGERPRINT, RECONFIG and CLOCK.");
}

pmmc_command read_wait(const request& r) {
  const auto wanted = text::parse_int64(r[1]);
  const auto timeout = text::parse_int64(r[2]);
  if (!wanted)
    return refuse("ERR value is not an integer or out of range");
  if (!timeout)
    return refuse("ERR timeout is not an integer or out of range");
  if (*timeout < 0)
    return refuse("ERR timeout is negative");
  if (*timeout > longest_wait_ms)
    return refuse("ERR timeout is out of range");
  return {{}, question{0, question_kind::acceptors, *wanted, *timeout, {}}, {}};
}

numbered_command read_numbered(const request& r, const connection& c) {
  const auto number = r.size() > 3 ? text::parse_int64(r[2]) : std::nullopt;
  numbered_command n;
  for (std::size_t word = 3; word < r.size(); ++word)
    n.inner.add(r[word]);
  n.command = n.inner.size() > 0 ? find_command(n.inner[0]) : nullptr;
  if (r.size() < 4)
    n.error = wrong_arity("pmmc|req");
  else if (!number || *number < 1) // told back as Redis's integers, which are signed
    n.error = "ERR the number of a PMMC request is an integer from 1 to 9223372036854775807";
  else if (c.session.empty())
    n.error = "ERR PMMC REQ needs a session: send PMMC SESSION and a name of your own first";
  else if (n.command == nullptr)
    n.error = unknown_command(n.inner);
  else if (!has_arity(*n.command, n.inner.size()))
    n.error = wrong_arity(n.command->name);
  else if (n.command->of != group::keys && n.command->name != "exec")
    n.error = "ERR PMMC REQ takes commands of keys and EXEC";
  else if (n.command->name == "exec" && !c.transaction.is_open())
    n.error = "ERR EXEC without MULTI";
  else if (n.command->name == "exec" && c.transaction.must_abort())
    n.error = exec_aborted;
  else
    n.number = static_cast<std::uint64_t>(*number);
  return n;
}

} // namespace pmmc::redis
