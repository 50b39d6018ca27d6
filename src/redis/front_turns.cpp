// When a bundle goes to the replica. What it takes there is accounted for before it is asked for:
// the bytes of operations and queries, and those of large replies until they have been read.
#include "redis/front.hpp"

#include <algorithm>

namespace pmmc::redis {

namespace {

/// Of the encoded transaction, not less.
std::size_t most_encoded_bytes(const kv::transaction& t) {
  constexpr std::size_t varint = 10;
  std::size_t bytes = 6 * varint + t.session.size();
  for (const auto& [key, version] : t.watched)
    bytes += key.size() + 2 * varint;
  for (const auto& c : t.calls) {
    bytes += 4 * varint;
    for (const auto& word : c.words)
      bytes += word.size() + 4;
  }
  return bytes;
}

} // namespace

/// Refused here if the replica would: it would cost a number of the session first.
void front::send(connection& c, bundle& b) {
  if (const auto bytes = kv::encoded_bytes(b.t); bytes > options_.max_op_bytes)
    return fail(c, b,
                "ERR not executed: with the names of watched keys and of the PMMC session this "
                "has " +
                    std::to_string(bytes) + " bytes, and an operation has at most " +
                    std::to_string(options_.max_op_bytes));
  const auto largest = largest_reply(b.t);
  // Small ones may have others of the connection before and behind them: all go the same way.
  if (b.small || largest <= options_.small_reply_bytes)
    return wait_for_room(c, b, 0);
  if (!b.is_query)
    return wait_for_room(c, b, largest);
  const auto expected = c.expected_reply_bytes + c.expected_reply_bytes / 8;
  wait_for_room(c, b, std::min<std::size_t>(largest, expected));
}

/// A query whose reply has more bytes than there was room for.
void front::send_again(connection& c, bundle& b, std::uint64_t reply_bytes) {
  constexpr std::size_t spare = 4 << 10; // values grow meanwhile
  c.expected_reply_bytes = reply_bytes;
  ++b.too_large;
  wait_for_room(c, b, std::max(reply_bytes + spare, b.too_large > 2 ? largest_reply(b.t) : 0));
}

/// `room`: for a reply that may be large; 0: a query is tried with little room, and whatever else
/// has a small reply.
void front::wait_for_room(connection& c, bundle& b, std::size_t room) {
  b.ticket = ++tickets_;
  auto& p = tickets_out_.emplace(b.ticket, place{}).first->second;
  p.connection = c.id;
  p.is_query = b.is_query;
  p.since = tick_;
  p.bytes = most_encoded_bytes(b.t);
  if (p.is_query) {
    p.max_reply = std::max(room, options_.small_reply_bytes);
    p.bytes += p.max_reply;
    if (b.too_large > 2)
      p.max_reply = 0; // that is enough
  }
  if (room == 0)
    return wait_for_replica(b.ticket, p);
  p.reply_room = room;
  p.at = place::stage::for_room;
  p.turn = replies_.wait(c.id, b.ticket, room);
}

void front::wait_for_replica(std::uint64_t ticket, place& p) {
  p.at = place::stage::for_replica;
  p.turn = turns_of(p).wait(p.connection, ticket, p.bytes);
}

/// Replies that need no store are made at once, and some are long. If too much is unread, the
/// connection goes on when there is less.
bool front::has_room_for_text(connection& c) {
  const bool has_room = replies_.in_use() < options_.max_reply_bytes;
  if (!has_room && !std::exchange(c.without_room, true))
    without_room_.push_back(c.id);
  return has_room;
}

void front::give_turns() {
  if (replies_.in_use() < options_.max_reply_bytes)
    for (const auto id : std::exchange(without_room_, {}))
      if (const auto it = connections_.find(id); it != connections_.end()) {
        it->second->without_room = false;
        pump(*it->second);
      }
  while (const auto ticket = replies_.next())
    wait_for_replica(*ticket, tickets_out_.at(*ticket));
  for (auto* turns : {&queries_, &operations_})
    while (const auto ticket = turns->next())
      submit(*ticket);
}

bundle* front::find_bundle(const place& p, std::uint64_t ticket) {
  const auto it = connections_.find(p.connection);
  if (it == connections_.end())
    return nullptr;
  auto& all = it->second->in_flight;
  const auto b =
      std::find_if(all.begin(), all.end(), [&](const bundle& one) { return one.ticket == ticket; });
  return b == all.end() ? nullptr : &*b;
}

void front::submit(std::uint64_t ticket) {
  auto& p = tickets_out_.at(ticket);
  p.at = place::stage::under_way;
  auto& b = *find_bundle(p, ticket); // what waits is forgotten with its connection
  b.t.now = now_for(b.t);
  out_.submit.push_back({ticket, p.is_query, kv::encode(b.t), p.max_reply});
}

/// What `p` takes, wherever it stands.
void front::give_back(const place& p) {
  switch (p.at) {
  case place::stage::for_room:
    return replies_.forget(p.turn);
  case place::stage::for_replica:
    turns_of(p).forget(p.turn);
    break;
  case place::stage::under_way:
    turns_of(p).give_back(p.bytes);
    break;
  }
  replies_.give_back(p.reply_room);
}

/// Of replies that are there, whether they have gone out or wait for others.
std::size_t front::unread_bytes(const connection& c) {
  auto bytes = c.unsent_bytes;
  for (const auto& b : c.in_flight)
    bytes += b.text_bytes;
  return bytes;
}

void front::hold(connection& c, std::size_t bytes) {
  replies_.give_back(std::exchange(c.held_bytes, bytes));
  replies_.take(bytes);
}

/// What the connection has not read takes of the room for large replies. Not so what is behind a
/// reply that waits for that room: it would wait for itself.
void front::hold_unread(connection& c) {
  const auto waits_for_room = [this](const bundle& b) {
    const auto place = tickets_out_.find(b.ticket);
    return place != tickets_out_.end() && place->second.at == place::stage::for_room;
  };
  auto bytes = unread_bytes(c);
  if (bytes > c.unsent_bytes && bytes > options_.note_unread_bytes &&
      std::any_of(c.in_flight.begin(), c.in_flight.end(), waits_for_room))
    bytes = c.unsent_bytes;
  hold(c, bytes > options_.note_unread_bytes ? bytes : 0);
}

void front::finished(const client_outcome& outcome) {
  const auto where = tickets_out_.extract(outcome.ticket);
  if (where.empty())
    return;
  const auto& p = where.mapped();
  give_back(p);
  if (p.connection == 0)
    return settle_expiry(outcome);
  const bool due = says_due(outcome);
  auto* b = find_bundle(p, outcome.ticket);
  if (b == nullptr)
    return;
  auto& c = *connections_.at(p.connection);
  b->ticket = 0;
  note_reply(c, p, outcome);
  if (due && b->is_query) {
    b->is_query = false; // as an operation it moves the log time, and then it is answered
    send(c, *b);
  } else if (outcome.reply_bytes > 0) {
    send_again(c, *b, outcome.reply_bytes);
  } else {
    settle(c, *b, outcome);
  }
  pump(c);
}

/// For what comes next: how large the connection's replies are, and whether the replica serves.
void front::note_reply(connection& c, const place& p, const client_outcome& outcome) {
  const bool failed =
      outcome.kind == outcome_kind::not_executed || outcome.kind == outcome_kind::unknown;
  auto& trouble = p.is_query ? query_trouble_ : operation_trouble_;
  trouble.reset();
  if (failed) {
    trouble = outcome;
    trouble->kind = outcome_kind::not_executed;
  } else if (p.is_query) {
    const auto half = c.expected_reply_bytes / 2;
    const auto bytes = std::max<std::uint64_t>(outcome.body.size(), half);
    c.expected_reply_bytes = bytes > options_.small_reply_bytes ? bytes : 0;
  }
}

void front::on_tick() {
  ++tick_;
  constexpr unsigned look_every = 10;
  if (tick_ % look_every == 0 && (query_trouble_ || operation_trouble_))
    fail_late();
}

/// While the replica serves, whatever waits gets its turn. If it does not, everybody would wait
/// until those before have been given up, one after the other.
void front::fail_late() {
  std::vector<std::uint64_t> late;
  for (const auto* turns : {&replies_, &queries_, &operations_})
    for (const auto ticket : turns->waiting()) {
      const auto& p = tickets_out_.at(ticket);
      if ((p.is_query ? query_trouble_ : operation_trouble_) &&
          tick_ >= p.since + options_.patience_ticks)
        late.push_back(ticket);
    }
  for (const auto ticket : late)
    if (const auto p = tickets_out_.find(ticket); p != tickets_out_.end()) {
      auto outcome = *(p->second.is_query ? query_trouble_ : operation_trouble_);
      outcome.ticket = ticket;
      finished(outcome);
    }
}

} // namespace pmmc::redis
