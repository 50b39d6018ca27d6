// The sockets of a simulated Redis port, and what its two actors say to each other.
#include "kv/reply.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/redis_port_host.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {

constexpr auto port_side = redis_wire::side::port;

// What the host is woken for, beside the wire.
constexpr std::size_t events_came = 1;
constexpr std::size_t replies_came = 2;
constexpr std::size_t change_ended = 3;

redis_wire::number wire_number(redis::socket_number n) {
  return static_cast<redis_wire::number>(n);
}

template <class T>
T take_first(std::deque<T>& all) {
  auto first = std::move(all.front());
  all.pop_front();
  return first;
}

} // namespace

void redis_port_host::on_wake(std::size_t what) {
  core_->at(clocks_now());
  if (what == events_came)
    return core_->on(take_first(to_port_));
  if (what == replies_came) {
    broker_->reply(take_first(to_broker_));
  } else if (what == change_ended) {
    kv::reply_writer reply;
    reply.bulk("{}");
    core_->answered(take_first(changes_), reply.take());
  } else {
    const auto n = redis_wire::connection_of(what);
    const auto known = sockets_.find(n);
    const auto most = known == sockets_.end() ? ~std::size_t{0} : known->second.reads;
    if (auto e = wire_.take(n, port_side, most))
      take(n, std::move(*e));
    else if (known != sockets_.end())
      go_on_writing(n);
  }
  tell_port();
}

void redis_port_host::take(redis_wire::number n, redis_wire::event&& e) {
  switch (e.what) {
  case redis_wire::event::kind::opened:
    sockets_.try_emplace(n);
    world_.facts.count(fact::redis_one_too_many, !broker_->opened(n, "client"));
    return;
  case redis_wire::event::kind::bytes:
    sockets_.at(n).quiet_looks = 0;
    return broker_->received(n, e.bytes);
  case redis_wire::event::kind::closed:
    sockets_.erase(n);
    return broker_->closed(n);
  }
}

// --- Between the two actors ---------------------------------------------------------------------

void redis_port_host::tell_port() {
  if (!broker_->has_events())
    return;
  if (lag_ == 0)
    return core_->on(broker_->take_events());
  to_port_.push_back(broker_->take_events());
  world_.wake(*this, 1 + random_.below(lag_), events_came);
}

void redis_port_host::tell_broker(replies&& r) {
  for (const auto& one : r)
    world_.facts.count(fact::redis_reply_to_nobody, !broker_->knows(one.to));
  if (lag_ == 0) {
    broker_->reply(std::move(r));
    return tell_port();
  }
  to_broker_.push_back(std::move(r));
  world_.wake(*this, 1 + random_.below(lag_), replies_came);
}

/// Of the cluster nothing is told here. A change of its members takes a while.
void redis_port_host::ask(const redis::question& q) {
  if (q.kind == redis::question_kind::reconfig) {
    changes_.push_back(q.ticket);
    demand(changes_.size() == 1,
           [&] { return "P1: " + id().str() + " makes two changes at once"; });
    return world_.wake(*this, 1 + random_.below(2 * second), change_ended);
  }
  kv::reply_writer reply;
  reply.bulk("{}");
  core_->answered(q.ticket, reply.take());
}

// --- Sockets ------------------------------------------------------------------------------------

/// Takes what there is room for, now and then less.
std::size_t redis_port_host::write(redis::socket_number to,
                                   std::span<const std::string_view> pieces) {
  const auto n = wire_number(to);
  auto room = wire_.room(n, port_side);
  if (room > 1 && random_.below(4) == 0)
    room = 1 + random_.below(room);
  std::size_t taken = 0;
  for (const auto piece : pieces) {
    const auto part = piece.substr(0, room - taken);
    if (!part.empty())
      wire_.write(n, port_side, part);
    taken += part.size();
    world_.facts.count(fact::redis_reply_cut, part.size() < piece.size());
    if (part.size() < piece.size())
      break;
  }
  return taken;
}

void redis_port_host::queue(redis::socket_number to, std::string_view bytes) {
  auto& queued = sockets_.at(wire_number(to)).queued;
  queued += bytes;
  demand(queued.size() <= limits_.max_queued_bytes, [&] {
    return "P2: " + id().str() + " queues " + std::to_string(queued.size()) +
           " bytes for a socket without room";
  });
}

void redis_port_host::flush(redis::socket_number to) {
  sockets_.at(wire_number(to)).flushes = true;
  wire_.room(wire_number(to), port_side); // so that somebody tells when there is some
}

void redis_port_host::go_on_writing(redis_wire::number n) {
  auto& s = sockets_.at(n);
  while (s.flushes) {
    const std::string_view piece = s.queued;
    const auto taken = write(n, {&piece, 1});
    if (taken == 0)
      return;
    s.queued.erase(0, taken);
    s.flushes = !s.queued.empty();
    if (!s.flushes)
      broker_->written(n);
  }
}

void redis_port_host::halt(redis::socket_number from) {
  world_.facts.count(fact::redis_not_read);
  wire_.halt(wire_number(from), port_side, true);
}

void redis_port_host::resume(redis::socket_number from) {
  wire_.halt(wire_number(from), port_side, false);
}

void redis_port_host::read_at_most(redis::socket_number from, std::size_t bytes) {
  auto& reads = sockets_.at(wire_number(from)).reads;
  world_.facts.count(fact::redis_buffer_grown, reads != 0 && bytes > reads);
  world_.facts.count(fact::redis_buffer_given_back, bytes < reads);
  reads = bytes;
}

void redis_port_host::shut(redis::socket_number which, const redis::ending& e) {
  using kind = redis::ending::kind;
  world_.facts.count(fact::redis_closed_for_bound, e.why == kind::past_bound);
  world_.facts.count(fact::redis_closed_for_room, e.why == kind::for_room);
  auto& s = sockets_.at(wire_number(which));
  s.queued.clear();
  s.flushes = false;
  wire_.shut(wire_number(which), port_side);
}

} // namespace pmmc::sim
