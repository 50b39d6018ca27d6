#include "redis/front.hpp"

#include "kv/reply.hpp"
#include "redis/answer_shape.hpp"
#include "text/number.hpp"

#include <algorithm>

namespace pmmc::redis {

front::front(settings options)
    : options_(std::move(options)), random_(options_.seed),
      operations_(options_.max_operation_bytes), queries_(options_.max_query_bytes),
      replies_(options_.max_reply_bytes), cursors_(random_.next()) {}

void front::set_clock(std::int64_t now_ms) {
  now_ms_ = now_ms;
  if (started_ms_ == 0)
    started_ms_ = now_ms;
}

front_outputs front::take() {
  give_turns();
  return std::exchange(out_, {});
}

// --- connections --------------------------------------------------------------------------------

void front::opened(connection_id id, std::string peer) {
  auto c = std::make_unique<connection>();
  c->id = id;
  c->peer = std::move(peer);
  c->opened_ms = now_ms_;
  connections_[id] = std::move(c);
  ++connections_seen_;
}

/// What is under way for it finishes all the same; nobody hears of it.
void front::closed(connection_id id) {
  give_turns(); // what came whole before the end is executed, if it can begin now
  const auto it = connections_.find(id);
  if (it == connections_.end())
    return;
  auto& c = *it->second;
  forget_transaction(c);
  hold(c, 0);
  for (const auto& b : c.in_flight) {
    transaction_bytes_ -= b.transaction_bytes;
    if (const auto t = tickets_out_.find(b.ticket);
        t != tickets_out_.end() && t->second.at != place::stage::under_way) {
      give_back(t->second);
      tickets_out_.erase(t);
    }
  }
  for (auto* turns : {&operations_, &queries_, &replies_})
    turns->forget(id);
  connections_.erase(it);
}

void front::on(connection_id id, std::vector<request> requests) {
  const auto it = connections_.find(id);
  if (it == connections_.end() || it->second->closing)
    return;
  auto& c = *it->second;
  for (auto& r : requests)
    c.queue.push_back(std::move(r));
  pump(c);
}

void front::drained(connection_id id, std::size_t bytes) {
  const auto it = connections_.find(id);
  if (it == connections_.end())
    return;
  auto& c = *it->second;
  c.unsent_bytes -= std::min(bytes, c.unsent_bytes);
  if (!c.in_flight.empty() && c.unsent_bytes <= options_.max_unsent_bytes) {
    auto& b = c.in_flight.front();
    if (!b.done && !b.asked && b.ticket == 0)
      send(c, b); // its first part has been written
  }
  pump(c);
}

/// Takes up what may be taken up now: all kinds of requests if nothing is under way, or else only
/// what may follow closely.
void front::pump(connection& c) {
  for (emit(c), hold_unread(c); may_take_up(c); emit(c), hold_unread(c)) {
    const bool only_small = !c.in_flight.empty();
    if (only_small && (c.in_flight.size() >= options_.max_in_flight || !c.in_flight.back().small))
      break;
    auto& b = c.in_flight.emplace_back();
    process(c, b, only_small);
    if (b.items.empty() && !b.asked) {
      c.in_flight.pop_back();
      break;
    }
    if (b.asked)
      continue;
    if (!b.t.calls.empty() || !b.t.watched.empty()) {
      send(c, b);
    } else {
      b.small = true;
      for (const auto& i : b.items)
        b.output += i.text;
      b.done = true;
    }
  }
}

/// Who has a lot unread already makes more of it only while there is room.
bool front::may_take_up(connection& c) {
  return !c.closing && !c.queue.empty() && c.unsent_bytes <= options_.max_unsent_bytes &&
         (unread_bytes(c) <= options_.note_unread_bytes || has_room_for_text(c));
}

void front::process(connection& c, bundle& b, bool only_small) {
  std::size_t counted = 0;
  const auto count_texts = [&] {
    for (; counted < b.items.size(); ++counted)
      b.text_bytes += b.items[counted].text.size();
  };
  while (!c.queue.empty() && !c.closing && b.text_bytes <= options_.note_unread_bytes &&
         take_next(c, b, only_small))
    count_texts();
  count_texts();
  const auto small = [](const kv::call& one) { return has_small_reply(one); };
  const auto reads = [](const kv::call& one) { return kv::is_read(one.what); };
  const auto& calls = b.t.calls;
  b.is_query = !only_small && b.t.session.empty() && std::all_of(calls.begin(), calls.end(), reads);
  // Nothing follows a WATCH before it is known what it watches: UNWATCH and others forget that.
  const bool watches = !b.items.empty() && b.items.back().kind == item_kind::watch;
  b.small = !b.is_query && !b.asked && !b.t.whole && !watches &&
            std::all_of(calls.begin(), calls.end(), small);
}

/// Takes the next request into the bundle. False: the bundle ends here, with it or before it.
bool front::take_next(connection& c, bundle& b, bool only_small) {
  auto& r = c.queue.front();
  const auto* command = r.kind == request_kind::command ? find_command(r[0]) : nullptr;
  const auto error = r.kind == request_kind::command ? mistake(command, r) : r.bytes;
  const bool good = error.empty();
  if (b.t.calls.size() >= options_.bundle_calls ||
      (!b.t.calls.empty() && b.cost + r.cost() > options_.bundle_bytes))
    return false;
  const bool lists_clients =
      good && command->name == "client" && r.size() > 1 && equals_ignoring_case(r[1], "list");
  if (lists_clients && !c.in_transaction && !has_room_for_text(c))
    return false;
  if (good && command->of == group::transaction)
    return take_transaction(c, b, *command, only_small);
  if (good && command->name == "pmmc" && !c.in_transaction)
    return !only_small && take_pmmc(c, b);
  if (good && command->name == "wait" && !c.in_transaction)
    return !only_small && take_wait(c, b);
  if (good && command->of == group::keys && !c.in_transaction)
    return take_keys(c, b, *command, only_small);

  if (good && c.in_transaction && command->name != "quit" && command->name != "reset")
    return queue_in_transaction(c, b, *command, only_small);

  const auto taken = std::move(c.queue.front());
  c.queue.pop_front();
  b.cost += taken.cost();
  ++commands_;
  auto& answer = b.items.emplace_back(item{item_kind::text, c.version, 0, 0, {}}).text;
  if (good) {
    c.last_command = command->name;
    answer_here(c, *command, taken, answer);
  } else {
    put_error(answer, error);
    c.transaction_failed |= c.in_transaction;
    c.watch_failed |= taken.is_watch;
    c.closing |= taken.kind == request_kind::broken;
  }
  b.close = c.closing;
  return !c.closing;
}

void front::add_call(connection& c, bundle& b, const command_info& command, request&& r) {
  auto& kept = b.requests.emplace_back(std::move(r));
  ++commands_;
  c.last_command = command.name;
  const item here{
      item_kind::text, c.version, static_cast<std::uint32_t>(b.requests.size() - 1), 0, {}};
  auto& i = b.items.emplace_back(here);
  auto t = translate(command, kept, now_ms_, random_.next());
  if (kept.bytes.size() + 8 * kept.size() + 64 > options_.max_op_bytes)
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
std::string front::set_cursor(bundle& b, std::string_view text, kv::call& scan) {
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

bool front::take_keys(connection& c, bundle& b, const command_info& command, bool only_small) {
  const auto cost = c.queue.front().cost();
  auto taken = std::move(c.queue.front());
  c.queue.pop_front();
  const auto calls = b.t.calls.size();
  add_call(c, b, command, std::move(taken));
  if (only_small && b.t.calls.size() > calls && !has_small_reply(b.t.calls.back())) {
    b.t.calls.pop_back(); // too early for it
    b.items.pop_back();
    c.queue.push_front(std::move(b.requests.back()));
    b.requests.pop_back();
    --commands_;
    return false;
  }
  b.cost += cost;
  return true;
}

// --- from the store -----------------------------------------------------------------------------

namespace {

constexpr std::string_view another_request =
    "ERR this number of the PMMC session was used for another request, whose reply does not fit "
    "this one. Not executed";

} // namespace

void front::settle(connection& c, bundle& b, const client_outcome& outcome) {
  switch (outcome.kind) {
  case outcome_kind::done:
    return settle_done(c, b, outcome.body);
  case outcome_kind::refused:
    return fail(c, b, "ERR not executed: " + outcome.body);
  case outcome_kind::not_executed:
    return fail(
        c, b, (outcome.busy ? "BUSY not executed: " : "CLUSTERDOWN not executed: ") + outcome.body);
  case outcome_kind::unknown:
    return fail(c, b, "CLUSTERDOWN it is not known whether this was executed: " + outcome.body);
  }
}

void front::settle_done(connection& c, bundle& b, std::string_view answer) {
  const auto status = answer.empty() ? kv::transaction_status::malformed
                                     : static_cast<kv::transaction_status>(answer.front());
  switch (status) {
  case kv::transaction_status::done: {
    if (answer.size() > options_.small_reply_bytes)
      b.output.reserve(b.output.size() + answer.size() + answer.size() / 16);
    pmmc::byte_reader in{answer.substr(1)};
    const auto executed = in.varint();
    const auto calls = b.t.calls.size();
    if (!b.t.session.empty() && (executed != calls || !has_replies_to(b, in)))
      return fail(c, b, another_request);
    if (executed > calls || (executed == 0 && calls > 0))
      break; // the first call is executed always: it would be sent again for ever
    return settle_calls(c, b, in, executed);
  }
  case kv::transaction_status::aborted:
    if (std::none_of(b.items.begin(), b.items.end(),
                     [](const item& i) { return i.kind == item_kind::exec; }))
      return fail(c, b, another_request);
    for (; b.items[b.next_item].kind != item_kind::exec; ++b.next_item)
      b.output += b.items[b.next_item].text;
    put_nil_array(b.output, b.items[b.next_item].version);
    b.done = true;
    return;
  case kv::transaction_status::no_session:
    return fail(c, b,
                "ERR this PMMC session has ended (there were too many newer ones); whether "
                "earlier requests were executed is not known any more. Not executed");
  case kv::transaction_status::overtaken:
    return fail(c, b,
                "ERR a later request of this PMMC session has been executed: either this one "
                "was, too, and its reply is not kept any more, or it never will be");
  case kv::transaction_status::due:
  case kv::transaction_status::malformed:
    break;
  }
  fail(c, b, "ERR the replicas did not understand the operation: do they run the same version?");
}

/// Puts the replies of the calls that were executed into their places. The rest goes again.
void front::settle_calls(connection& c, bundle& b, pmmc::byte_reader& in, std::uint64_t executed) {
  for (; b.next_item < b.items.size(); ++b.next_item) {
    const auto& i = b.items[b.next_item];
    if (i.kind == item_kind::text) {
      b.output += i.text;
      continue;
    }
    if (i.kind == item_kind::exec) {
      put_array(b.output, i.count);
      continue;
    }
    if (executed == 0)
      break;
    --executed;
    if (i.kind == item_kind::call)
      put_reply(b.output, i.version, in);
    else if (i.kind == item_kind::scan)
      settle_scan(i, in, b.output);
    else
      settle_watch(c, b, i, in, b.output);
  }
  b.done = b.next_item == b.items.size();
  if (b.done)
    return;
  const auto left = std::count_if(
      b.items.begin() + static_cast<std::ptrdiff_t>(b.next_item), b.items.end(),
      [](const item& i) { return i.kind != item_kind::text && i.kind != item_kind::exec; });
  b.t.calls.erase(b.t.calls.begin(), b.t.calls.end() - left);
  c.unsent_bytes += b.output.size();
  out_.replies.push_back({c.id, std::exchange(b.output, {}), 0, false});
  if (c.unsent_bytes <= options_.max_unsent_bytes)
    send(c, b);
}

void front::settle_watch(connection& c, const bundle& b, const item& i, pmmc::byte_reader& in,
                         std::string& out) {
  const auto head = kv::next_reply(in);
  const auto& r = b.requests[i.request];
  const bool is_told = head && head->kind == kv::reply_kind::array;
  if (!is_told || !has_room_to_watch(c, r)) {
    c.watch_failed = true;
    return put_error(out, is_told ? transactions_busy : head ? head->bytes : "ERR no reply");
  }
  for (std::uint64_t n = 0; n < head->items && n + 1 < r.size(); ++n)
    if (const auto version = kv::next_reply(in))
      watch(c, r[n + 1], static_cast<std::uint64_t>(version->integer));
  put_status(out, "OK");
}

void front::settle_scan(const item& i, pmmc::byte_reader& in, std::string& out) {
  const auto head = kv::next_reply(in);
  if (!head || head->kind != kv::reply_kind::array)
    return put_error(out, head ? head->bytes : "ERR no reply");
  const auto last = kv::next_reply(in);
  put_array(out, 2);
  const bool more = last && last->kind == kv::reply_kind::bulk;
  put_bulk(out, more ? std::to_string(cursors_.add(last->bytes)) : "0");
  put_reply(out, i.version, in);
}

/// All that is not answered yet gets `error`; a transaction gets it once.
void front::fail(connection& c, bundle& b, std::string_view error) {
  for (; b.next_item < b.items.size(); ++b.next_item) {
    const auto& i = b.items[b.next_item];
    if (i.kind == item_kind::text)
      b.output += i.text;
    else
      put_error(b.output, error);
    c.watch_failed |= i.kind == item_kind::watch;
    if (i.kind == item_kind::exec)
      break;
  }
  b.done = true;
}

void front::answered(std::uint64_t ticket, std::string_view reply) {
  const auto where = tickets_out_.extract(ticket);
  const auto it = where.empty() ? connections_.end() : connections_.find(where.mapped().connection);
  if (it == connections_.end() || it->second->in_flight.empty())
    return;
  auto& c = *it->second;
  auto& b = c.in_flight.front(); // what is asked is alone
  pmmc::byte_reader in{reply};
  put_reply(b.output, c.version, in);
  b.done = true;
  emit(c);
  pump(c);
}

bool front::waits_for(std::uint64_t ticket) const {
  const auto known = tickets_out_.find(ticket);
  return known != tickets_out_.end() && connections_.contains(known->second.connection);
}

/// Replies go out in the order of the requests.
void front::emit(connection& c) {
  if (c.in_flight.empty() || !c.in_flight.front().done)
    return;
  front_outputs::reply reply{c.id, {}, 0, false};
  while (!c.in_flight.empty() && c.in_flight.front().done) {
    auto& b = c.in_flight.front();
    if (reply.bytes.empty())
      reply.bytes = std::move(b.output);
    else
      reply.bytes += b.output;
    reply.settled_cost += b.cost;
    transaction_bytes_ -= b.transaction_bytes;
    reply.close |= b.close;
    c.in_flight.pop_front();
  }
  c.unsent_bytes += reply.bytes.size();
  out_.replies.push_back(std::move(reply));
}

} // namespace pmmc::redis
