// The key-value store and the sessions once more, as simply as can be: what each request must
// answer, and what each key's value was at any slot.
#pragma once

#include "messages.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::sim {

/// X1, R3: written from the rules (docs/ARCHITECTURE.md, "Sessions"; the list of operations in
/// kv/operation.hpp), not from the code. Limits on sizes and sessions are beyond what runs reach.
class kv_model {
public:
  /// The chosen command of `slot`. Slots come in order. Returns how many requests were decided in
  /// an earlier slot already.
  std::size_t perform(slot_num slot, const command& chosen);

  struct expected_answer {
    bool is_known = true; ///< not for reconfigurations: the configurations themselves are checked
    std::string encoded;
  };
  /// Nothing if the request has not been executed.
  const expected_answer* answer_to(session_id session, std::uint64_t sequence) const;
  /// The session that was opened by a request with this number.
  bool opened(session_id session, std::uint64_t number) const;
  /// No request of it is executed any more.
  bool is_over(session_id session) const;
  std::uint64_t sessions_ended() const { return sessions_ended_; }

  struct effect {
    std::string op; ///< encoded, like the answer
    std::string answer;
  };
  /// All that was executed, in its order.
  const std::vector<effect>& effects() const { return effects_; }
  /// The value before `slot`.
  std::optional<std::string_view> value_at(const std::string& key, slot_num slot) const;

private:
  struct session {
    std::uint64_t next = 1;
    std::map<std::uint64_t, std::pair<request_kind, std::string>> early;
    bool ended = false;
  };

  std::string execute(std::string_view op, slot_num slot);
  std::optional<std::string_view> value_of(std::string_view key) const;
  void set(std::string_view key, slot_num slot, std::optional<std::string> value);

  std::map<session_id, session> sessions_;
  std::uint64_t sessions_ended_ = 0;
  std::map<std::pair<session_id, std::uint64_t>, expected_answer> answers_;
  std::map<session_id, std::uint64_t> opened_by_;
  std::vector<effect> effects_;
  /// key → the slots in which it changed, with the values afterwards
  std::map<std::string, std::vector<std::pair<slot_num, std::optional<std::string>>>, std::less<>>
      values_;
};

} // namespace pmmc::sim
