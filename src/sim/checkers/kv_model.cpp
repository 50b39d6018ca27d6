#include "sim/checkers/kv_model.hpp"

#include "kv/transaction.hpp"
#include "service/batch.hpp"
#include "sim/checkers/violation.hpp"

namespace pmmc::sim {

std::size_t kv_model::perform(slot_num slot, const command& chosen) {
  slots_.resize(slot + 1, store_.now());
  const auto entries = decode_batch(chosen);
  if (!entries)
    return 0;
  std::size_t again = 0;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto& e = (*entries)[i];
    if (e.kind == request_kind::open_session) {
      open(slot << 16 | i, slot, e.sequence);
      continue;
    }
    const auto it = sessions_.find(e.session);
    if (it == sessions_.end() || it->second.ended)
      continue;
    auto& s = it->second;
    if (e.kind == request_kind::end_session) {
      end(e.session);
    } else {
      use(e.session, slot);
      again += decide(e.session, s, e);
    }
  }
  return again;
}

/// If there are too many, the one that was used longest ago ends. Of two in the same slot it is the
/// one that was opened first.
void kv_model::open(session_id id, slot_num slot, std::uint64_t number) {
  if (by_use_.size() >= limits_.sessions) {
    end(by_use_.begin()->second);
    ++sessions_evicted_;
  }
  sessions_[id].used = slot;
  by_use_.emplace(slot, id);
  opened_by_[id] = number;
}

void kv_model::end(session_id id) {
  auto& s = sessions_.at(id);
  s.ended = true;
  by_use_.erase({s.used, id});
  ++sessions_ended_;
}

/// Counted in steps of 256 slots from the last one that was counted.
void kv_model::use(session_id id, slot_num slot) {
  constexpr slot_num step = 256;
  auto& s = sessions_.at(id);
  if (slot < s.used + step)
    return;
  by_use_.erase({s.used, id});
  s.used = slot;
  by_use_.emplace(slot, id);
}

/// X1: the next one in order is executed, and what waited for it; the others wait, if there is
/// room. Returns 1 if it was decided before.
std::size_t kv_model::decide(session_id id, session& s, const batch_entry& e) {
  while (!s.answered.empty() && s.answered.begin()->first <= e.acknowledged) {
    s.answer_bytes -= s.answered.begin()->second;
    s.answered.erase(s.answered.begin());
  }
  if (e.sequence < s.next)
    return 1;
  if (has_no_room(s, e.sequence)) {
    ++put_off_;
    return 0;
  }
  if (!s.early.try_emplace(e.sequence, e.kind, e.op).second)
    return 1;
  s.early_bytes += e.op.size();
  while (!s.early.empty() && s.early.begin()->first == s.next)
    execute_next(id, s);
  return 0;
}

/// One for which there is no room any more is to be sent again.
void kv_model::execute_next(session_id id, session& s) {
  const auto [kind, op] = std::move(s.early.extract(s.early.begin()).mapped());
  s.early_bytes -= op.size();
  if (has_no_room(s, s.next)) {
    ++put_off_;
    return;
  }
  auto& answer = answers_[{id, s.next}];
  answer.is_known = kind == request_kind::operation;
  if (answer.is_known) {
    answer.effect = effects_.size();
    effects_.push_back(perform(op));
    answer.encoded = effects_.back().answer;
  } else if (kind == request_kind::refusal) {
    answer.encoded = op;
  }
  s.answered[s.next] = answer.encoded.size();
  s.answer_bytes += answer.encoded.size();
  ++s.next;
}

/// So many numbers from the first answer that is not acknowledged, and from the first that is not
/// executed; so many bytes of answers, and of what waits.
bool kv_model::has_no_room(const session& s, std::uint64_t sequence) const {
  const auto numbers = limits_.window;
  const auto bytes = limits_.bytes;
  return (!s.answered.empty() &&
          (sequence - s.answered.begin()->first >= numbers || s.answer_bytes >= bytes)) ||
         (sequence > s.next && (sequence - s.next >= numbers || s.early_bytes >= bytes));
}

const kv_model::expected_answer* kv_model::answer_to(session_id session,
                                                     std::uint64_t sequence) const {
  const auto it = answers_.find({session, sequence});
  return it == answers_.end() ? nullptr : &it->second;
}

bool kv_model::opened(session_id session, std::uint64_t number) const {
  const auto it = opened_by_.find(session);
  return it != opened_by_.end() && it->second == number;
}

bool kv_model::is_over(session_id session) const {
  const auto it = sessions_.find(session);
  return it == sessions_.end() || it->second.ended;
}

moment kv_model::before(slot_num slot) const {
  return slot < slots_.size() ? slots_[slot] : store_.now();
}

bool kv_model::is_answer(const expected_answer& expected, std::string_view body) const {
  if (!expected.is_known)
    return true;
  const auto t = kv::decode_transaction(effects_[expected.effect].op);
  return store_.is_answer(*t, expected.encoded, body);
}

bool kv_model::is_answer(std::string_view query, slot_num slot, std::string_view body) const {
  const auto t = kv::decode_transaction(query);
  demand(t.has_value(), [] { return std::string{"R3: a query has changed on its way"}; });
  return store_.is_answer(*t, store_.query(*t, before(slot)), body);
}

kv_model::effect kv_model::perform(const std::string& op) {
  const auto t = kv::decode_transaction(op);
  demand(t.has_value(), [] { return std::string{"R3: a request has changed on its way"}; });
  auto done = store_.perform(*t);
  keys_expired_ += done.expired;
  answered_again_ += done.is_repeated;
  replies_refused_ += done.refused;
  return {op, std::move(done.answer), done.before, done.executed, done.is_repeated, done.opening};
}

} // namespace pmmc::sim
