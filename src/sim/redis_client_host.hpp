// A simulated Redis client: pipelines, transactions, watched keys, requests that are to be executed
// once; it loses connections, crashes, and goes on at another port.
#pragma once

#include "sim/host.hpp"
#include "sim/redis_history.hpp"
#include "sim/redis_wire.hpp"
#include "sim/redis_work.hpp"

#include <deque>
#include <optional>
#include <string>

namespace pmmc::sim {

class redis_client_host final : public host {
public:
  redis_client_host(world& w, redis_wire& wire, redis_history& seen, const role_id& id,
                    std::size_t process);

  void start() override {}
  void check(world&, const role_id&, const message&) const override {}
  bool is_done() const;
  bool is_quiet(std::string& why) const override;
  /// The faults are over: little is left to do, and whatever is asked is waited for.
  void hurry();

protected:
  void on_message(const role_id&, message&) override {}
  void on_tick() override;
  void on_wake(std::size_t what) override;
  void settle() override {}
  void forget(bool) override {}

private:
  /// What is to come next on the connection.
  struct expected {
    enum class kind : std::uint8_t {
      answer,  ///< of a record
      ok,      ///< of MULTI, DISCARD or UNWATCH
      queued,  ///< of a command behind MULTI
      watched, ///< `place`: of the watch
      session, ///< of PMMC SESSION
      refused, ///< a command that is wrong
      local,   ///< something that needs no store
      counted, ///< of WAIT
    };
    kind what = kind::answer;
    std::size_t place = 0;
    sim_time since = 0;
    std::string text = {};    ///< local: what comes
    std::int64_t wanted = 0;  ///< counted: so many acceptors…
    sim_time waits_until = 0; ///< … or fewer from then on, or if the connection may be full
    std::size_t cost = 0;     ///< of the request, to the port
  };
  /// A PMMC REQ without an answer.
  struct open_request {
    std::size_t record = 0;
    bool is_sent = false; ///< on this connection
    unsigned attempts = 0;
  };

  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  void send(const std::vector<std::string>& words, expected e);
  std::size_t record(std::vector<redis_command> commands, bool is_exec);
  void connect();
  void begin_unit();
  void ask_one();
  void ask_many();
  void ask_locally();
  void ask_wrongly();
  void ask_administrator();
  void ask_for_acceptors();
  void ask(redis_command command);
  void transact(std::optional<std::size_t> watch);
  std::vector<redis_command> transaction();
  std::size_t watch();
  void begin_request();
  void send_request();
  void give_up_session();
  void ask_again();
  void take(resp_value&& v);
  void settle_record(std::size_t place, resp_value&& v);
  void settle_request(std::size_t place, resp_value&& v);
  bool may_be_full() const;
  bool waits_for_ever() const;
  void note(const redis_record& r);
  void lose_connection();
  void leave();
  void look_away();
  void refused();

  redis_wire& wire_;
  redis_history& seen_;
  random_source random_;
  redis_work work_;
  resp_reader in_;
  std::string out_;
  std::size_t left_;
  sim_time next_at_ = 0;
  sim_time patience_ = 0;
  bool hurries_ = false;

  std::optional<redis_wire::number> connection_;
  std::size_t port_ = 0; ///< of the wire's list
  std::deque<expected> expected_;
  sim_time reads_at_ = 0;               ///< again; 0: it does
  bool is_heard_ = false;               ///< a reply has come on this connection
  std::optional<std::size_t> watching_; ///< by a WATCH of its own, before EXEC
  bool has_session_ = false;            ///< on this connection
  std::uint64_t sessions_ = 0;
  std::string session_;
  bool session_is_known_ = false;
  bool session_is_asked_for_ = false; ///< on this connection, and not answered yet
  std::uint64_t number_ = 0;
  std::optional<open_request> request_;
};

} // namespace pmmc::sim
