// The rules of a Redis port's connections, over sockets that take what the test lets them take.
#include "redis/broker.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>

namespace pmmc::test {

using namespace redis;
using event_kind = connection_event::kind;

namespace {

struct played_sockets final : sockets {
  struct one {
    std::size_t room = ~std::size_t{0}; ///< in the socket
    std::string got;                    ///< by the peer
    std::string queued;
    bool flushes = false;
    bool halted = false;
    std::size_t reads = 0;
    std::optional<ending> end;
  };

  std::size_t write(socket_number to, std::span<const std::string_view> pieces) override {
    auto& s = all[to];
    CHECK(s.queued.empty());
    std::size_t taken = 0;
    for (const auto piece : pieces) {
      const auto part = piece.substr(0, s.room);
      s.got += part;
      s.room -= part.size();
      taken += part.size();
    }
    return taken;
  }
  void queue(socket_number to, std::string_view bytes) override { all[to].queued += bytes; }
  void flush(socket_number to) override { all[to].flushes = true; }
  void halt(socket_number from) override { all[from].halted = true; }
  void resume(socket_number from) override { all[from].halted = false; }
  void read_at_most(socket_number from, std::size_t bytes) override { all[from].reads = bytes; }
  void shut(socket_number which, const ending& e) override {
    CHECK(!all[which].end);
    all[which].end = e;
  }

  std::map<socket_number, one> all;
};

struct bench {
  explicit bench(const broker_limits& l) : limits(l) {}

  connection_id open(socket_number n) {
    REQUIRE(b.opened(n, "peer"));
    const auto events = b.take_events();
    REQUIRE(events.size() == 1);
    REQUIRE(events[0].what == event_kind::opened);
    return events[0].connection;
  }
  void reply(connection_id to, std::string bytes, std::size_t cost = 0, bool close = false) {
    b.reply({{to, std::move(bytes), cost, close}});
  }
  /// The peer reads: what was queued goes, as far as there is room.
  void make_room(socket_number n, std::size_t bytes) {
    auto& s = sockets.all[n];
    const auto part = std::min(bytes, s.queued.size());
    s.got += s.queued.substr(0, part);
    s.queued.erase(0, part);
    s.room += bytes - part;
    if (part == 0 || !s.queued.empty())
      return;
    s.flushes = false;
    b.written(n);
  }
  /// How often the events say that a connection has been drained.
  std::size_t drained() {
    std::size_t count = 0;
    for (const auto& e : b.take_events())
      count += e.what == event_kind::drained;
    return count;
  }

  broker_limits limits;
  played_sockets sockets;
  broker b{limits, sockets};
};

broker_limits small_limits() {
  broker_limits l;
  l.max_connections = 3;
  l.max_unanswered_bytes = 300;
  l.max_output_bytes = 1'000;
  l.note_drained_bytes = 50;
  l.least_taken_bytes = 20;
  l.max_queued_bytes = 30;
  return l;
}

} // namespace

TEST_CASE("broker: who is one too many is told so, and the port never hears of it") {
  bench w{small_limits()};
  for (socket_number n = 1; n <= 3; ++n)
    w.open(n);
  CHECK(!w.b.opened(4, "peer"));
  CHECK(w.sockets.all[4].got == "-ERR max number of clients reached\r\n");
  REQUIRE(w.sockets.all[4].end);
  CHECK(w.sockets.all[4].end->why == ending::kind::answered);
  w.b.received(4, "PING\r\n");
  w.b.closed(4);
  CHECK(!w.b.has_events());
  CHECK(w.b.connections() == 3);
  w.b.closed(2);
  CHECK(w.b.take_events().size() == 1);
  w.open(2); // the number is used again, and the place is free
}

TEST_CASE("broker: requests that come together go together, in their order") {
  bench w{{}};
  const auto one = w.open(1);
  const auto two = w.open(2);
  w.b.received(1, "ECHO a\r\nEC");
  w.b.received(1, "HO b\r\n");
  w.b.received(2, "PING\r\n");
  w.b.received(1, "ECHO c\r\n");
  w.b.received(2, "");
  const auto events = w.b.take_events();
  REQUIRE(events.size() == 3);
  CHECK(events[0].connection == one);
  REQUIRE(events[0].requests.size() == 2);
  CHECK(events[0].requests[1][1] == "b");
  CHECK(events[1].connection == two);
  CHECK(events[2].requests.at(0)[1] == "c");
}

TEST_CASE("broker: who has too many requests waiting is not read until half of them are answered") {
  bench w{small_limits()};
  const auto id = w.open(1);
  std::size_t cost = 0;
  std::size_t waiting = 0;
  for (; !w.sockets.all[1].halted; ++waiting) {
    REQUIRE(waiting * cost <= w.limits.max_unanswered_bytes);
    w.b.received(1, "PING\r\n");
    cost = w.b.take_events().at(0).requests.at(0).cost();
  }
  CHECK(w.b.totals().input > w.limits.max_unanswered_bytes);
  std::size_t answered = 0;
  for (; w.sockets.all[1].halted; ++answered) {
    REQUIRE(w.b.totals().input > 0);
    w.reply(id, "+PONG\r\n", cost);
  }
  CHECK(2 * answered >= waiting);
  CHECK(w.b.totals().input > w.limits.max_unanswered_bytes / 4);
}

TEST_CASE("broker: replies go out in their order and once, however little a socket takes") {
  std::string all;
  for (int i = 0; i < 40; ++i)
    all += "$3\r\n" + std::to_string(100 + i) + "\r\n";
  for (std::size_t room = 1; room < 60; ++room) {
    bench w{small_limits()};
    const auto id = w.open(1);
    auto& s = w.sockets.all[1];
    s.room = room;
    for (std::size_t at = 0; at < all.size();) {
      const auto part = std::min<std::size_t>(1 + at % 23, all.size() - at);
      w.reply(id, all.substr(at, part));
      at += part;
      CHECK(s.queued.size() <= w.limits.max_queued_bytes);
      if (at % 2 == 0)
        w.make_room(1, room / 2);
    }
    while (s.got.size() < all.size()) {
      REQUIRE(s.queued.empty() == !s.flushes);
      w.make_room(1, room);
    }
    CHECK(s.got == all);
    CHECK(w.b.totals().output == 0);
    CHECK(w.drained() > 0);
  }
}

TEST_CASE("broker: what is queued has not been written: only then the front hears of it") {
  bench w{small_limits()};
  const auto id = w.open(1);
  w.sockets.all[1].room = 40;
  w.reply(id, std::string(60, 'x')); // more than note_drained_bytes
  CHECK(w.sockets.all[1].queued.size() == 20);
  CHECK(w.b.totals().output == 0);
  CHECK(w.b.undrained_bytes() == 0);
  CHECK(w.drained() == 0);
  w.make_room(1, 19);
  CHECK(w.drained() == 0);
  w.make_room(1, 1);
  CHECK(w.drained() == 1);
  w.make_room(1, 100);
  w.reply(id, std::string(50, 'x'));
  CHECK(w.drained() == 0); // too little to tell
  w.reply(id, "x");
  CHECK(w.drained() == 1);
}

TEST_CASE("broker: who is to be closed is when all is written, and nothing is read from him") {
  bench w{small_limits()};
  const auto id = w.open(1);
  auto& s = w.sockets.all[1];
  s.room = 0;
  w.b.received(1, "PING\r\nPING\r\nPING\r\nPING\r\nPING\r\nPING\r\nQUIT\r\nPING\r\n");
  w.b.take_events();
  CHECK(s.halted);
  w.reply(id, "+OK\r\n", 0, true);
  CHECK(!s.end);
  w.make_room(1, 4);
  CHECK(!s.end);
  w.make_room(1, 1);
  REQUIRE(s.end);
  CHECK(s.end->why == ending::kind::answered);
  CHECK(s.end->connection == id);
  CHECK(s.got == "+OK\r\n");
  CHECK(!s.halted); // or nobody would see the end
  w.b.received(1, "PING\r\n");
  w.reply(id, "+PONG\r\n");
  w.b.written(1);
  CHECK(!w.b.has_events());
  CHECK(s.got == "+OK\r\n");
  w.b.closed(1);
  CHECK(w.b.take_events().at(0).what == event_kind::closed);
  CHECK(w.b.totals().input == 0);
}

TEST_CASE("broker: what is no protocol ends what is read, and the reply comes in its place") {
  bench w{{}};
  const auto id = w.open(1);
  w.b.received(1, "PING\r\n*1\r\n!\r\nPING\r\n");
  const auto events = w.b.take_events();
  REQUIRE(events.at(0).requests.size() == 2);
  CHECK(events[0].requests[1].kind == redis::request_kind::broken);
  w.b.received(1, "PING\r\n");
  CHECK(!w.b.has_events());
  w.reply(id, "+PONG\r\n-ERR\r\n", 0, true);
  CHECK(w.sockets.all[1].got == "+PONG\r\n-ERR\r\n");
  CHECK(w.sockets.all[1].end);
}

TEST_CASE("broker: of connections that have gone nothing is left, and replies to them go nowhere") {
  bench w{small_limits()};
  const auto id = w.open(1);
  w.sockets.all[1].room = 0;
  w.b.received(1, "PING\r\nPING\r\nGET");
  w.reply(id, std::string(200, 'x'), 5);
  CHECK(w.b.totals().output == 170);
  CHECK(w.b.totals().input > 0);
  w.b.take_events();
  w.b.closed(1);
  w.b.closed(1);
  CHECK(w.b.take_events().size() == 1);
  CHECK(w.b.totals().output == 0);
  CHECK(w.b.totals().input == 0);
  w.reply(id, "+PONG\r\n");
  CHECK(w.b.totals().output == 0);
  const auto again = w.open(1);
  CHECK(again != id);
}

TEST_CASE("broker: past the bound goes who takes nothing, and of these who has most") {
  bench w{small_limits()};
  const auto most = w.open(1);
  const auto stands = w.open(2);
  const auto last = w.open(3);
  for (socket_number n = 1; n <= 3; ++n)
    w.sockets.all[n].room = 0;
  w.reply(most, std::string(530, 'x'));
  w.reply(stands, std::string(330, 'x'));
  for (int i = 0; i < 4; ++i) {
    w.b.look();
    w.make_room(1, 25);
  }
  CHECK(w.b.totals().output <= w.limits.max_output_bytes);
  CHECK(!w.sockets.all[2].end);
  w.reply(last, std::string(630, 'x'));
  REQUIRE(w.sockets.all[2].end);
  CHECK(w.sockets.all[2].end->why == ending::kind::past_bound);
  CHECK(w.sockets.all[2].end->unread_bytes == 300);
  CHECK(w.b.totals().output > w.limits.max_output_bytes / 2);
  CHECK(w.b.totals().output <= w.limits.max_output_bytes);
  CHECK(!w.sockets.all[1].end);
  CHECK(!w.sockets.all[3].end);
  w.reply(most, std::string(900, 'x')); // nobody stands longer than others, so it is who has most
  CHECK(w.b.totals().output <= w.limits.max_output_bytes);
}

TEST_CASE("broker: who does not take what others wait for is closed, who takes some is not") {
  auto limits = small_limits();
  limits.max_output_bytes = 100'000;
  bench w{limits};
  const auto reads = w.open(1);
  const auto stands = w.open(2);
  const auto has_little = w.open(3);
  for (socket_number n = 1; n <= 3; ++n)
    w.sockets.all[n].room = 0;
  w.reply(reads, std::string(530, 'x'));
  w.reply(stands, std::string(230, 'x'));
  w.reply(has_little, std::string(50, 'x'));
  for (int i = 0; i < 10; ++i)
    w.b.look(); // nobody waits
  CHECK(!w.sockets.all[2].end);
  for (unsigned i = 0; i <= limits.max_stalled; ++i) {
    CHECK(!w.sockets.all[2].end);
    w.b.room_wanted();
    w.b.look();
    w.make_room(1, 30);
  }
  REQUIRE(w.sockets.all[2].end);
  CHECK(w.sockets.all[2].end->why == ending::kind::for_room);
  for (unsigned i = 0; i <= limits.max_stalled; ++i) {
    w.b.room_wanted();
    w.b.look();
    w.make_room(1, 30);
  }
  CHECK(!w.sockets.all[1].end);
  CHECK(!w.sockets.all[3].end); // the front does not count that
}

TEST_CASE("broker: a buffer for reading grows and is given back") {
  bench w{{}};
  w.open(1);
  const auto& s = w.sockets.all[1];
  CHECK(s.reads == read_size::small_bytes);
  w.b.received(1, "*1\r\n$5000\r\n" + std::string(read_size::small_bytes - 11, 'x'));
  CHECK(s.reads == read_size::large_bytes);
  w.b.look();
  CHECK(s.reads == read_size::large_bytes);
  w.b.look();
  CHECK(s.reads == read_size::small_bytes);
}

} // namespace pmmc::test
