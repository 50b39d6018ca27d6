// MULTI and WATCH, PMMC's own commands, WAIT.
#include "kv/named_sessions.hpp"
#include "redis/front.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <optional>

namespace pmmc::redis {

namespace {

constexpr std::string_view not_in_transaction = "ERR Command not allowed inside a transaction";
constexpr std::size_t watched_node_bytes = 96; ///< of connection::watched, about

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

constexpr std::string_view aborted = "EXECABORT Transaction discarded because of previous errors.";

bool is_watch(const request& r) { return r.size() > 1 && equals_ignoring_case(r[0], "watch"); }

} // namespace

/// Takes the request at the front of the queue; its reply is an error.
void front::take_error(connection& c, bundle& b, std::string_view error) {
  b.cost += c.queue.front().cost();
  c.watch_failed |= is_watch(c.queue.front());
  c.queue.pop_front();
  ++commands_;
  put_error(b.items.emplace_back(item{item_kind::text, c.version, 0, 0, {}}).text, error);
  c.transaction_failed |= c.in_transaction;
}

void front::forget_transaction(connection& c) {
  transaction_bytes_ -= std::exchange(c.transaction_bytes, 0);
  c.transaction.clear();
  c.in_transaction = false;
  c.transaction_failed = false;
  forget_watched(c);
}

void front::forget_watched(connection& c) {
  transaction_bytes_ -= std::exchange(c.watched_bytes, 0);
  c.watched.clear();
  c.watch_failed = false;
}

/// `r`: a WATCH.
bool front::has_room_to_watch(const connection& c, const request& r) const {
  auto bytes = transaction_bytes_;
  for (std::size_t word = 1; word < r.size(); ++word)
    bytes += c.watched.contains(r[word]) ? 0 : r[word].size() + watched_node_bytes;
  return bytes <= options_.max_transactions_bytes;
}

void front::watch(connection& c, std::string_view key, std::uint64_t version) {
  if (!c.watched.emplace(key, version).second)
    return;
  const auto bytes = key.size() + watched_node_bytes;
  c.watched_bytes += bytes;
  transaction_bytes_ += bytes;
}

bool front::take_transaction(connection& c, bundle& b, const command_info& command,
                             bool only_small) {
  const auto name = command.name;
  if (name == "exec")
    return !only_small && take_exec(c, b);
  if (name == "unwatch" && c.in_transaction)
    return queue_in_transaction(c, b, command, only_small);
  if (name == "watch" && only_small)
    return false;
  if (name == "watch" && !c.in_transaction &&
      c.watched.size() + c.queue.front().size() - 1 > options_.max_watched) {
    take_error(c, b, "ERR too many keys are watched (at most 1000)");
    return true;
  }
  auto r = std::move(c.queue.front());
  c.queue.pop_front();
  b.cost += r.cost();
  ++commands_;
  c.last_command = name;
  auto& i = b.items.emplace_back(item{item_kind::text, c.version, 0, 0, {}});
  if (name == "watch" && !c.in_transaction) {
    i.kind = item_kind::watch;
    i.request = static_cast<std::uint32_t>(b.requests.size());
    const auto& kept = b.requests.emplace_back(std::move(r));
    auto& call = b.t.calls.emplace_back(kv::call{kv::verb::version, 0, 0, {}});
    for (std::size_t word = 1; word < kept.size(); ++word)
      call.words.push_back(kept[word]);
    return false; // what follows may depend on what it remembers
  }
  if (name == "watch") {
    put_error(i.text, "ERR WATCH inside MULTI is not allowed");
  } else if (name == "multi" && c.in_transaction) {
    put_error(i.text, "ERR MULTI calls can not be nested");
  } else if (name == "discard" && !c.in_transaction) {
    put_error(i.text, "ERR DISCARD without MULTI");
  } else {
    put_status(i.text, "OK");
    if (name == "multi")
      c.in_transaction = true;
    else if (name == "discard")
      forget_transaction(c);
    else
      forget_watched(c);
  }
  return true;
}

bool front::queue_in_transaction(connection& c, bundle& b, const command_info& command,
                                 bool only_small) {
  const auto& r = c.queue.front();
  if (command.name == "pmmc" && r.size() == 4 && equals_ignoring_case(r[1], "req") &&
      equals_ignoring_case(r[3], "exec"))
    return !only_small && take_pmmc(c, b);
  const auto cost = r.cost();
  if (command.name == "hello" || command.name == "pmmc" || command.name == "wait") {
    take_error(c, b, not_in_transaction);
  } else if (c.transaction_bytes + cost > options_.max_transaction_bytes) {
    take_error(c, b, "ERR a transaction has at most 1 MiB");
  } else if (transaction_bytes_ + cost > options_.max_transactions_bytes) {
    take_error(c, b, transactions_busy);
  } else {
    c.transaction_bytes += cost;
    transaction_bytes_ += cost;
    b.cost += cost;
    c.transaction.push_back(std::move(c.queue.front()));
    c.queue.pop_front();
    put_status(b.items.emplace_back(item{item_kind::text, c.version, 0, 0, {}}).text, "QUEUED");
  }
  return true;
}

bool front::take_exec(connection& c, bundle& b) {
  if (!b.t.calls.empty())
    return false; // it goes alone
  if (!c.in_transaction) {
    take_error(c, b, "ERR EXEC without MULTI");
  } else if (c.transaction_failed || c.watch_failed) {
    take_error(c, b, aborted);
    forget_transaction(c);
  } else {
    if (!has_room_for_exec(c))
      return false;
    b.cost += c.queue.front().cost();
    c.queue.pop_front();
    add_exec(c, b);
    return false;
  }
  return true;
}

/// Replies that need no store are made before those that do, and held until then.
bool front::has_room_for_exec(connection& c) {
  const auto needs_store = [](const request& r) { return find_command(r[0])->of == group::keys; };
  return std::all_of(c.transaction.begin(), c.transaction.end(), needs_store) ||
         has_room_for_text(c);
}

/// The transaction that was queued, as one operation.
void front::add_exec(connection& c, bundle& b) {
  c.last_command = "exec";
  auto commands = std::exchange(c.transaction, {});
  const auto watched = std::exchange(c.watched, {});
  b.transaction_bytes = std::exchange(c.transaction_bytes, 0) + std::exchange(c.watched_bytes, 0);
  forget_transaction(c);
  b.t.whole = true;
  for (const auto& [key, version] : watched)
    b.t.watched.emplace_back(b.names.emplace_back(key), version);
  b.items.push_back({item_kind::exec, c.version, 0, commands.size(), {}});
  std::size_t texts = 0; // bytes of replies that need no store
  for (auto& r : commands) {
    const auto& command = *find_command(r[0]);
    if (command.of == group::keys) {
      add_call(c, b, command, std::move(r));
    } else {
      ++commands_;
      std::string text;
      if (texts > kv::max_reply_bytes)
        put_error(text, "ERR not executed: the replies before this one are too large");
      else
        answer_here(c, command, r, text);
      texts += text.size();
      b.items.push_back({item_kind::text, c.version, 0, 0, std::move(text)});
    }
  }
  if (!b.t.calls.empty() || !b.t.watched.empty())
    return;
  // Nothing for the store: all is there.
  for (auto& i : b.items)
    if (i.kind == item_kind::exec)
      put_array(i.text, i.count);
}

// --- PMMC ---------------------------------------------------------------------------------------

bool front::take_pmmc(connection& c, bundle& b) {
  if (!b.items.empty())
    return false; // alone, or first
  const auto& r = c.queue.front();
  const auto what = lower_case(r[1].substr(0, 16));
  c.last_command = "pmmc";
  if (what == "req")
    return take_once(c, b);
  if (what == "session" && r.size() == 3) {
    if (r[2].empty() || r[2].size() > kv::named_sessions::max_name_bytes) {
      take_error(c, b, kv::named_sessions::name_error); // as the store would, and nothing is kept
      return true;
    }
    b.cost += r.cost();
    const auto& kept = b.requests.emplace_back(std::move(c.queue.front()));
    c.queue.pop_front();
    ++commands_;
    c.session = kept[2];
    b.items.push_back({item_kind::call, c.version, 0, 0, {}});
    b.t.calls.push_back({kv::verb::session, 0, 0, {kept[2]}});
    return false;
  }
  if (what == "clock")
    return take_clock(c, b);
  const auto kind = question_of(what);
  if (kind == question_kind::reconfig || (kind && r.size() == 2)) {
    question q{0, *kind, 0, 0, {}};
    for (std::size_t word = 2; word < r.size(); ++word)
      q.words.emplace_back(r[word]);
    b.cost += r.cost();
    c.queue.pop_front();
    ++commands_;
    ask(c, b, std::move(q));
    return false;
  }
  const std::string error =
      kind || what == "session"
          ? wrong_arity("pmmc|" + what)
          : "ERR unknown subcommand '" + std::string{r[1].substr(0, 128)} +
                "'. PMMC has SESSION, REQ, STATUS, CONFIG, FINGERPRINT, RECONFIG and CLOCK.";
  take_error(c, b, error);
  return true;
}

void front::ask(connection& c, bundle& b, question q) {
  b.asked = true;
  q.ticket = ++tickets_;
  tickets_out_.emplace(q.ticket, place{c.id, false});
  out_.ask.push_back(std::move(q));
}

/// PMMC REQ N command…: N is looked up in the replicated state, in the same slot that executes the
/// command.
bool front::take_once(connection& c, bundle& b) {
  auto& r = c.queue.front();
  const auto number = r.size() > 3 ? text::parse_int64(r[2]) : std::nullopt;
  request inner;
  for (std::size_t word = 3; word < r.size(); ++word)
    inner.add(r[word]);
  const auto* command = inner.size() > 0 ? find_command(inner[0]) : nullptr;
  std::string error;
  if (r.size() < 4)
    error = wrong_arity("pmmc|req");
  else if (!number || *number < 1) // told back as Redis's integers, which are signed
    error = "ERR the number of a PMMC request is an integer from 1 to 9223372036854775807";
  else if (c.session.empty())
    error = "ERR PMMC REQ needs a session: send PMMC SESSION and a name of your own first";
  else if (command == nullptr)
    error = unknown_command(inner);
  else if (!has_arity(*command, inner.size()))
    error = wrong_arity(command->name);
  else if (command->of != group::keys && command->name != "exec")
    error = "ERR PMMC REQ takes commands of keys and EXEC";
  else if (command->name == "exec" && !c.in_transaction)
    error = "ERR EXEC without MULTI";
  else if (command->name == "exec" && (c.transaction_failed || c.watch_failed))
    error = aborted;
  if (!error.empty()) {
    const bool discard = error.starts_with("EXECABORT");
    take_error(c, b, error);
    if (discard)
      forget_transaction(c);
    return true;
  }
  if (command->name == "exec" && !has_room_for_exec(c))
    return false;
  b.cost += r.cost();
  c.queue.pop_front();
  b.t.session = b.names.emplace_back(c.session);
  b.t.sequence = static_cast<std::uint64_t>(*number);
  if (command->name == "exec")
    add_exec(c, b);
  else
    add_call(c, b, *command, std::move(inner));
  b.t.whole = true;
  return false;
}

bool front::take_wait(connection& c, bundle& b) {
  if (!b.items.empty())
    return false;
  const auto& r = c.queue.front();
  const auto wanted = text::parse_int64(r[1]);
  const auto timeout = text::parse_int64(r[2]);
  if (!wanted || !timeout) {
    take_error(c, b,
               timeout || !wanted ? "ERR value is not an integer or out of range"
                                  : "ERR timeout is not an integer or out of range");
    return true;
  }
  if (*timeout < 0) {
    take_error(c, b, "ERR timeout is negative");
    return true;
  }
  b.cost += r.cost();
  c.queue.pop_front();
  ++commands_;
  c.last_command = "wait";
  ask(c, b, {0, question_kind::acceptors, *wanted, *timeout, {}});
  return false;
}

} // namespace pmmc::redis
