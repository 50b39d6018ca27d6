#include "redis/shared_room.hpp"

#include <algorithm>
#include <utility>

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

// --- tickets ------------------------------------------------------------------------------------

std::uint64_t shared_room::add(connection_id who, bool is_query) {
  places_.emplace(++tickets_, place{who, is_query});
  return tickets_;
}

std::uint64_t shared_room::wait(connection_id who, const bundle& b, std::size_t room) {
  const auto ticket = add(who, b.is_query);
  auto& p = places_.at(ticket);
  p.since = tick_;
  p.bytes = most_encoded_bytes(b.t);
  if (p.is_query) {
    p.max_reply = std::max(room, settings_.small_reply_bytes);
    p.bytes += p.max_reply;
    if (b.too_large > 2)
      p.max_reply = 0; // that is enough
  }
  if (room == 0) {
    wait_for_replica(ticket, p);
  } else {
    p.reply_room = room;
    p.at = place::stage::for_room;
    p.turn = replies_.wait(who, ticket, room);
  }
  return ticket;
}

void shared_room::wait_for_replica(std::uint64_t ticket, place& p) {
  p.at = place::stage::for_replica;
  p.turn = turns_of(p).wait(p.connection, ticket, p.bytes);
}

std::optional<std::uint64_t> shared_room::next() {
  while (const auto ticket = replies_.next())
    wait_for_replica(*ticket, places_.at(*ticket));
  for (auto* turns : {&queries_, &operations_})
    if (const auto ticket = turns->next()) {
      places_.at(*ticket).at = place::stage::under_way;
      return ticket;
    }
  return std::nullopt;
}

const shared_room::place* shared_room::find(std::uint64_t ticket) const {
  const auto it = places_.find(ticket);
  return it == places_.end() ? nullptr : &it->second;
}

std::optional<shared_room::place> shared_room::take(std::uint64_t ticket) {
  const auto taken = places_.extract(ticket);
  if (taken.empty())
    return std::nullopt;
  give_back(taken.mapped());
  return taken.mapped();
}

void shared_room::forget(std::uint64_t ticket) {
  const auto it = places_.find(ticket);
  if (it == places_.end() || it->second.at == place::stage::under_way)
    return;
  give_back(it->second);
  places_.erase(it);
}

void shared_room::forget_connection(connection_id who) {
  for (auto* turns : {&operations_, &queries_, &replies_})
    turns->forget(who);
}

/// What `p` takes, wherever it stands.
void shared_room::give_back(const place& p) {
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

// --- replies ------------------------------------------------------------------------------------

bool shared_room::has_room_for_text(connection& c) {
  const bool has_room = replies_.in_use() < settings_.max_reply_bytes;
  if (!has_room && !std::exchange(c.without_room, true))
    without_room_.push_back(c.id);
  return has_room;
}

std::vector<connection_id> shared_room::take_without_room() {
  if (replies_.in_use() >= settings_.max_reply_bytes)
    return {};
  return std::exchange(without_room_, {});
}

void shared_room::hold(connection& c, std::size_t bytes) {
  replies_.give_back(std::exchange(c.held_bytes, bytes));
  replies_.take(bytes);
}

bool shared_room::waits_for_replies(std::uint64_t ticket) const {
  const auto* p = find(ticket);
  return p != nullptr && p->at == place::stage::for_room;
}

// --- while the replica does not serve -----------------------------------------------------------

void shared_room::note(const place& p, const client_outcome& outcome) {
  auto& trouble = p.is_query ? query_trouble_ : operation_trouble_;
  trouble.reset();
  if (outcome.kind == outcome_kind::not_executed || outcome.kind == outcome_kind::unknown) {
    trouble = outcome;
    trouble->kind = outcome_kind::not_executed;
  }
}

std::vector<std::uint64_t> shared_room::late() const {
  constexpr unsigned look_every = 10; // ticks
  std::vector<std::uint64_t> late;
  if (tick_ % look_every != 0 || (!query_trouble_ && !operation_trouble_))
    return late;
  for (const auto* turns : {&replies_, &queries_, &operations_})
    for (const auto ticket : turns->waiting()) {
      const auto& p = places_.at(ticket);
      if (trouble_of(p) && tick_ >= p.since + settings_.patience_ticks)
        late.push_back(ticket);
    }
  return late;
}

std::optional<client_outcome> shared_room::failure_of(std::uint64_t ticket) const {
  const auto* p = find(ticket);
  if (p == nullptr || !trouble_of(*p))
    return std::nullopt;
  auto outcome = *trouble_of(*p);
  outcome.ticket = ticket;
  return outcome;
}

} // namespace pmmc::redis
