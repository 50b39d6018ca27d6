#include "redis/bundler.hpp"

#include "kv/named_sessions.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace pmmc::redis {

void bundler::fill(connection& c, bundle& b) {
  std::size_t counted = 0;
  const auto count_texts = [&] {
    for (; counted < b.items.size(); ++counted)
      b.text_bytes += b.items[counted].text.size();
  };
  while (!c.queue.empty() && !c.closing && b.text_bytes <= settings_.note_unread_bytes &&
         take_next(c, b))
    count_texts();
  count_texts();
  const auto small = [](const kv::call& one) { return has_small_reply(one); };
  const auto reads = [](const kv::call& one) { return kv::is_read(one.what); };
  const auto& calls = b.t.calls;
  b.is_query = !b.follows && b.t.session.empty() && std::all_of(calls.begin(), calls.end(), reads);
  // Nothing follows a WATCH before it is known what it watches: UNWATCH and others forget that.
  const bool watches = !b.items.empty() && b.items.back().kind == item_kind::watch;
  b.small = !b.is_query && !b.asked && !b.t.whole && !watches &&
            std::all_of(calls.begin(), calls.end(), small);
}

bool bundler::take_next(connection& c, bundle& b) {
  const auto& r = c.queue.front();
  const auto* command = r.kind == request_kind::command ? find_command(r[0]) : nullptr;
  const auto error = r.kind == request_kind::command ? mistake(command, r) : r.bytes;
  if (is_full(b, r))
    return false;
  if (!error.empty())
    return take_mistake(c, b, error);
  if (command->of == group::transaction)
    return take_transaction(c, b, *command);
  if (c.transaction.is_open() && command->name != "quit" && command->name != "reset")
    return take_queued(c, b, *command);
  if (command->name == "pmmc")
    return !b.follows && take_pmmc(c, b);
  if (command->name == "wait")
    return !b.follows && take_wait(c, b);
  if (command->of == group::keys)
    return take_keys(c, b, *command);
  return take_local(c, b, *command);
}

bool bundler::is_full(const bundle& b, const request& next) const {
  return b.t.calls.size() >= settings_.bundle_calls ||
         (!b.t.calls.empty() && b.cost + next.cost() > settings_.bundle_bytes);
}

request bundler::pop(connection& c, bundle& b) {
  auto r = std::move(c.queue.front());
  c.queue.pop_front();
  b.cost += r.cost();
  return r;
}

/// The reply is an error, and the bundle goes on.
bool bundler::take_error(connection& c, bundle& b, std::string_view error) {
  const auto r = pop(c, b);
  ++facts_.commands;
  put_error(b.add_text(c.version), error);
  c.transaction.refused(r.is_watch || (r.size() > 1 && equals_ignoring_case(r[0], "watch")));
  return true;
}

bool bundler::take_mistake(connection& c, bundle& b, std::string_view error) {
  c.closing |= c.queue.front().kind == request_kind::broken;
  take_error(c, b, error);
  b.close = c.closing;
  return !c.closing;
}

bool bundler::take_local(connection& c, bundle& b, const command_info& command) {
  const auto& next = c.queue.front();
  const bool lists_clients =
      command.name == "client" && next.size() > 1 && equals_ignoring_case(next[1], "list");
  if (lists_clients && !room_.has_room_for_text(c))
    return false;
  const auto r = pop(c, b);
  ++facts_.commands;
  c.last_command = command.name;
  answer_locally(facts_, c, command, r, b.add_text(c.version));
  b.close = c.closing;
  return !c.closing;
}

// --- the keys -----------------------------------------------------------------------------------

bool bundler::take_keys(connection& c, bundle& b, const command_info& command) {
  const auto cost = c.queue.front().cost();
  auto taken = std::move(c.queue.front());
  c.queue.pop_front();
  const auto calls = b.t.calls.size();
  add_call(c, b, command, std::move(taken));
  if (b.follows && b.t.calls.size() > calls && !has_small_reply(b.t.calls.back())) {
    b.t.calls.pop_back(); // too early for it
    b.items.pop_back();
    c.queue.push_front(std::move(b.requests.back()));
    b.requests.pop_back();
    --facts_.commands;
    return false;
  }
  b.cost += cost;
  return true;
}

void bundler::add_call(connection& c, bundle& b, const command_info& command, request&& r) {
  auto& kept = b.requests.emplace_back(std::move(r));
  ++facts_.commands;
  c.last_command = command.name;
  auto& i = b.items.emplace_back(
      item{item_kind::text, c.version, static_cast<std::uint32_t>(b.requests.size() - 1)});
  auto t = translate(command, kept, facts_.now_ms, random_.next());
  if (kept.bytes.size() + 8 * kept.size() + 64 > settings_.max_op_bytes)
    t.error = "ERR not executed: a command has at most 1 MiB";
  if (t.error.empty() && t.call.what == kv::verb::scan)
    t.error = set_cursor(b, kept[1], t.call);
  if (!t.error.empty()) {
    put_error(i.text, t.error);
    return;
  }
  i.kind = t.call.what == kv::verb::scan ? item_kind::scan : item_kind::call;
  b.t.calls.push_back(std::move(t.call));
}

/// Puts the key that a cursor stands for into a call. Returns the error, or nothing.
std::string bundler::set_cursor(bundle& b, std::string_view text, kv::call& scan) {
  if (text == "0")
    return {};
  const auto cursor = text::parse_uint64(text);
  if (!cursor)
    return "ERR invalid cursor";
  const auto key = cursors_.find(*cursor);
  if (!key)
    return "ERR this cursor is not known here: it is another process's, or too old. Begin again "
           "with SCAN 0";
  scan.words[0] = b.names.emplace_back(*key);
  return {};
}

// --- MULTI and what belongs to it ---------------------------------------------------------------

bool bundler::take_transaction(connection& c, bundle& b, const command_info& command) {
  auto& pending = c.transaction;
  const auto name = command.name;
  if (name == "exec")
    return !b.follows && take_exec(c, b);
  if (name == "unwatch" && pending.is_open())
    return take_queued(c, b, command);
  if (name == "watch" && b.follows)
    return false;
  if (name == "watch" && !pending.is_open())
    return take_watch(c, b);
  pop(c, b);
  ++facts_.commands;
  c.last_command = name;
  auto& reply = b.add_text(c.version);
  if (name == "watch") {
    put_error(reply, "ERR WATCH inside MULTI is not allowed");
  } else if (name == "multi" && pending.is_open()) {
    put_error(reply, "ERR MULTI calls can not be nested");
  } else if (name == "discard" && !pending.is_open()) {
    put_error(reply, "ERR DISCARD without MULTI");
  } else {
    put_status(reply, "OK");
    if (name == "multi")
      pending.open();
    else if (name == "discard")
      pending.forget();
    else
      pending.forget_watched();
  }
  return true;
}

bool bundler::take_watch(connection& c, bundle& b) {
  if (c.transaction.watched() + c.queue.front().size() - 1 > settings_.max_watched)
    return take_error(c, b, "ERR too many keys are watched (at most 1000)");
  const auto& kept = b.requests.emplace_back(pop(c, b));
  ++facts_.commands;
  c.last_command = "watch";
  b.items.push_back(
      {item_kind::watch, c.version, static_cast<std::uint32_t>(b.requests.size() - 1)});
  auto& call = b.t.calls.emplace_back(kv::call{kv::verb::version, 0, 0, {}});
  for (std::size_t word = 1; word < kept.size(); ++word)
    call.words.push_back(kept[word]);
  return false; // what follows may depend on what it remembers
}

bool bundler::take_queued(connection& c, bundle& b, const command_info& command) {
  const auto& r = c.queue.front();
  if (command.name == "pmmc" && r.size() == 4 && equals_ignoring_case(r[1], "req") &&
      equals_ignoring_case(r[3], "exec"))
    return !b.follows && take_pmmc(c, b);
  if (command.name == "hello" || command.name == "pmmc" || command.name == "wait")
    return take_error(c, b, "ERR Command not allowed inside a transaction");
  if (const auto why = c.transaction.why_full(r.cost()); !why.empty())
    return take_error(c, b, why);
  c.transaction.queue(pop(c, b));
  put_status(b.add_text(c.version), "QUEUED");
  return true;
}

bool bundler::take_exec(connection& c, bundle& b) {
  if (!b.t.calls.empty())
    return false; // it goes alone
  if (!c.transaction.is_open())
    return take_error(c, b, "ERR EXEC without MULTI");
  if (c.transaction.must_abort()) {
    take_error(c, b, exec_aborted);
    c.transaction.forget();
    return true;
  }
  if (!has_room_for_exec(c))
    return false;
  pop(c, b);
  add_exec(c, b);
  return false;
}

/// Replies that need no store are made before those that do, and held until then.
bool bundler::has_room_for_exec(connection& c) {
  return c.transaction.needs_store_throughout() || room_.has_room_for_text(c);
}

/// The transaction that was queued, as one operation.
void bundler::add_exec(connection& c, bundle& b) {
  c.last_command = "exec";
  auto taken = c.transaction.take();
  b.transaction_memory = std::move(taken.memory);
  b.t.whole = true;
  for (const auto& [key, version] : taken.watched)
    b.t.watched.emplace_back(b.names.emplace_back(key), version);
  b.items.push_back({item_kind::exec, c.version, 0, taken.commands.size(), {}});
  std::size_t texts = 0; // bytes of replies that need no store
  for (auto& r : taken.commands) {
    const auto& command = *find_command(r[0]);
    if (command.of == group::keys) {
      add_call(c, b, command, std::move(r));
    } else {
      ++facts_.commands;
      std::string text;
      if (texts > kv::max_reply_bytes)
        put_error(text, "ERR not executed: the replies before this one are too large");
      else
        answer_locally(facts_, c, command, r, text);
      texts += text.size();
      b.items.push_back({item_kind::text, c.version, 0, 0, std::move(text)});
    }
  }
  if (b.needs_store())
    return;
  // Nothing for the store: all is there.
  for (auto& i : b.items)
    if (i.kind == item_kind::exec)
      put_array(i.text, i.count);
}

// --- PMMC and WAIT ------------------------------------------------------------------------------

bool bundler::take_pmmc(connection& c, bundle& b) {
  if (!b.items.empty())
    return false; // alone, or first
  const auto& r = c.queue.front();
  c.last_command = "pmmc";
  if (equals_ignoring_case(r[1], "req"))
    return take_numbered(c, b);
  if (equals_ignoring_case(r[1], "session") && r.size() == 3)
    return take_session(c, b);
  return take_alone(c, b, read_pmmc(r, expiry_.clock()));
}

bool bundler::take_session(connection& c, bundle& b) {
  const auto name = c.queue.front()[2];
  if (name.empty() || name.size() > kv::named_sessions::max_name_bytes)
    // as the store would, and nothing is kept
    return take_error(c, b, kv::named_sessions::name_error);
  const auto& kept = b.requests.emplace_back(pop(c, b));
  ++facts_.commands;
  c.session = kept[2];
  b.items.push_back({item_kind::call, c.version});
  b.t.calls.push_back({kv::verb::session, 0, 0, {kept[2]}});
  return false;
}

/// PMMC REQ N command…: N is looked up in the replicated state, in the same slot that executes the
/// command.
bool bundler::take_numbered(connection& c, bundle& b) {
  auto numbered = read_numbered(c.queue.front(), c);
  if (!numbered.error.empty()) {
    take_error(c, b, numbered.error);
    if (numbered.error == exec_aborted)
      c.transaction.forget();
    return true;
  }
  const bool is_exec = numbered.command->name == "exec";
  if (is_exec && !has_room_for_exec(c))
    return false;
  pop(c, b);
  b.t.session = b.names.emplace_back(c.session);
  b.t.sequence = numbered.number;
  if (is_exec)
    add_exec(c, b);
  else
    add_call(c, b, *numbered.command, std::move(numbered.inner));
  b.t.whole = true;
  return false;
}

bool bundler::take_wait(connection& c, bundle& b) {
  if (!b.items.empty())
    return false;
  auto command = read_wait(c.queue.front());
  if (command.error.empty())
    c.last_command = "wait";
  return take_alone(c, b, std::move(command));
}

bool bundler::take_alone(connection& c, bundle& b, pmmc_command&& command) {
  if (!command.error.empty())
    return take_error(c, b, command.error);
  pop(c, b);
  ++facts_.commands;
  if (command.asks) {
    b.asked = std::move(command.asks);
  } else {
    b.items.push_back({item_kind::call, c.version});
    b.t.calls.push_back(std::move(*command.call));
  }
  return false;
}

} // namespace pmmc::redis
