// A simulated Redis client with a script: it goes to limits that others do not reach.
#pragma once

#include "sim/host.hpp"
#include "sim/redis_wire.hpp"
#include "sim/resp_value.hpp"

#include <array>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace pmmc::sim {

/// Sends commands on two connections, a step when all before it has been answered, and demands the
/// replies that docs/CLIENTS.md promises (P1). Only in runs without faults: it repeats nothing.
class redis_trial final : public host {
public:
  redis_trial(world& w, redis_wire& wire, const role_id& id, std::size_t process);

  void start() override {}
  void check(world&, const role_id&, const message&) const override {}
  bool is_done() const { return steps_.empty() && waiting() == 0; }
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id&, message&) override {}
  void on_tick() override;
  void on_wake(std::size_t what) override;
  void settle() override {}
  void forget() override {}

private:
  using test = std::function<bool(const resp_value&)>;
  using words = std::vector<std::string>;
  struct step {
    std::size_t connection = 0;
    words command;
    test is_good;
    bool waits = false; ///< for all before it
  };
  void ask(std::size_t connection, words command, test is_good) {
    steps_.push_back({connection, std::move(command), std::move(is_good), false});
  }
  void then(std::size_t connection, words command, test is_good) {
    steps_.push_back({connection, std::move(command), std::move(is_good), true});
  }
  void many_sessions();
  void many_answers();
  void large_answers();
  void large_requests();
  bool connect();
  std::size_t waiting() const { return unanswered_[0].size() + unanswered_[1].size(); }

  redis_wire& wire_;
  std::array<redis_wire::number, 2> connections_{};
  std::array<resp_reader, 2> in_;
  std::array<std::deque<step>, 2> unanswered_;
  bool is_connected_ = false;
  std::deque<step> steps_;
};

} // namespace pmmc::sim
