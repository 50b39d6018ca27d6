// Simulated clients: what they ask for, and the real client core that asks.
#pragma once

#include "service/client.hpp"
#include "sim/history.hpp"
#include "sim/host.hpp"
#include "sim/operator_host.hpp"

#include <map>
#include <optional>
#include <set>

namespace pmmc::sim {

/// Asks for one operation after the other, a few at the same time, and records what it sees.
class client_host : public host {
public:
  client_host(world& w, history& seen, const role_id& id, std::size_t process);

  bool is_done() const { return left_ == 0 && open_.empty(); }
  /// No more waiting between operations, and few of them: what is left to do when the faults are
  /// over depends on how little was possible before.
  void hurry();
  bool is_quiet(std::string& why) const override;

protected:
  /// Begins the next operation if it is time for it. Returns its place in the history.
  std::optional<std::size_t> next_operation();
  const std::string& op_at(std::size_t place) const { return history_[place].op; }
  bool is_query(std::size_t place) const;
  void finish(std::size_t place, operation_end end, std::string answer);
  random_source random_;

private:
  std::string make_operation();

  history& history_;
  std::size_t left_;
  std::set<std::size_t> open_;
  sim_time next_at_ = 0;
  std::uint64_t made_ = 0;
  bool hurries_ = false;
};

class core_client final : public client_host {
public:
  using client_host::client_host;

  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void settle() override;
  void forget(bool) override {}

private:
  std::optional<client> core_;
  std::map<std::uint64_t, std::size_t> places_; ///< ticket → place in the history
  client_connections connections_;
  bool is_over_ = false; ///< it has been told to end its session
};

/// Not the client that we ship: sends every request again and again, to one replica or to many,
/// sometimes even when it has the answer, and never gives up.
class raw_client final : public client_host {
public:
  using client_host::client_host;

  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void settle() override {}
  void forget(bool) override {}

private:
  struct pending {
    std::size_t place = 0;
    message what;
    sim_time next_send = 0;
  };
  void scatter(message m);
  void hear(const response& m);
  void hear(const query_reply& m);
  void end_session();
  void lose_session();
  std::uint64_t acknowledged() const;

  session_id session_ = 0;
  std::uint64_t nonce_ = 0;
  sim_time next_open_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_query_ = 0;
  std::map<std::uint64_t, pending> requests_;
  std::map<std::uint64_t, pending> queries_;
  std::optional<request> stale_; ///< one that has been answered
  std::optional<request> end_;   ///< of the session, while it is asked for
  sim_time next_end_ = 0;
};

} // namespace pmmc::sim
