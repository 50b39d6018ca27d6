// A simulated Redis port: the shipped redis::broker and redis::port, in the process of a replica
// or server.
#pragma once

#include "redis/broker.hpp"
#include "redis/port.hpp"
#include "sim/host.hpp"
#include "sim/redis_wire.hpp"
#include "sim/wall_clocks.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace pmmc::sim {

/// Between broker and port what is said takes a while in half of the lives: they are two actors.
class redis_port_host final : public host, redis::sockets {
public:
  /// Of a connection's requests, where there is little room; see front_settings.
  static constexpr std::size_t many_unanswered_bytes = 1'000;

  redis_port_host(world& w, redis_wire& wire, wall_clocks& clocks, const host& replica,
                  bool has_wrong_clock);

  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  /// P3: of connections that have ended nothing is left. Nobody is connected any more.
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void on_wake(std::size_t what) override;
  void settle() override;
  void forget(bool) override;

private:
  struct socket {
    std::string queued;
    bool flushes = false;     ///< what is queued, until all of it has gone
    std::size_t reads = 0;    ///< at once
    unsigned quiet_looks = 0; ///< since something came
  };
  using replies = std::vector<redis::front_outputs::reply>;

  kv::moment_here clocks_now() const;
  void move_clock();
  void hear_clocks();
  void check_bounds() const;
  void look();

  // redis_sockets.cpp
  std::size_t write(redis::socket_number to, std::span<const std::string_view> pieces) override;
  void queue(redis::socket_number to, std::string_view bytes) override;
  void flush(redis::socket_number to) override;
  void halt(redis::socket_number from) override;
  void resume(redis::socket_number from) override;
  void read_at_most(redis::socket_number from, std::size_t bytes) override;
  void shut(redis::socket_number which, const redis::ending& e) override;
  void take(redis_wire::number n, redis_wire::event&& e);
  void go_on_writing(redis_wire::number n);
  void tell_port();
  void tell_broker(replies&& r);
  void ask(const redis::question& q);

  redis_wire& wire_;
  wall_clocks& clocks_;
  const host& replica_; ///< or server
  role_id name_;        ///< of the replica
  bool has_wrong_clock_;
  sim_time clock_moves_at_ = 0;
  std::int64_t ahead_ms_ = 0;
  std::int64_t steady_ms_ = 0; ///< of the steady clock, when the run began

  random_source random_; ///< for sockets and messages within the process
  redis::broker_limits limits_;
  std::optional<redis::broker> broker_;
  std::optional<redis::port> core_;
  kv::replica_clocks heard_;
  std::map<redis_wire::number, socket> sockets_; ///< not closed
  sim_time lag_ = 0;                             ///< at the most, between broker and port
  std::deque<redis::connection_events> to_port_;
  std::deque<replies> to_broker_;
  std::deque<std::uint64_t> changes_; ///< tickets of PMMC RECONFIGs
};

} // namespace pmmc::sim
