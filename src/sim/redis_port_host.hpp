// A simulated Redis port: the shipped redis::port and its streams, in the process of a replica.
#pragma once

#include "redis/port.hpp"
#include "redis/stream.hpp"
#include "sim/host.hpp"
#include "sim/redis_wire.hpp"
#include "sim/wall_clocks.hpp"

#include <map>
#include <memory>
#include <optional>

namespace pmmc::sim {

class replica_host;

class redis_port_host final : public host {
public:
  redis_port_host(world& w, redis_wire& wire, wall_clocks& clocks, const replica_host& replica,
                  bool has_wrong_clock);

  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  bool is_quiet(std::string&) const override { return true; }

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void on_wake(std::size_t what) override;
  void settle() override;
  void forget() override;

private:
  struct socket {
    socket(const redis::stream_limits& limits, redis::stream_totals& totals)
        : bytes(limits, totals) {}
    redis::stream bytes;
    bool halted = false;
  };

  kv::moment_here clocks_now() const;
  void move_clock();
  void hear_clocks();
  void take(redis_wire::number n, redis_wire::event&& e);
  void take_bytes(redis_wire::number n, std::string_view bytes);
  void reply(redis::front_outputs::reply&& r);
  void write_more(redis_wire::number n);
  void answer(const redis::question& q);

  redis_wire& wire_;
  wall_clocks& clocks_;
  const replica_host& replica_;
  role_id name_; ///< of the replica
  bool has_wrong_clock_;
  sim_time clock_moves_at_ = 0;
  std::int64_t ahead_ms_ = 0;
  std::int64_t steady_ms_ = 0; ///< of the steady clock, when the run began

  std::optional<redis::port> core_;
  kv::replica_clocks heard_;
  redis::stream_limits limits_;
  redis::stream_totals totals_;
  std::map<redis_wire::number, socket> sockets_;
};

} // namespace pmmc::sim
