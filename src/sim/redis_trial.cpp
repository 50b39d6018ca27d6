#include "sim/redis_trial.hpp"

#include "sim/checkers/violation.hpp"
#include "sim/redis_work.hpp"

#include <utility>

namespace pmmc::sim {

namespace {

constexpr std::size_t most_at_once = 40;
constexpr std::size_t mebibyte = 1 << 20;
using kind = resp_value::kind;

bool is_ok(const resp_value& v) { return v.what == kind::status && v.text == "OK"; }
bool is_queued(const resp_value& v) { return v.what == kind::status && v.text == "QUEUED"; }
auto is(std::int64_t n) {
  return [n](const resp_value& v) { return v.what == kind::integer && v.integer == n; };
}
auto is_error(std::string begin) {
  return [begin](const resp_value& v) { return v.is_error(begin); };
}
auto is_session(std::string state, std::int64_t highest) {
  return [state, highest](const resp_value& v) {
    return v.items.size() == 2 && v.items[0].text == state && v.items[1].integer == highest;
  };
}
bool is_too_large(const resp_value& v) {
  return v.is_error("ERR not executed: the replies would be larger than 16 MiB");
}

} // namespace

redis_trial::redis_trial(world& w, redis_wire& wire, const role_id& id, std::size_t process)
    : host(w, id, process), wire_(wire) {
  if (w.options.trial == trial_kind::many_sessions) {
    many_answers();
    many_sessions();
  } else {
    large_answers();
    large_requests();
  }
}

bool redis_trial::is_quiet(std::string& why) const {
  if (is_done())
    return true;
  why += id().str() + " waits for " + std::to_string(waiting()) + " replies and has " +
         std::to_string(steps_.size()) + " commands left; ";
  return false;
}

// --- Scripts ------------------------------------------------------------------------------------

/// Of 10,000 sessions the one that was used longest ago goes; what became of its requests is not
/// known any more.
void redis_trial::many_sessions() {
  constexpr int sessions = 10'000;
  ask(0, {"PMMC", "SESSION", "first"}, is_session("new", 0));
  ask(0, {"PMMC", "REQ", "3", "INCR", "r1"}, is(1));
  then(1, {"PMMC", "SESSION", "s2"}, is_session("new", 0));
  for (int i = 3; i <= sessions; ++i) // one too many: there is that of many_answers(), too
    ask(1, {"PMMC", "SESSION", "s" + std::to_string(i)}, is_session("new", 0));
  then(0, {"PMMC", "REQ", "3", "INCR", "r1"}, is(1)); // which was used longest ago, and is gone
  then(1, {"PMMC", "SESSION", "many"}, is_session("new", 0));
  then(1, {"PMMC", "SESSION", "s3"}, is_session("resumed", 0));
  then(1, {"PMMC", "SESSION", "s4"}, is_session("resumed", 0));
  // Asking for a session is no use of it, executing a request is.
  then(1, {"PMMC", "REQ", "1", "INCR", "r1"}, is(2));
  then(1, {"PMMC", "SESSION", "one more"}, is_session("new", 0));
  then(1, {"PMMC", "SESSION", "and one more"}, is_session("new", 0));
  then(0, {"PMMC", "REQ", "3", "INCR", "r1"}, is_error("ERR this PMMC session has ended"));
  then(0, {"PMMC", "REQ", "4", "INCR", "r1"}, is_error("ERR this PMMC session has ended"));
  then(0, {"PMMC", "SESSION", "s3"}, is_session("new", 0));
  then(0, {"PMMC", "SESSION", "s4"}, is_session("resumed", 1));
  then(0, {"GET", "r1"}, [](const resp_value& v) { return v.text == "2"; });
}

/// The latest 64 are kept, and of those a MiB.
void redis_trial::many_answers() {
  constexpr int requests = 70, kept = 64;
  ask(0, {"PMMC", "SESSION", "many"}, is_session("new", 0));
  for (int i = 1; i <= requests; ++i)
    ask(0, {"PMMC", "REQ", std::to_string(i), "INCR", "r3"}, is(i));
  for (int i = 1; i <= requests - kept; ++i)
    ask(0, {"PMMC", "REQ", std::to_string(i), "INCR", "r3"}, is_error("ERR a later request"));
  for (int i = requests - kept + 1; i <= requests; ++i)
    ask(0, {"PMMC", "REQ", std::to_string(i), "INCR", "r3"}, is(i));
  const std::string value(mebibyte / 4, 'v');
  const auto is_value = [value](const resp_value& v) { return v.text == value; };
  ask(0, {"SET", "r0", value}, is_ok);
  for (int i = requests + 1; i <= requests + 5; ++i)
    ask(0, {"PMMC", "REQ", std::to_string(i), "GET", "r0"}, is_value);
  ask(0, {"DEL", "r0"}, is(1));
  ask(0, {"PMMC", "REQ", "70", "INCR", "r3"}, is_error("ERR a later request"));
  ask(0, {"PMMC", "REQ", "72", "GET", "r0"}, is_error("ERR a later request"));
  ask(0, {"PMMC", "REQ", "73", "GET", "r0"}, is_value);
}

/// Replies of 16 MiB at the most; what does not fit has no effect.
void redis_trial::large_answers() {
  constexpr std::size_t keys = 18;
  words all{"MGET"};
  for (std::size_t i = 0; i < keys; ++i) {
    const auto key = "large" + std::to_string(i);
    all.push_back(key);
    ask(0, {"SET", key, std::string(mebibyte - 64 - i, 'v')}, is_ok);
  }
  words some{all.begin(), all.begin() + 15};
  const auto are_some = [](const resp_value& v) {
    return v.items.size() == 14 && v.items[13].text.size() == mebibyte - 64 - 13;
  };
  then(0, all, is_too_large);
  then(0, some, are_some);
  then(1, {"PMMC", "SESSION", "large"}, is_session("new", 0));
  words request{"PMMC", "REQ", "1"};
  request.insert(request.end(), some.begin(), some.end());
  then(1, request, are_some);
  then(0, {"DEL", "large0"}, is(1));
  then(1, request, are_some); // from the session
  // Of a transaction those that fit are executed, those behind as well.
  then(0, {"MULTI"}, is_ok);
  for (std::size_t i = 1; i < keys; ++i)
    ask(0, {"GETDEL", "large" + std::to_string(i)}, is_queued);
  ask(0, {"INCR", "r1"}, is_queued);
  ask(0, {"EXEC"}, [](const resp_value& v) {
    return v.items.size() == keys && v.items[14].what == kind::bulk && is_too_large(v.items[16]) &&
           v.items[17].integer == 1;
  });
  then(1, {"STRLEN", "large17"}, is(mebibyte - 64 - 17));
  then(1, {"STRLEN", "large1"}, is(0));
  // Pipelined reads of more than a MiB are asked for again and again, and come in their order.
  then(0, {"SET", "large1", std::string(mebibyte - 8, 'w')}, is_ok);
  for (int i = 0; i < 6; ++i) {
    ask(0, {"GET", "large1"}, [](const resp_value& v) { return v.text.size() == mebibyte - 8; });
    ask(0, {"ECHO", std::to_string(i)},
        [i](const resp_value& v) { return v.text == std::to_string(i); });
  }
}

void redis_trial::large_requests() {
  const std::string too_much(mebibyte + 1, 'x');
  then(0, {"SET", "r0", too_much}, is_error("ERR"));
  ask(0, {"SET", std::string(1'025, 'k'), "x"}, is_error("ERR a key must have 1 to 1024 bytes"));
  ask(0, {"SET", "r0", std::string(3 * mebibyte, 'x')}, is_error("ERR"));
  ask(0, {"APPEND", "large1", "0123456789"}, is_error("ERR string exceeds maximum allowed size"));
  ask(0, {"KEYS", std::string(4'097, 'k')}, is_error("ERR a pattern has at most 4096 bytes"));
  ask(0, {"MULTI"}, is_ok);
  ask(0, {"SET", "r0", std::string(mebibyte / 2, 'x')}, is_queued);
  ask(0, {"SET", "r2", std::string(mebibyte / 2, 'x')}, is_error("ERR a transaction has at most"));
  ask(0, {"EXEC"}, is_error("EXECABORT"));
  words watch{"WATCH"};
  for (int i = 0; i <= 1'000; ++i)
    watch.push_back("w" + std::to_string(i));
  ask(0, watch, is_error("ERR too many keys are watched"));
  then(0, {"EXISTS", "r0", "r2"}, is(0));
}

// --- Connections --------------------------------------------------------------------------------

bool redis_trial::connect() {
  const auto& ports = wire_.ports();
  if (ports.empty()) // none has started
    return false;
  for (auto& c : connections_)
    c = wire_.connect(*this, *ports.front());
  return true;
}

void redis_trial::on_tick() {
  is_connected_ = is_connected_ || connect();
  while (is_connected_ && !steps_.empty() && waiting() < most_at_once &&
         (!steps_.front().waits || waiting() == 0)) {
    auto next = std::move(steps_.front());
    steps_.pop_front();
    wire_.write(connections_[next.connection], redis_wire::side::client,
                encode_command(next.command, false));
    unanswered_[next.connection].push_back(std::move(next));
    ++world_.facts.operations;
  }
}

void redis_trial::on_wake(std::size_t what) {
  const auto n = redis_wire::connection_of(what);
  const std::size_t c = n == connections_[0] ? 0 : 1;
  auto e = wire_.take(n, redis_wire::side::client);
  if (!e)
    return;
  demand(e->what == redis_wire::event::kind::bytes,
         [&] { return "P1: the connection of " + id().str() + " is closed"; });
  in_[c].feed(e->bytes);
  while (auto v = in_[c].next()) {
    demand(!unanswered_[c].empty(), [] { return std::string{"P1: a reply to nothing"}; });
    const auto asked = std::move(unanswered_[c].front());
    unanswered_[c].pop_front();
    world_.facts.count(fact::redis_reply);
    demand(asked.is_good(*v), [&] {
      std::string text = "P1: the trial's";
      for (const auto& w : asked.command)
        text += " " + w.substr(0, 40);
      return text + " is told " + describe(*v).substr(0, 300);
    });
  }
}

} // namespace pmmc::sim
