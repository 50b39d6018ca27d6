// The key-value store and the sessions once more, as simply as can be: what each request must
// answer, and what each key's value was at any slot.
#pragma once

#include "consensus/messages.hpp"
#include "service/batch.hpp"
#include "service/sessions.hpp"
#include "sim/checkers/store_model.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::sim {

/// X1, R3: written from the rules (docs/ARCHITECTURE.md, "Sessions"; the list of calls in
/// kv/transaction.hpp), not from the code.
class kv_model {
public:
  explicit kv_model(const session_limits& sessions = {}, const kv::store_limits& store = {})
      : limits_(sessions), store_(store) {}

  /// The chosen command of `slot`. Slots come in order. Returns how many requests were decided in
  /// an earlier slot already.
  std::size_t perform(slot_num slot, const command& chosen);

  struct expected_answer {
    bool is_known = true; ///< not for reconfigurations: the configurations themselves are checked
    std::string encoded;
    std::size_t effect = 0; ///< its place in effects(), if it is known
  };
  /// Nothing if the request has not been executed.
  const expected_answer* answer_to(session_id session, std::uint64_t sequence) const;
  /// The session that was opened by a request with this number.
  bool opened(session_id session, std::uint64_t number) const;
  /// No request of it is executed any more.
  bool is_over(session_id session) const;
  std::uint64_t sessions_ended() const { return sessions_ended_; }
  /// Of these, those that made room for others.
  std::uint64_t sessions_evicted() const { return sessions_evicted_; }
  /// Requests too far ahead of the first one, or behind too many bytes.
  std::uint64_t put_off() const { return put_off_; }
  /// Calls whose replies had no room.
  std::uint64_t replies_refused() const { return replies_refused_; }

  /// Whether replicas may answer so.
  bool is_answer(const expected_answer& expected, std::string_view body) const;
  /// The same for a query that shows the store before `slot`.
  bool is_answer(std::string_view query, slot_num slot, std::string_view body) const;

  struct effect {
    std::string op; ///< encoded, like the answer
    std::string answer;
    moment before = 0;        ///< see store_model::effect
    std::size_t executed = 0; ///< calls of a transaction
    bool is_repeated = false;
    std::uint64_t opening = 0;
  };
  /// All that was executed, in its order.
  const std::vector<effect>& effects() const { return effects_; }
  const store_model& store() const { return store_; }
  std::uint64_t keys_expired() const { return keys_expired_; }
  /// Requests of named sessions whose answers were remembered.
  std::uint64_t answered_again() const { return answered_again_; }

private:
  struct session {
    std::uint64_t next = 1;
    std::map<std::uint64_t, std::pair<request_kind, std::string>> early;
    std::map<std::uint64_t, std::size_t> answered; ///< not acknowledged yet → bytes
    std::size_t early_bytes = 0;
    std::size_t answer_bytes = 0;
    slot_num used = 0; ///< last, but for the slots of a step
    bool ended = false;
  };

  void open(session_id id, slot_num slot, std::uint64_t number);
  void end(session_id id);
  void use(session_id id, slot_num slot);
  std::size_t decide(session_id id, session& s, const batch_entry& e);
  void execute_next(session_id id, session& s);
  bool has_no_room(const session& s, std::uint64_t sequence) const;
  effect perform(const std::string& op);
  moment before(slot_num slot) const;

  session_limits limits_;
  std::map<session_id, session> sessions_;
  std::set<std::pair<slot_num, session_id>> by_use_; ///< those that have not ended
  std::uint64_t sessions_ended_ = 0;
  std::uint64_t sessions_evicted_ = 0;
  std::uint64_t put_off_ = 0;
  std::uint64_t replies_refused_ = 0;
  std::map<std::pair<session_id, std::uint64_t>, expected_answer> answers_;
  std::map<session_id, std::uint64_t> opened_by_;
  std::vector<effect> effects_;
  store_model store_;
  std::vector<moment> slots_; ///< slot → the moment before it
  std::uint64_t keys_expired_ = 0;
  std::uint64_t answered_again_ = 0;
};

} // namespace pmmc::sim
