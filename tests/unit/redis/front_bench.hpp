// A front for tests, and a store behind it.
#pragma once

#include "kv/kv_store.hpp"
#include "redis/front.hpp"
#include "redis/parser.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::redis::test {

/// A front over a store that executes what is submitted when it is told to.
struct bench {
  explicit bench(front::settings options = {}) : redis(options) { set_clock(); }
  void pass(std::int64_t ms) {
    now += ms;
    set_clock();
  }
  void set_clock() {
    redis.set_clock(now);
    redis.set_log_clock(static_cast<pmmc::kv::log_time>(now));
  }

  void open(connection_id id) { redis.opened(id, "127.0.0.1:1"); }
  void send(connection_id id, std::string_view lines) {
    std::vector<request> requests;
    parser p;
    p.feed(lines, requests);
    redis.on(id, std::move(requests));
    look();
  }
  /// Takes what the front put out.
  void look() {
    auto out = redis.take();
    for (auto& s : out.submit)
      waiting.push_back(std::move(s));
    for (auto& q : out.ask)
      asked.push_back(q);
    for (auto& r : out.replies) {
      replies[r.to] += r.bytes;
      unread[r.to] += r.bytes.size();
      if (r.close)
        closed.insert(r.to);
    }
  }
  void finish(outcome_kind kind, std::string body, bool busy = false,
              std::uint64_t reply_bytes = 0) {
    const auto ticket = waiting.front().ticket;
    waiting.erase(waiting.begin());
    client_outcome outcome;
    outcome.ticket = ticket;
    outcome.kind = kind;
    outcome.body = std::move(body);
    outcome.busy = busy;
    outcome.reply_bytes = reply_bytes;
    redis.finished(outcome);
    look();
  }
  /// Executes the first that waits.
  void step() {
    const auto& s = waiting.front();
    auto body = s.is_query ? store.query(s.op) : store.apply(s.op);
    if (s.max_reply != 0 && body.size() > s.max_reply)
      return finish(outcome_kind::refused, "too large", false, body.size());
    finish(outcome_kind::done, std::move(body));
  }
  /// It has read all.
  void drained(connection_id id) { redis.drained(id, std::exchange(unread[id], 0)); }
  std::string run(connection_id id, std::string_view lines) {
    replies[id].clear();
    send(id, lines);
    while (!waiting.empty())
      step();
    return replies[id];
  }

  front redis;
  pmmc::kv::kv_store store;
  std::int64_t now = 1'000'000;
  std::vector<front_outputs::submission> waiting;
  std::vector<question> asked;
  std::map<connection_id, std::string> replies;
  std::map<connection_id, std::size_t> unread; ///< bytes
  std::set<connection_id> closed;
};

} // namespace pmmc::redis::test
