#include "sim/checkers/redis_checker.hpp"
#include "kv/log_clock.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/wall_clocks.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace pmmc::sim {

namespace {

namespace flags = kv::call_flags;
using kv::transaction_status;
using kv::verb;

constexpr std::int64_t least_unique = 1'000;

std::string said(const redis_record& r) {
  std::string text = r.client + " asked at " + std::to_string(r.called / millisecond) + " ms";
  for (const auto& c : r.commands) {
    text += r.is_exec ? " [" : " ";
    for (const auto& w : c.words)
      text += w.substr(0, 40) + " ";
    text.back() = r.is_exec ? ']' : ' ';
  }
  if (!r.session.empty())
    text += " as request " + std::to_string(r.number) + " of " + r.session;
  return text + " and was told " + describe(r.reply);
}

/// The calls of commands that read.
kv::call call_of(const std::vector<std::string>& words) {
  const auto& name = words[0];
  kv::call c;
  c.words.assign(words.begin() + 1, words.end());
  c.what = name == "GET"         ? verb::get
           : name == "MGET"      ? verb::mget
           : name == "EXISTS"    ? verb::exists
           : name == "STRLEN"    ? verb::strlen
           : name == "DBSIZE"    ? verb::dbsize
           : name == "KEYS"      ? verb::keys
           : name == "TYPE"      ? verb::type
           : name == "RANDOMKEY" ? verb::randomkey
           : name == "SCAN"      ? verb::scan
                                 : verb::ttl;
  if (name == "PTTL")
    c.flags = flags::in_ms;
  if (c.what == verb::scan) { // SCAN 0 COUNT n MATCH pattern
    c.number = std::stoll(words[3]);
    c.words = {std::string_view{}, words[5]};
  }
  return c;
}

/// Whether the next reply of the store is what the command was told.
bool is_reply_to(const redis_command& c, const resp_value& seen, byte_reader& in) {
  if (c.words[0] == "RANDOMKEY") { // the model has all keys
    const auto head = kv::next_reply(in);
    bool is_one = head && head->items == 0 && seen.is_nil();
    for (std::uint64_t i = 0; head && i < head->items; ++i)
      if (const auto key = kv::next_reply(in); seen.what == resp_value::kind::bulk)
        is_one = is_one || (key && key->bytes == seen.text);
    return is_one;
  }
  if (c.words[0] != "SCAN" || seen.is_error())
    return is_reply(seen, in);
  const auto head = kv::next_reply(in); // the last key, or nil; but a cursor is the port's own
  const auto last = kv::next_reply(in);
  return head && last && seen.items.size() == 2 &&
         (seen.items[0].text == "0") == (last->kind == kv::reply_kind::nil) &&
         is_reply(seen.items[1], in);
}

transaction_status status_of(const kv_model::effect& e) {
  return static_cast<transaction_status>(e.answer.front());
}

} // namespace

std::string marker_of(const kv::call& c) {
  const auto named = [](std::string_view name, std::string_view what) {
    return std::string{name} + " " + std::string{what};
  };
  switch (c.what) {
  case verb::set:
    return named("set", c.words[1]);
  case verb::mset:
    return (c.flags & flags::nx) != 0 ? std::string{} : named("mset", c.words[1]);
  case verb::append:
    return named("append", c.words[1]);
  case verb::del:
    return named("del", c.words.back());
  case verb::incrby:
    return c.number > least_unique ? named("incrby", std::to_string(c.number)) : std::string{};
  case verb::set_clock:
    return named("clock", std::to_string(c.number));
  case verb::expire:
    return c.number > least_unique && c.number % 1'000 != 0
               ? named("expire", std::to_string(c.number))
               : std::string{};
  default:
    return {};
  }
}

redis_checker::redis_checker(const redis_history& seen, const kv_model& model,
                             std::span<const sim_time> times, std::int64_t most_ahead_ms)
    : seen_(seen), model_(model), times_(times), most_ahead_ms_(most_ahead_ms) {
  const auto& effects = model_.effects();
  for (std::size_t i = 0; i < effects.size(); ++i)
    times_of_.resize(std::max(times_of_.size(), effects[i].before + effects[i].executed),
                     times_[i]);
}

moment redis_checker::latest_at(sim_time t) const {
  return static_cast<moment>(std::upper_bound(times_of_.begin(), times_of_.end(), t) -
                             times_of_.begin());
}

// --- Where in the log ---------------------------------------------------------------------------

void redis_checker::find_places() {
  const auto& effects = model_.effects();
  for (std::size_t i = 0; i < effects.size(); ++i)
    if (effects[i].op.front() == kv::transaction_code)
      note_calls(i);
}

void redis_checker::note_calls(std::size_t effect) {
  const auto& e = model_.effects()[effect];
  const auto t = kv::decode_transaction(e.op);
  const auto status = status_of(e);
  if (!t->session.empty()) {
    if (!e.is_repeated &&
        (status == transaction_status::done || status == transaction_status::aborted)) {
      auto& places = requests_[std::pair{std::string{t->session}, t->sequence}];
      const bool is_new = places.empty() || model_.effects()[places.back()].opening != e.opening;
      places.push_back(effect);
      demand(is_new, [&] {
        return "X3: request " + std::to_string(t->sequence) + " of " + std::string{t->session} +
               " is executed twice";
      });
    }
    return;
  }
  for (std::size_t i = 0; i < e.executed; ++i)
    if (auto marker = marker_of(t->calls[i]); !marker.empty()) {
      const auto is_new = marked_.emplace(marker, place{effect, i, e.before + 1 + i}).second;
      demand(is_new, [&] { return "X3: " + marker + " is executed twice"; });
    }
}

/// Nothing: it was not executed, or only reads.
std::optional<redis_checker::place> redis_checker::place_of(const redis_record& r) const {
  if (!r.session.empty()) {
    const auto it = requests_.find({r.session, r.number});
    if (it == requests_.end())
      return std::nullopt;
    // The latest that its reply may tell of.
    const auto& all = it->second;
    const auto last = std::find_if(all.rbegin(), all.rend() - 1, [&](std::size_t effect) {
      return r.end != operation_end::answered || times_[effect] <= r.returned;
    });
    return place{*last, 0, model_.effects()[*last].before + 1};
  }
  for (std::size_t i = 0; i < r.commands.size(); ++i)
    if (const auto it = marked_.find(r.commands[i].marker); it != marked_.end()) {
      auto p = it->second;
      demand(!r.is_exec || p.call >= i,
             [&] { return "X3: " + said(r) + ", and calls before it were left out"; });
      p.call -= r.is_exec ? i : 0;
      p.at -= r.is_exec ? i : 0;
      return p;
    }
  return std::nullopt;
}

// --- Each record --------------------------------------------------------------------------------

void redis_checker::check() {
  find_places();
  std::vector<std::size_t> order(seen_.records.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  for (const auto i : order) {
    const auto& r = seen_.records[i];
    if (r.end == operation_end::answered) {
      check_answered(r, i);
    } else if (const auto p = place_of(r)) {
      demand(r.end != operation_end::not_executed,
             [&] { return "X3: " + said(r) + ", and it was executed"; });
      demand(times_[p->effect] >= r.called,
             [&] { return "H2: " + said(r) + ", and it was executed before"; });
      ++executed_unheard_;
    }
  }
}

void redis_checker::check_answered(const redis_record& r, std::size_t number) {
  if (r.is_exec && r.reply.is_nil())
    return check_refused(r);
  if (const auto p = place_of(r)) {
    check_in_time(r, *p);
    check_done(r, *p);
    check_watch(r, model_.effects()[p->effect].before);
    const auto last = p->at + (r.commands.empty() ? 0 : r.commands.size() - 1);
    return settle(r, number, p->at, last);
  }
  const bool writes = std::any_of(r.commands.begin(), r.commands.end(),
                                  [](const redis_command& c) { return c.writes; });
  if (writes || !r.session.empty())
    demand(r.reply.is_error(), [&] { return "X3: " + said(r) + ", and it was not executed"; });
  else if (!r.reply.is_error())
    look_for_reads(r, number);
}

void redis_checker::check_in_time(const redis_record& r, const place& p) const {
  demand(times_[p.effect] >= r.called && times_[p.effect] <= r.returned,
         [&] { return "H2: " + said(r) + ", and it was executed before or after that"; });
}

/// The replies are those of the log.
void redis_checker::check_done(const redis_record& r, const place& p) const {
  const auto& e = model_.effects()[p.effect];
  byte_reader in{std::string_view{e.answer}.substr(1)};
  in.varint();
  for (std::size_t i = 0; i < p.call; ++i)
    kv::skip_reply(in);
  bool same = status_of(e) == transaction_status::done;
  if (same && r.is_exec)
    same = r.reply.items.size() == r.commands.size();
  for (std::size_t i = 0; same && i < r.commands.size(); ++i)
    same = is_reply_to(r.commands[i], r.is_exec ? r.reply.items[i] : r.reply, in);
  demand(same, [&] { return "X3: " + said(r) + ", which is not what the log's order gives"; });
}

/// W2: no watched key has changed from WATCH's return to the first call.
void redis_checker::check_watch(const redis_record& r, moment before) const {
  if (!r.watch || seen_.watches[*r.watch].failed)
    return;
  const auto& w = seen_.watches[*r.watch];
  for (const auto& key : w.keys)
    demand(time_of(model_.store().changed(key, before)) <= *w.returned,
           [&] { return "W2: " + said(r) + ", and " + key + " had changed since it was watched"; });
}

/// W2: a watched key has changed, or may have.
void redis_checker::check_refused(const redis_record& r) const {
  demand(!place_of(r) || !r.session.empty(),
         [&] { return "W2: " + said(r) + ", and it was executed"; });
  demand(r.watch && !seen_.watches[*r.watch].failed,
         [&] { return "W2: " + said(r) + ", and watched nothing"; });
  const auto& w = seen_.watches[*r.watch];
  const auto last = latest_at(r.returned);
  demand(std::any_of(w.keys.begin(), w.keys.end(),
                     [&](const std::string& key) {
                       return time_of(model_.store().changed(key, last)) >= w.called;
                     }),
         [&] { return "W2: " + said(r) + ", and no watched key has changed"; });
}

// --- Order --------------------------------------------------------------------------------------

/// H2: not before anything that had returned when it was called, or came before on its connection.
moment redis_checker::floor_for(const redis_record& r) {
  while (!returned_.empty() && returned_.front().first < r.called) {
    floor_ = std::max(floor_, returned_.front().second);
    std::pop_heap(returned_.begin(), returned_.end(), std::greater<>{});
    returned_.pop_back();
  }
  return r.session.empty() ? std::max(floor_, by_connection_[r.connection]) : floor_;
}

void redis_checker::settle(const redis_record& r, std::size_t, moment first, moment last) {
  const auto floor = floor_for(r);
  demand(first > floor, [&] { return "H2: " + said(r) + ", which is older than what was seen"; });
  returned_.emplace_back(r.returned, last);
  std::push_heap(returned_.begin(), returned_.end(), std::greater<>{});
  if (r.session.empty())
    by_connection_[r.connection] = last;
}

/// The first moment at which all that was read was true.
void redis_checker::look_for_reads(const redis_record& r, std::size_t) {
  const auto last = latest_at(r.returned);
  auto at = floor_for(r);
  while (at <= last && !shows(r, at))
    ++at;
  demand(at <= last, [&] { return "H2: " + said(r) + ", which was true at no such moment"; });
  check_watch(r, at);
  returned_.emplace_back(r.returned, at);
  std::push_heap(returned_.begin(), returned_.end(), std::greater<>{});
  by_connection_[r.connection] = at;
}

bool redis_checker::shows(const redis_record& r, moment at) const {
  if (!r.is_exec)
    return shows(r.commands[0], r.reply, at, r.returned);
  for (std::size_t i = 0; i < r.commands.size(); ++i)
    if (i >= r.reply.items.size() || !shows(r.commands[i], r.reply.items[i], at, r.returned))
      return false;
  return true;
}

bool redis_checker::shows(const redis_command& c, const resp_value& reply, moment at,
                          sim_time returned) const {
  if (reply.is_error("ERR not executed: the replies"))
    return true; // how much came before it is known where the replica answers (R3)
  const auto call = call_of(c.words);
  kv::reply_writer out;
  model_.store().read(call, at, 0, out);
  const auto expected = out.take();
  byte_reader in{expected};
  if (call.what != verb::ttl)
    return is_reply_to(c, reply, in);
  // Down from what the log time leaves, by as much as a port's time may be ahead of it.
  const auto most = kv::next_reply(in)->integer;
  if (most < 0 || reply.integer < 0)
    return most == reply.integer;
  const auto& deadline = *model_.store().find(call.words[0], at)->deadline;
  const auto latest = std::max<std::int64_t>(
      wall_clocks::true_ms(returned) + most_ahead_ms_ + kv::max_clock_skew_ms,
      static_cast<std::int64_t>(model_.store().log_time(at))); // it may have been set
  const auto least = std::max<std::int64_t>(0, static_cast<std::int64_t>(deadline) - latest);
  const bool in_ms = (call.flags & flags::in_ms) != 0;
  return reply.integer <= most && reply.integer >= (in_ms ? least : least / 1'000);
}

} // namespace pmmc::sim
