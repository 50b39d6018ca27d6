#include "redis/broker.hpp"

#include <algorithm>
#include <iterator>

namespace pmmc::redis {

// --- Reading ------------------------------------------------------------------------------------

bool broker::opened(socket_number n, std::string peer) {
  auto& s = all_.try_emplace(n, limits_, totals_).first->second;
  s.number = n;
  s.id = ++last_id_;
  sockets_.read_at_most(n, s.reads.bytes());
  if (all_.size() > limits_.max_connections) {
    s.bytes.refuse("ERR max number of clients reached");
    write_more(s);
    return false;
  }
  by_id_[s.id] = n;
  tell({connection_event::kind::opened, s.id, std::move(peer)});
  return true;
}

void broker::received(socket_number from, std::string_view bytes) {
  const auto it = all_.find(from);
  if (it == all_.end() || it->second.bytes.is_closing() || it->second.shut)
    return; // whose end is only waited for is read, so that it is seen
  auto& s = it->second;
  auto requests = s.bytes.feed(bytes);
  // One that fills its buffer gets a larger one; one that does not gives that back.
  if (s.reads.received(bytes.size()))
    sockets_.read_at_most(from, s.reads.bytes());
  if (!requests.empty()) {
    if (!events_.empty() && events_.back().connection == s.id &&
        events_.back().what == connection_event::kind::requests)
      std::move(requests.begin(), requests.end(), std::back_inserter(events_.back().requests));
    else
      tell({connection_event::kind::requests, s.id, {}, std::move(requests)});
  }
  if (s.bytes.is_full() && !std::exchange(s.halted, true))
    sockets_.halt(from);
}

void broker::closed(socket_number n) {
  const auto it = all_.find(n);
  if (it == all_.end())
    return;
  const auto id = it->second.id;
  if (by_id_.erase(id) > 0)
    tell({connection_event::kind::closed, id});
  all_.erase(it);
}

// --- Writing ------------------------------------------------------------------------------------

broker::socket* broker::find(connection_id id) {
  const auto known = by_id_.find(id);
  return known == by_id_.end() ? nullptr : &all_.at(known->second);
}

void broker::reply(std::vector<front_outputs::reply> replies) {
  for (auto& r : replies)
    take(r);
  write_replies();
}

void broker::take(front_outputs::reply& r) {
  auto* s = find(r.to);
  if (s == nullptr || s->shut)
    return;
  s->bytes.reply(std::move(r.bytes), r.settled_cost, r.close);
  if (s->halted && !s->bytes.is_full()) {
    s->halted = false;
    sockets_.resume(s->number);
  }
  if (!s->writing && !std::exchange(s->write_due, true))
    writes_due_.push_back(s->id);
}

/// Replies of one connection that came together go out together.
void broker::write_replies() {
  for (const auto id : std::exchange(writes_due_, {}))
    if (auto* s = find(id)) {
      s->write_due = false;
      if (!s->shut)
        write_more(*s);
    }
  while (totals_.output > limits_.max_output_bytes && shut_for_bound()) {
  }
}

/// Most replies fit into the socket's buffer. Then waiting for it, which changes what epoll watches
/// twice and costs a message that it is done, would be dearer than the reply itself.
void broker::write_at_once(socket& s) {
  while (s.bytes.has_output()) {
    const auto sent = sockets_.write(s.number, s.bytes.pieces(pieces_at_once));
    if (sent == 0)
      return;
    s.bytes.sent(sent);
  }
}

/// Writes what is there, queues what does not go out at once, or sees to what is due when all has
/// been written. Not while something is queued.
void broker::write_more(socket& s) {
  write_at_once(s);
  std::size_t queued = 0;
  while (s.bytes.has_output() && queued < limits_.max_queued_bytes) {
    const auto piece = s.bytes.pieces(1).front().substr(0, limits_.max_queued_bytes - queued);
    sockets_.queue(s.number, piece);
    queued += piece.size();
    s.bytes.sent(piece.size());
  }
  s.writing = queued > 0;
  if (s.writing)
    return sockets_.flush(s.number);
  if (const auto bytes = s.bytes.take_drained(); bytes > 0)
    tell({connection_event::kind::drained, s.id}).drained_bytes = bytes;
  if (s.bytes.closes_when_written())
    shut(s, ending::kind::answered);
}

void broker::written(socket_number to) {
  const auto it = all_.find(to);
  if (it != all_.end() && !it->second.shut)
    write_more(it->second);
}

// --- Closing ------------------------------------------------------------------------------------

/// Some peers never close their side, so nobody waits for that. An end is seen by who reads.
void broker::shut(socket& s, ending::kind why) {
  const ending e{why, s.id, s.bytes.output_bytes()};
  s.shut = true;
  s.bytes.drop_output();
  if (std::exchange(s.halted, false))
    sockets_.resume(s.number);
  sockets_.shut(s.number, e);
}

/// More is unread than there may be. Goes: one that takes nothing, and of those the one that has
/// most of it. False if nobody has anything unread.
bool broker::shut_for_bound() {
  const auto weight = [](const socket& s) {
    const auto unread = s.shut ? 0 : s.bytes.output_bytes();
    return std::pair{unread > 0 ? s.bytes.stalled() : 0, unread};
  };
  const auto worst = std::max_element(all_.begin(), all_.end(), [&](const auto& a, const auto& b) {
    return weight(a.second) < weight(b.second);
  });
  if (worst == all_.end() || weight(worst->second).second == 0)
    return false;
  shut(worst->second, ending::kind::past_bound);
  return true;
}

void broker::look() {
  for (auto& [number, s] : all_) // those that send nothing more give their buffers back
    if (s.reads.look())
      sockets_.read_at_most(number, s.reads.bytes());
  const bool wanted = std::exchange(room_wanted_, false);
  const bool looks = wanted || totals_.output >= limits_.max_output_bytes / 4;
  const bool first = !std::exchange(looked_, looks);
  if (!looks)
    return;
  for (auto& [number, s] : all_) {
    s.bytes.look(first);
    if (wanted && !s.shut && s.bytes.is_undrained() && s.bytes.stalled() >= limits_.max_stalled)
      shut(s, ending::kind::for_room);
  }
}

std::size_t broker::undrained_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [number, s] : all_)
    bytes += s.bytes.is_undrained() ? s.bytes.output_bytes() : 0;
  return bytes;
}

} // namespace pmmc::redis
