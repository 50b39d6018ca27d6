#include "sim/redis_wire.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {

constexpr sim_time retry = 150 * millisecond; ///< of what the network does not let through
constexpr sim_time patience = 4 * second;     ///< then the connection breaks
constexpr std::size_t bytes_in_a_write = 64 << 10;

} // namespace

redis_wire::redis_wire(world& w)
    : world_(w), random_(w.options.seed ^ 0x5851F42D4C957F2DULL),
      is_large_(w.options.trial != trial_kind::none), is_calm_(is_large_) {}

void redis_wire::wake(number n, side at, sim_time delay) {
  world_.wake(*connections_[n].ends[index(at)], delay, mark | n);
}

redis_wire::number redis_wire::connect(host& client, host& port, std::size_t window) {
  const auto n = static_cast<number>(connections_.size());
  auto& c = connections_.emplace_back();
  c.ends = {&client, &port};
  const auto style = is_large_ ? 7 : random_.below(8);
  c.chops = style == 0 ? 1 : style <= 2 ? 1 + random_.below(40) : 0;
  c.window = window != 0 ? window : style == 3 ? 64 + random_.below(2'000) : 64 << 10;
  if (!is_calm_ && random_.below(6) == 0)
    c.to[random_.below(2)].bytes_left = std::min(random_.below(3'000), random_.below(3'000));
  if (!world_.process_at(port.process_number()).up) {
    c.broken = true;
    wake(n, side::client, world_.options.delay_least + random_.below(world_.options.delay_spread));
    return n;
  }
  push(n, side::port, {event::kind::opened, {}});
  return n;
}

void redis_wire::push(number n, side to, event e) {
  auto& c = connections_[n];
  auto& d = c.to[index(to)];
  const auto delay = world_.options.delay_least + random_.below(world_.options.delay_spread);
  d.last_arrival = std::max(d.last_arrival, world_.now() + delay);
  d.unread += e.bytes.size();
  d.pieces.push_back(std::move(e));
  wake(n, to, d.last_arrival - world_.now());
}

void redis_wire::write(number n, side from, std::string_view bytes) {
  auto& c = connections_[n];
  const auto to = from == side::client ? side::port : side::client;
  if (c.broken) {
    c.to[index(from)].halted = false; // it is told by its socket
    if (!c.told[index(from)])
      wake(n, from, 1);
  }
  if (c.broken || c.told[index(to)] || c.to[index(to)].ended)
    return;
  while (!bytes.empty()) {
    const auto most = c.chops == 0 ? bytes.size() : 1 + random_.below(c.chops);
    const auto piece = bytes.substr(0, most);
    bytes.remove_prefix(piece.size());
    push(n, to, {event::kind::bytes, std::string{piece}});
  }
}

std::size_t redis_wire::room(number n, side from) {
  auto& c = connections_[n];
  auto& d = c.to[1 - index(from)];
  if (c.broken)
    return bytes_in_a_write;
  d.wants_room = d.unread >= c.window;
  return d.wants_room ? 0 : c.window - d.unread;
}

/// Nobody reads it any more.
void redis_wire::drop(number n, side to) {
  auto& d = connections_[n].to[index(to)];
  d.pieces.clear();
  d.unread = 0;
  if (std::exchange(d.wants_room, false))
    wake(n, to == side::client ? side::port : side::client, 1);
}

void redis_wire::close(number n, side by) {
  auto& c = connections_[n];
  if (c.broken || std::exchange(c.told[index(by)], true))
    return;
  drop(n, by);
  push(n, by == side::client ? side::port : side::client, {event::kind::closed, {}});
}

void redis_wire::shut(number n, side by) {
  auto& c = connections_[n];
  auto& d = c.to[index(by)];
  if (c.broken || c.told[index(by)] || std::exchange(d.ended, true))
    return;
  drop(n, by);
  push(n, by, {event::kind::closed, {}});
  push(n, by == side::client ? side::port : side::client, {event::kind::closed, {}});
}

/// Both sides are told at once; what was on its way is lost.
void redis_wire::break_off(number n) {
  auto& c = connections_[n];
  if (std::exchange(c.broken, true))
    return;
  ++cuts_;
  for (const auto s : {side::client, side::port}) {
    c.to[index(s)].pieces.clear();
    if (!c.told[index(s)])
      wake(n, s, 1 + random_.below(20 * millisecond));
  }
}

void redis_wire::lost(const host& who) {
  for (number n = 0; n < connections_.size(); ++n) {
    auto& c = connections_[n];
    for (const auto s : {side::client, side::port})
      if (c.ends[index(s)] == &who && !c.told[index(s)] && !c.broken) {
        c.told[index(s)] = true; // in another life it knows nothing of it
        break_off(n);
      } else if (c.ends[index(s)] == &who) {
        c.told[index(s)] = true;
      }
  }
}

/// False: not now.
bool redis_wire::passes(connection& c, number n, side at) {
  const auto from = c.ends[1 - index(at)]->process_number();
  const auto to = c.ends[index(at)]->process_number();
  if ((world_.net.deaf_to(to) >> from & 1) == 0) {
    c.cut_since = 0;
    return true;
  }
  if (c.cut_since == 0)
    c.cut_since = world_.now();
  if (world_.now() - c.cut_since > patience)
    break_off(n);
  else
    wake(n, at, retry);
  return false;
}

/// The first piece, or so much of it.
redis_wire::event redis_wire::next_of(direction& d, std::size_t most) {
  auto& first = d.pieces.front();
  if (first.bytes.size() > most) {
    event part{event::kind::bytes, first.bytes.substr(0, most)};
    first.bytes.erase(0, most);
    return part;
  }
  auto whole = std::move(first);
  d.pieces.pop_front();
  return whole;
}

std::optional<redis_wire::event> redis_wire::take(number n, side at, std::size_t most) {
  auto& c = connections_[n];
  auto& d = c.to[index(at)];
  if (c.told[index(at)] || d.halted)
    return std::nullopt;
  if (c.broken) {
    c.told[index(at)] = true;
    return event{event::kind::closed, {}};
  }
  if (d.pieces.empty() || !passes(c, n, at))
    return std::nullopt;
  auto e = next_of(d, most);
  if (e.bytes.size() == most)
    wake(n, at, 1); // for the rest
  d.unread -= e.bytes.size();
  if (e.what == event::kind::closed)
    c.told[index(at)] = true;
  if (e.bytes.size() >= d.bytes_left) {
    e.bytes.resize(d.bytes_left);
    break_off(n);
  } else {
    d.bytes_left -= e.bytes.size();
  }
  if (d.unread < c.window && std::exchange(d.wants_room, false) && !c.broken)
    wake(n, at == side::client ? side::port : side::client, 1);
  return e;
}

void redis_wire::halt(number n, side at, bool halted) {
  auto& d = connections_[n].to[index(at)];
  if (std::exchange(d.halted, halted) && !halted)
    for (std::size_t i = 0; i < std::max<std::size_t>(d.pieces.size(), connections_[n].broken); ++i)
      wake(n, at, 1);
}

} // namespace pmmc::sim
