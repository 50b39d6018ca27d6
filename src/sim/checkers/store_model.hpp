// The store once more, as simply as can be: what each transaction must answer, and what every key
// was at any moment.
#pragma once

#include "kv/reply.hpp"
#include "kv/transaction.hpp"
#include "sim/checkers/session_model.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::sim {

/// Counts what changes the store: a call that is executed, a move of the log time. 0: before all.
using moment = std::uint64_t;

/// Written from docs/CLIENTS.md and the comments of kv/transaction.hpp, not from the code.
class store_model {
public:
  explicit store_model(const kv::store_limits& limits = {}) : limits_(limits), sessions_(limits) {}

  struct entry {
    std::string value;
    std::optional<kv::log_time> deadline;
  };
  /// A key's states, each from a moment on; nothing: it is absent.
  using states = std::vector<std::pair<moment, std::optional<entry>>>;

  struct effect {
    std::string answer;        ///< encoded; in the place of a version, see `is_answer`
    moment before = 0;         ///< the first call is executed in the moment after this one
    std::size_t executed = 0;  ///< calls
    bool is_repeated = false;  ///< a session remembered the answer
    std::size_t expired = 0;   ///< keys
    std::uint64_t opening = 0; ///< of its named session: see session_model
    std::size_t refused = 0;   ///< calls whose replies had no room
  };
  effect perform(const kv::transaction& t);
  /// What a query answers that sees the store as it was after `at`.
  std::string query(const kv::transaction& t, moment at) const;
  /// W1: whether `body` is the answer `expected`. RANDOMKEY may answer any key; here it is answered
  /// with all of them. Versions are any numbers, but a key's is never
  /// the same in two states; those that are told are remembered, for EXEC.
  bool is_answer(const kv::transaction& t, std::string_view expected, std::string_view body) const;

  // --- the store at a moment ---
  moment now() const { return now_; }
  const session_model& sessions() const { return sessions_; }
  const entry* find(std::string_view key, moment at) const;
  /// When the key changed last, up to `at`; 0: never.
  moment changed(std::string_view key, moment at) const;
  kv::log_time log_time(moment at) const;
  /// What a call that reads answers. `port_time`: as a query carries it.
  void read(const kv::call& c, moment at, kv::log_time port_time, kv::reply_writer& out) const;

private:
  void learn(std::string_view key, std::uint64_t version, moment when) const;
  void advance(kv::log_time to, effect& e);
  std::string run(const kv::transaction& t, effect& e);
  std::string once(const kv::transaction& t, effect& e);
  void execute(const kv::call& c, kv::reply_writer& out);
  void set(const kv::call& c, kv::reply_writer& out);
  void mset(const kv::call& c, kv::reply_writer& out);
  void append(const kv::call& c, kv::reply_writer& out);
  void cas(const kv::call& c, kv::reply_writer& out);
  void incrby(const kv::call& c, kv::reply_writer& out);
  void expire(const kv::call& c, kv::reply_writer& out);
  void set_clock(const kv::call& c, kv::reply_writer& out);
  std::size_t end_due_keys(kv::log_time now);
  void put(std::string_view key, std::optional<entry> state);
  void undo(const kv::call& c);
  void give_deadline(std::string_view key, kv::log_time when);
  kv::log_time deadline_of(const kv::call& c) const;
  bool is_unchanged(const kv::transaction& t, moment at) const;
  bool is_due(const kv::call& c, moment at, kv::log_time port_time) const;
  std::vector<std::string_view> keys(moment at) const;
  void scan(const kv::call& c, moment at, kv::reply_writer& out) const;
  void ttl(const kv::call& c, moment at, kv::log_time port_time, kv::reply_writer& out) const;

  kv::store_limits limits_;
  moment now_ = 0;
  std::map<std::string, states, std::less<>> keys_;
  std::vector<std::pair<moment, kv::log_time>> times_;
  session_model sessions_;
  /// key, version → when the key had changed last. Learned from what replicas say.
  mutable std::map<std::pair<std::string, std::uint64_t>, moment> told_;
};

/// Whether a call's words are keys, or keys and values.
inline bool names_keys(kv::verb what) {
  return what != kv::verb::scan && what != kv::verb::keys && what != kv::verb::session;
}

} // namespace pmmc::sim
