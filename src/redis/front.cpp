#include "redis/front.hpp"

#include "redis/settle.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace pmmc::redis {

front::front(settings options)
    : options_(std::move(options)),
      transaction_memory_(options_.max_transactions_bytes), facts_{options_, connections_},
      room_(options_), bundler_(facts_, expiry_, room_) {}

void front::set_clock(std::int64_t now_ms) {
  facts_.now_ms = now_ms;
  if (facts_.started_ms == 0)
    facts_.started_ms = now_ms;
}

front_outputs front::take() {
  give_turns();
  return std::exchange(out_, {});
}

// --- connections --------------------------------------------------------------------------------

void front::opened(connection_id id, std::string peer) {
  connections_.add(std::make_unique<connection>(id, std::move(peer), facts_.now_ms, options_,
                                                transaction_memory_));
}

/// What is under way for it finishes all the same; nobody hears of it.
void front::closed(connection_id id) {
  give_turns(); // what came whole before the end is executed, if it can begin now
  auto* c = connections_.find(id);
  if (c == nullptr)
    return;
  room_.hold(*c, 0);
  for (const auto& b : c->in_flight)
    room_.forget(b.ticket);
  room_.forget_connection(id);
  connections_.erase(id);
}

void front::on(connection_id id, std::vector<request> requests) {
  auto* c = connections_.find(id);
  if (c == nullptr || c->closing)
    return;
  for (auto& r : requests) {
    c->unanswered_bytes += r.cost();
    c->queue.push_back(std::move(r));
  }
  pump(*c);
}

void front::drained(connection_id id, std::size_t bytes) {
  auto* c = connections_.find(id);
  if (c == nullptr)
    return;
  c->unsent_bytes -= std::min(bytes, c->unsent_bytes);
  if (!c->in_flight.empty() && c->unsent_bytes <= options_.max_unsent_bytes) {
    auto& b = c->in_flight.front();
    if (!b.done && !b.asked && b.ticket == 0)
      send(*c, b); // its first part has been written
  }
  pump(*c);
}

/// Takes up what may be taken up now: all kinds of requests if nothing is under way, or else only
/// what may follow closely.
void front::pump(connection& c) {
  for (emit(c), hold_unread(c); may_take_up(c); emit(c), hold_unread(c)) {
    const bool follows = !c.in_flight.empty();
    if (follows && (c.in_flight.size() >= options_.max_in_flight || !c.in_flight.back().small))
      break;
    auto& b = c.in_flight.emplace_back();
    b.follows = follows;
    bundler_.fill(c, b);
    if (b.is_empty()) {
      c.in_flight.pop_back();
      break;
    }
    if (b.asked) {
      ask(c, b);
    } else if (b.needs_store()) {
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
         (c.unread_bytes() <= options_.note_unread_bytes || room_.has_room_for_text(c));
}

/// What the connection has not read takes of the room for large replies. Not so what is behind a
/// reply that waits for that room: it would wait for itself.
void front::hold_unread(connection& c) {
  auto bytes = c.unread_bytes();
  if (bytes > c.unsent_bytes && bytes > options_.note_unread_bytes &&
      std::any_of(c.in_flight.begin(), c.in_flight.end(),
                  [this](const bundle& b) { return room_.waits_for_replies(b.ticket); }))
    bytes = c.unsent_bytes;
  room_.hold(c, bytes > options_.note_unread_bytes ? bytes : 0);
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
    reply.close |= b.close;
    c.in_flight.pop_front();
  }
  c.unsent_bytes += reply.bytes.size();
  c.unanswered_bytes -= std::min(c.unanswered_bytes, reply.settled_cost);
  out_.replies.push_back(std::move(reply));
}

// --- to the store -------------------------------------------------------------------------------

/// Refused here if the replica would: it would cost a number of the session first.
void front::send(connection& c, bundle& b) {
  if (const auto bytes = kv::encoded_bytes(b.t); bytes > options_.max_op_bytes)
    return fail(c, b,
                "ERR not executed: with the names of watched keys and of the PMMC session this "
                "has " +
                    std::to_string(bytes) + " bytes, and an operation has at most " +
                    std::to_string(options_.max_op_bytes));
  const auto largest = largest_reply(b.t);
  const auto expected = c.expected_reply_bytes + c.expected_reply_bytes / 8;
  std::size_t room = b.is_query ? std::min<std::size_t>(largest, expected) : largest;
  // Small ones may have others of the connection before and behind them: all go the same way.
  if (b.small || largest <= options_.small_reply_bytes)
    room = 0;
  b.ticket = room_.wait(c.id, b, room);
}

/// A query whose reply has more bytes than there was room for.
void front::send_again(connection& c, bundle& b, std::uint64_t reply_bytes) {
  constexpr std::size_t spare = 4 << 10; // values grow meanwhile
  c.expected_reply_bytes = reply_bytes;
  ++b.too_large;
  b.ticket =
      room_.wait(c.id, b, std::max(reply_bytes + spare, b.too_large > 2 ? largest_reply(b.t) : 0));
}

/// Its first replies go out, and its other calls to the store; but only when those have been read
/// if they are many.
void front::send_rest(connection& c, bundle& b) {
  c.unsent_bytes += b.output.size();
  out_.replies.push_back({c.id, std::exchange(b.output, {}), 0, false});
  if (c.unsent_bytes <= options_.max_unsent_bytes)
    send(c, b);
}

void front::give_turns() {
  for (const auto id : room_.take_without_room())
    if (auto* c = connections_.find(id)) {
      c->without_room = false;
      pump(*c);
    }
  while (const auto ticket = room_.next())
    submit(*ticket);
}

void front::submit(std::uint64_t ticket) {
  const auto& p = *room_.find(ticket);
  auto& b = *find_bundle(p.connection, ticket); // what waits is forgotten with its connection
  b.t.now = expiry_.now_for(b.t);
  out_.submit.push_back({ticket, p.is_query, kv::encode(b.t), p.max_reply});
}

void front::expire_keys() { submit_own(expiry_.begin(), true); }

void front::submit_own(std::optional<std::string> op, bool is_query) {
  if (op)
    out_.submit.push_back({room_.add(0, is_query), is_query, std::move(*op)});
}

// --- from the store -----------------------------------------------------------------------------

bundle* front::find_bundle(connection_id id, std::uint64_t ticket) const {
  auto* c = connections_.find(id);
  if (c == nullptr)
    return nullptr;
  const auto b = std::find_if(c->in_flight.begin(), c->in_flight.end(),
                              [&](const bundle& one) { return one.ticket == ticket; });
  return b == c->in_flight.end() ? nullptr : &*b;
}

void front::finished(const client_outcome& outcome) {
  const auto p = room_.take(outcome.ticket);
  if (!p)
    return;
  if (p->connection == 0)
    return submit_own(expiry_.settle(outcome), false);
  auto* b = find_bundle(p->connection, outcome.ticket);
  if (b == nullptr)
    return;
  auto& c = *connections_.find(p->connection);
  b->ticket = 0;
  room_.note(*p, outcome);
  if (p->is_query)
    note_reply(c, outcome);
  if (b->is_query && says_due(outcome)) {
    b->is_query = false; // as an operation it moves the log time, and then it is answered
    send(c, *b);
  } else if (outcome.reply_bytes > 0) {
    send_again(c, *b, outcome.reply_bytes);
  } else {
    settle(c, *b, outcome, bundler_.cursors());
    if (!b->done)
      send_rest(c, *b);
  }
  pump(c);
}

/// To a query: how large those of the connection are, for the next one.
void front::note_reply(connection& c, const client_outcome& outcome) {
  if (outcome.kind == outcome_kind::not_executed || outcome.kind == outcome_kind::unknown)
    return;
  const auto half = c.expected_reply_bytes / 2;
  const auto bytes = std::max<std::uint64_t>(outcome.body.size(), half);
  c.expected_reply_bytes = bytes > options_.small_reply_bytes ? bytes : 0;
}

void front::on_tick() {
  room_.on_tick();
  for (const auto ticket : room_.late())
    if (const auto outcome = room_.failure_of(ticket))
      finished(*outcome);
}

// --- questions ----------------------------------------------------------------------------------

void front::ask(connection& c, bundle& b) {
  auto asked = *b.asked;
  asked.ticket = room_.add(c.id, false);
  out_.ask.push_back(std::move(asked));
}

void front::answered(std::uint64_t ticket, std::string_view reply) {
  const auto p = room_.take(ticket);
  auto* c = p ? connections_.find(p->connection) : nullptr;
  if (c == nullptr || c->in_flight.empty())
    return;
  auto& b = c->in_flight.front(); // what is asked is alone
  pmmc::byte_reader in{reply};
  put_reply(b.output, c->version, in);
  b.done = true;
  emit(*c);
  pump(*c);
}

const connection* front::find_asker(std::uint64_t ticket) const {
  const auto* p = room_.find(ticket);
  return p == nullptr ? nullptr : connections_.find(p->connection);
}

bool front::waits_for(std::uint64_t ticket) const { return find_asker(ticket) != nullptr; }

bool front::is_full_behind(std::uint64_t ticket) const {
  const auto* c = find_asker(ticket);
  return c != nullptr && c->unanswered_bytes >= options_.note_unanswered_bytes;
}

} // namespace pmmc::redis
