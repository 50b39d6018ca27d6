#include "sim/checkers/store_model.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <iterator>

namespace pmmc::sim {

namespace {

using kv::transaction_status;
using kv::verb;

constexpr std::size_t most_reply_bytes = 1 << 20; ///< then the rest is asked for again
constexpr std::size_t head_bytes = 11;
constexpr std::size_t small_reply_bytes = 128;
constexpr std::string_view no_room =
    "ERR not executed: the replies would be larger than 16 MiB; ask for less (for KEYS: use SCAN)";

std::string status_only(transaction_status s) { return std::string(1, static_cast<char>(s)); }

/// The last of them up to `at`, or the end.
template <class Timed>
auto latest(const std::vector<std::pair<moment, Timed>>& all, moment at) {
  const auto after = std::upper_bound(all.begin(), all.end(), at,
                                      [](moment m, const auto& one) { return m < one.first; });
  return after == all.begin() ? all.end() : std::prev(after);
}

} // namespace

// --- The store at a moment ----------------------------------------------------------------------

const store_model::entry* store_model::find(std::string_view key, moment at) const {
  const auto it = keys_.find(key);
  if (it == keys_.end())
    return nullptr;
  const auto state = latest(it->second, at);
  return state == it->second.end() || !state->second ? nullptr : &*state->second;
}

moment store_model::changed(std::string_view key, moment at) const {
  const auto it = keys_.find(key);
  if (it == keys_.end())
    return 0;
  const auto state = latest(it->second, at);
  return state == it->second.end() ? 0 : state->first;
}

kv::log_time store_model::log_time(moment at) const {
  const auto t = latest(times_, at);
  return t == times_.end() ? 0 : t->second;
}

std::vector<std::string_view> store_model::keys(moment at) const {
  std::vector<std::string_view> found;
  for (const auto& [key, history] : keys_)
    if (find(key, at) != nullptr)
      found.push_back(key);
  return found;
}

// --- Changes ------------------------------------------------------------------------------------

void store_model::put(std::string_view key, std::optional<entry> state) {
  auto it = keys_.find(key);
  if (it == keys_.end())
    it = keys_.emplace(std::string{key}, states{}).first;
  if (!it->second.empty() && it->second.back().first == now_)
    it->second.back().second = std::move(state);
  else
    it->second.emplace_back(now_, std::move(state));
}

/// What the call of this moment has done to its keys.
void store_model::undo(const kv::call& c) {
  for (const auto& word : c.words)
    if (const auto it = keys_.find(word); it != keys_.end() && it->second.back().first == now_) {
      it->second.pop_back();
      if (it->second.empty())
        keys_.erase(it);
    }
}

/// The log time never goes back.
void store_model::advance(kv::log_time to, effect& e) {
  if (to <= log_time(now_) || to > kv::last_log_time)
    return;
  times_.emplace_back(++now_, to);
  e.expired += end_due_keys(to);
}

/// An administrator may set it back, too.
void store_model::set_clock(const kv::call& c, kv::reply_writer& out) {
  const auto before = log_time(now_);
  const auto to = static_cast<kv::log_time>(c.number);
  out.array(2);
  out.integer(static_cast<std::int64_t>(before));
  out.integer(static_cast<std::int64_t>(to));
  times_.emplace_back(now_, to);
  end_due_keys(to);
}

/// Returns how many.
std::size_t store_model::end_due_keys(kv::log_time now) {
  std::size_t ended = 0;
  for (const auto key : keys(now_))
    if (const auto* state = find(key, now_); state->deadline && *state->deadline <= now) {
      put(key, std::nullopt);
      ++ended;
    }
  return ended;
}

/// One that has come already ends the key.
void store_model::give_deadline(std::string_view key, kv::log_time when) {
  auto state = *find(key, now_);
  state.deadline = when;
  if (when <= log_time(now_))
    put(key, std::nullopt);
  else
    put(key, std::move(state));
}

// --- Transactions -------------------------------------------------------------------------------

/// W1: EXEC's watched keys have the states that their versions were told of.
bool store_model::is_unchanged(const kv::transaction& t, moment at) const {
  return std::all_of(t.watched.begin(), t.watched.end(), [&](const auto& w) {
    const auto known = told_.find({std::string{w.first}, w.second});
    demand(known != told_.end(), [&] {
      return "W1: version " + std::to_string(w.second) + " of " + std::string{w.first} +
             " is watched, and no replica has told of it";
    });
    return known->second == changed(w.first, at);
  });
}

bool store_model::is_due(const kv::call& c, moment at, kv::log_time port_time) const {
  const auto due = [&](std::string_view key) {
    const auto* state = find(key, at);
    return state != nullptr && state->deadline && *state->deadline <= port_time;
  };
  if (names_keys(c.what) && !c.words.empty())
    return std::any_of(c.words.begin(), c.words.end(), due);
  const auto all = keys(at);
  return std::any_of(all.begin(), all.end(), due);
}

/// Of calls, until there are too many bytes. `execute`: writes the reply to one, if it has room.
template <class Execute>
static std::string answer_to(const kv::transaction& t, std::size_t most_whole_reply_bytes,
                             store_model::effect& e, Execute execute) {
  constexpr auto refusal_bytes = 2 + no_room.size();
  auto& executed = e.executed;
  kv::reply_writer out;
  for (const auto& c : t.calls) {
    if (!t.whole && out.size() >= most_reply_bytes)
      break;
    const auto before = out.size();
    const auto behind = t.whole ? t.calls.size() - executed - 1 : 0;
    out.limit(most_whole_reply_bytes - head_bytes - behind * refusal_bytes);
    const bool has_room = out.has_room_for(small_reply_bytes);
    execute(c, out, has_room);
    if (!has_room || out.overflowed()) {
      out.cut(before);
      if (!t.whole && executed > 0)
        break;
      out.error(no_room);
      ++e.refused;
    }
    ++executed;
  }
  auto answer = status_only(transaction_status::done);
  put_varint(answer, executed);
  return answer + out.take();
}

std::string store_model::run(const kv::transaction& t, effect& e) {
  if (!is_unchanged(t, now_))
    return status_only(transaction_status::aborted);
  return answer_to(t, limits_.whole_reply_bytes, e,
                   [this](const kv::call& c, kv::reply_writer& out, bool has_room) {
                     ++now_; // of one that is refused, too
                     if (has_room)
                       execute(c, out);
                     if (out.overflowed())
                       undo(c); // a reply without room refuses its call
                   });
}

std::string store_model::once(const kv::transaction& t, effect& e) {
  const auto highest = sessions_.highest(t.session);
  if (!highest)
    return status_only(transaction_status::no_session);
  e.opening = sessions_.opening(t.session);
  if (t.sequence <= *highest) {
    const auto* known = sessions_.answer(t.session, t.sequence);
    e.is_repeated = known != nullptr;
    return known != nullptr ? *known : status_only(transaction_status::overtaken);
  }
  auto answer = run(t, e);
  sessions_.record(t.session, t.sequence, answer);
  return answer;
}

store_model::effect store_model::perform(const kv::transaction& t) {
  effect e;
  advance(t.now, e);
  e.before = now_;
  e.answer = t.session.empty() ? run(t, e) : once(t, e);
  return e;
}

std::string store_model::query(const kv::transaction& t, moment at) const {
  if (std::any_of(t.calls.begin(), t.calls.end(),
                  [&](const kv::call& c) { return is_due(c, at, t.now); }))
    return status_only(transaction_status::due);
  if (!is_unchanged(t, at))
    return status_only(transaction_status::aborted);
  effect none;
  return answer_to(t, limits_.whole_reply_bytes, none,
                   [&](const kv::call& c, kv::reply_writer& out, bool has_room) {
                     if (has_room)
                       read(c, at, t.now, out);
                   });
}

/// The next reply of both, with all that is in it.
static bool is_same_reply(byte_reader& ours, byte_reader& theirs) {
  for (std::uint64_t left = 1; left > 0; --left) {
    const auto a = kv::next_reply(ours);
    const auto b = kv::next_reply(theirs);
    if (!a || !b || a->kind != b->kind || a->integer != b->integer || a->items != b->items ||
        a->bytes != b->bytes)
      return false;
    left += a->items;
  }
  return true;
}

/// RANDOMKEY: of all keys, which the model has.
static bool is_one_of(byte_reader& keys, byte_reader& theirs) {
  const auto all = kv::next_reply(keys);
  const auto key = kv::next_reply(theirs);
  if (!all || !key)
    return false;
  bool is_one = all->items == 0 && key->kind == kv::reply_kind::nil;
  for (std::uint64_t i = 0; i < all->items; ++i)
    if (const auto one = kv::next_reply(keys); one && key->kind == kv::reply_kind::bulk)
      is_one = is_one || one->bytes == key->bytes;
  return is_one;
}

bool store_model::is_answer(const kv::transaction& t, std::string_view expected,
                            std::string_view body) const {
  const auto leaves_open = [](const kv::call& c) {
    return c.what == verb::version || c.what == verb::randomkey;
  };
  constexpr auto done = static_cast<char>(transaction_status::done);
  if (std::none_of(t.calls.begin(), t.calls.end(), leaves_open) || expected.front() != done)
    return expected == body;
  if (!body.starts_with(done))
    return false;
  byte_reader ours{expected.substr(1)};
  byte_reader theirs{body.substr(1)};
  const auto executed = ours.varint();
  if (executed != theirs.varint())
    return false;
  for (std::size_t i = 0; i < executed; ++i) {
    if (t.calls[i].what != verb::version) {
      const bool fits = t.calls[i].what == verb::randomkey ? is_one_of(ours, theirs)
                                                           : is_same_reply(ours, theirs);
      if (!fits)
        return false;
      continue;
    }
    kv::next_reply(ours); // the heads of the arrays
    if (const auto head = kv::next_reply(theirs); !head || head->items != t.calls[i].words.size())
      return false;
    for (const auto key : t.calls[i].words) {
      const auto when = kv::next_reply(ours);
      const auto version = kv::next_reply(theirs);
      if (!version || version->kind != kv::reply_kind::integer)
        return false;
      learn(key, static_cast<std::uint64_t>(version->integer), static_cast<moment>(when->integer));
    }
  }
  return !kv::next_reply(theirs);
}

/// W1: a version is of one state.
void store_model::learn(std::string_view key, std::uint64_t version, moment when) const {
  const auto [it, is_new] = told_.emplace(std::pair{std::string{key}, version}, when);
  demand(is_new || it->second == when,
         [&] { return "W1: " + std::string{key} + " has the same version in two states"; });
}

} // namespace pmmc::sim
