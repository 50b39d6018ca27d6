// Connections between Redis clients and ports: bytes arrive in their order, cut into any pieces, or
// the connection ends.
#pragma once

#include "base/random.hpp"
#include "sim/host.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::sim {

/// Hosts are woken (host::woken) when something may have come; `is_mine` tells such wakes from
/// others, and `take` what it is.
class redis_wire {
public:
  using number = std::uint32_t; ///< of a connection
  enum class side : std::uint8_t { client, port };

  explicit redis_wire(world& w);

  /// Somebody who listens; ports are never taken from the list.
  void listen(host& port) { ports_.push_back(&port); }
  const std::vector<host*>& ports() const { return ports_; }

  static bool is_mine(std::size_t wake) { return (wake & mark) != 0 && wake < 2 * mark; }
  static number connection_of(std::size_t wake) { return static_cast<number>(wake & (mark - 1)); }

  /// The port hears of it, or, if nobody listens there, the client that it is closed. `window`:
  /// bytes that may be under way to the client; 0: any number that is usual.
  number connect(host& client, host& port, std::size_t window = 0);
  void write(number connection, side from, std::string_view bytes);
  /// Bytes that may be written before the other one reads. If there are none, the writer is woken
  /// when there are some. On a broken connection there is room: who writes notices.
  std::size_t room(number connection, side from);
  /// What was written still arrives; nothing comes back any more.
  void close(number connection, side by);
  /// The same, and who does it reads the end as well.
  void shut(number connection, side by);
  /// Its process has crashed: all its connections end.
  void lost(const host& who);

  struct event {
    enum class kind : std::uint8_t { opened, bytes, closed };
    kind what = kind::bytes;
    std::string bytes = {};
  };
  /// The next thing that has come for this side of the connection, if any: at most so many bytes.
  std::optional<event> take(number connection, side at, std::size_t most = ~std::size_t{0});
  /// Stops or goes on reading: what comes meanwhile waits, the end and a break as well.
  void halt(number connection, side at, bool halted);
  /// From now on nothing is cut any more.
  void calm_down() { is_calm_ = true; }
  std::uint64_t cuts() const { return cuts_; }

private:
  static constexpr std::size_t mark = std::size_t{1} << 30;

  struct direction { // from one side to the other
    std::deque<event> pieces;
    sim_time last_arrival = 0;
    std::size_t unread = 0;                   ///< bytes of `pieces`
    std::size_t bytes_left = ~std::size_t{0}; ///< then the connection breaks
    bool halted = false;
    bool wants_room = false; ///< the writer waits
    bool ended = false;      ///< nothing more arrives
  };
  struct connection {
    std::array<host*, 2> ends{};
    std::array<direction, 2> to; ///< by the side that reads
    std::array<bool, 2> told{};  ///< that it is closed
    sim_time cut_since = 0;      ///< the network lets nothing through; 0: it does
    std::size_t chops = 0;       ///< a piece has at most so many bytes; 0: any number
    std::size_t window = 0;
    bool broken = false;
  };

  static std::size_t index(side s) { return static_cast<std::size_t>(s); }
  void push(number n, side to, event e);
  void wake(number n, side at, sim_time delay);
  void break_off(number n);
  bool passes(connection& c, number n, side at);
  static event next_of(direction& d, std::size_t most);
  void drop(number n, side to);

  world& world_;
  random_source random_;
  std::vector<host*> ports_;
  std::deque<connection> connections_;
  std::uint64_t cuts_ = 0;
  bool is_large_; ///< too much goes over it to be cut into small pieces
  bool is_calm_;
};

} // namespace pmmc::sim
