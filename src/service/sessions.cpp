#include "service/sessions.hpp"

#include "base/codec.hpp"
#include "base/invariant.hpp"

#include <atomic>
#include <utility>

namespace pmmc {

namespace {

/// `last_used` moves in steps of this many slots, so that a busy session is not re-sorted all the
/// time.
constexpr slot_num last_used_step = 256;

constexpr std::string_view too_much =
    "too many requests of this session wait for an earlier one, or too many answers for the client "
    "to acknowledge them";

template <class Request> // batch_entry, or request
response answer_to(const Request& r, reply_status status, std::string body) {
  return {r.session, r.sequence, status, std::move(body)};
}

template <class Request>
response answer_of_ended_session(const Request& r) {
  return answer_to(r, reply_status::session_ended,
                   "the session has ended; what became of the request is not known");
}

template <class Request>
response answer_acknowledged_before(const Request& r) {
  return answer_to(r, reply_status::refused, "the answer was given and acknowledged before");
}

} // namespace

session_id session_opened_at(slot_num slot, std::size_t index) {
  PMMC_INVARIANT(index < max_batch_entries, "a batch has at most 65536 requests");
  return (slot << 16) | index;
}

void session_table::apply(const batch_entry& entry, slot_num slot, std::size_t index,
                          const executor& run, std::vector<response>& responses) {
  switch (entry.kind) {
  case request_kind::open_session:
    return open(entry, slot, index, responses);
  case request_kind::end_session:
    return end(entry, responses);
  case request_kind::operation:
  case request_kind::reconfigure:
  case request_kind::refusal:
    return execute(entry, slot, run, responses);
  case request_kind::found:
    return; // of no session: replicated_state performs it
  }
}

void session_table::open(const batch_entry& entry, slot_num slot, std::size_t index,
                         std::vector<response>& responses) {
  const auto id = session_opened_at(slot, index);
  if (sessions_.size() >= limits_.sessions)
    remove(by_last_used_.begin()->second, responses);
  auto opened = std::make_shared<session>();
  opened->last_used = slot;
  sessions_.emplace(id, std::move(opened));
  by_last_used_.emplace(slot, id);
  std::string body;
  put_varint(body, id);
  responses.push_back(answer_to(entry, reply_status::ok, std::move(body)));
}

void session_table::end(const batch_entry& entry, std::vector<response>& responses) {
  remove(entry.session, responses);
  responses.push_back(answer_to(entry, reply_status::ok, {}));
}

void session_table::execute(const batch_entry& entry, slot_num slot, const executor& run,
                            std::vector<response>& responses) {
  auto it = sessions_.find(entry.session);
  if (it == sessions_.end()) {
    responses.push_back(answer_of_ended_session(entry));
    return;
  }
  auto& s = writable(it->second);
  touch(entry.session, s, slot);
  while (!s.answers.empty() && s.answers.begin()->first <= entry.acknowledged) {
    const auto size = s.answers.begin()->second.body.size();
    bytes_ -= size;
    s.answer_bytes -= size;
    s.answers.erase(s.answers.begin());
  }
  if (entry.sequence < s.next_sequence) {
    auto known = recorded(entry.session, entry.sequence);
    responses.push_back(known ? std::move(*known) : answer_acknowledged_before(entry));
  } else if (s.is_full_for(entry.sequence, limits_)) {
    responses.push_back(answer_to(entry, reply_status::put_off, std::string{too_much}));
  } else if (entry.sequence == s.next_sequence) {
    record(entry.session, s, perform(entry.kind, entry.op, run), responses);
    run_held_back(entry.session, s, run, responses);
  } else if (s.held_back.emplace(entry.sequence, held{entry.kind, std::string{entry.op}}).second) {
    bytes_ += entry.op.size();
    s.held_back_bytes += entry.op.size();
  }
}

/// The next request in order is never refused for what is held back behind it, or nothing would
/// move.
bool session_table::session::is_full_for(std::uint64_t sequence,
                                         const session_limits& limits) const {
  if (!answers.empty() &&
      (sequence - answers.begin()->first >= limits.window || answer_bytes >= limits.bytes))
    return true;
  return sequence > next_sequence &&
         (sequence - next_sequence >= limits.window || held_back_bytes >= limits.bytes);
}

session_table::answer session_table::perform(request_kind kind, std::string_view op,
                                             const executor& run) {
  if (kind == request_kind::refusal)
    return {reply_status::refused, std::string{op}};
  return {reply_status::ok, run(kind, op)};
}

void session_table::run_held_back(session_id id, session& s, const executor& run,
                                  std::vector<response>& responses) {
  while (!s.held_back.empty() && s.held_back.begin()->first == s.next_sequence) {
    const auto next = std::move(s.held_back.extract(s.held_back.begin()).mapped());
    bytes_ -= next.op.size();
    s.held_back_bytes -= next.op.size();
    if (s.is_full_for(s.next_sequence, limits_)) { // the answers before it took all the room
      responses.push_back({id, s.next_sequence, reply_status::put_off, std::string{too_much}});
      return;
    }
    record(id, s, perform(next.kind, next.op, run), responses);
  }
}

void session_table::record(session_id id, session& s, answer a, std::vector<response>& responses) {
  responses.push_back({id, s.next_sequence, a.status, a.body});
  bytes_ += a.body.size();
  s.answer_bytes += a.body.size();
  const bool first_effect = s.answers.emplace(s.next_sequence, std::move(a)).second;
  PMMC_INVARIANT(first_effect, "X1: one effect per session and sequence number");
  ++s.next_sequence;
}

std::optional<response> session_table::recorded(session_id id, std::uint64_t sequence) const {
  auto it = sessions_.find(id);
  if (it == sessions_.end())
    return std::nullopt;
  auto known = it->second->answers.find(sequence);
  if (known == it->second->answers.end())
    return std::nullopt;
  return response{id, sequence, known->second.status, known->second.body};
}

std::optional<response> session_table::known_answer(const request& r, slot_num slot_out) const {
  if (r.session == 0)
    return std::nullopt;
  const auto it = sessions_.find(r.session);
  if (it == sessions_.end()) { // ended, unless it is one that slots to come open
    if (r.session >= session_opened_at(slot_out, 0))
      return std::nullopt;
    return r.kind == request_kind::end_session ? answer_to(r, reply_status::ok, {})
                                               : answer_of_ended_session(r);
  }
  if (r.kind == request_kind::end_session || r.sequence >= it->second->next_sequence)
    return std::nullopt;
  auto known = recorded(r.session, r.sequence);
  return known ? std::move(known) : answer_acknowledged_before(r);
}

bool session_table::is_next(session_id id, std::uint64_t sequence) const {
  const auto it = sessions_.find(id);
  return it != sessions_.end() && it->second->next_sequence == sequence;
}

bool session_table::holds_back(session_id id, std::uint64_t sequence) const {
  auto it = sessions_.find(id);
  return it != sessions_.end() && it->second->held_back.contains(sequence);
}

session_table::session& session_table::writable(shared_session& s) {
  if (s.use_count() > 1)
    s = std::make_shared<session>(*s);
  else // a clone in another thread has just let go of it: see everything that it did before
    std::atomic_thread_fence(std::memory_order_acquire);
  return *s;
}

void session_table::touch(session_id id, session& s, slot_num slot) {
  if (slot < s.last_used + last_used_step)
    return;
  by_last_used_.erase({s.last_used, id});
  s.last_used = slot;
  by_last_used_.emplace(slot, id);
}

void session_table::remove(session_id id, std::vector<response>& responses) {
  auto it = sessions_.find(id);
  if (it == sessions_.end())
    return;
  for (const auto& [sequence, a] : it->second->answers)
    bytes_ -= a.body.size();
  for (const auto& [sequence, h] : it->second->held_back) {
    bytes_ -= h.op.size();
    responses.push_back({id, sequence, reply_status::session_ended,
                         "the session ended before an earlier request of it was decided"});
  }
  by_last_used_.erase({it->second->last_used, id});
  sessions_.erase(it);
}

void session_table::write(std::string& out) const {
  put_varint(out, sessions_.size());
  for (const auto& [id, s] : sessions_) {
    put_varint(out, id);
    put_varint(out, s->next_sequence);
    put_varint(out, s->last_used);
    put_varint(out, s->answers.size());
    for (const auto& [sequence, a] : s->answers) {
      put_varint(out, sequence);
      put_varint(out, static_cast<std::uint64_t>(a.status));
      put_bytes(out, a.body);
    }
    put_varint(out, s->held_back.size());
    for (const auto& [sequence, h] : s->held_back) {
      put_varint(out, sequence);
      put_varint(out, static_cast<std::uint64_t>(h.kind));
      put_bytes(out, h.op);
    }
  }
}

bool session_table::read(std::string_view bytes) {
  *this = session_table{limits_};
  session_table table{limits_};
  byte_reader in{bytes};
  const auto count = in.varint();
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    const auto id = in.varint();
    auto s = std::make_shared<session>();
    s->next_sequence = in.varint();
    s->last_used = in.varint();
    for (auto answers = in.varint(); in.ok() && answers > 0; --answers) {
      const auto sequence = in.varint();
      const auto status = in.varint();
      const auto body = in.bytes();
      if (status > static_cast<std::uint64_t>(reply_status::unavailable) ||
          !s->answers
               .emplace(sequence,
                        answer{reply_status{static_cast<std::uint8_t>(status)}, std::string{body}})
               .second)
        return false;
      table.bytes_ += body.size();
      s->answer_bytes += body.size();
    }
    for (auto count_held = in.varint(); in.ok() && count_held > 0; --count_held) {
      const auto sequence = in.varint();
      const auto kind = in.varint();
      const auto op = in.bytes();
      if (!is_client_kind(kind) ||
          !s->held_back.emplace(sequence, held{static_cast<request_kind>(kind), std::string{op}})
               .second)
        return false;
      table.bytes_ += op.size();
      s->held_back_bytes += op.size();
    }
    table.by_last_used_.emplace(s->last_used, id);
    if (!table.sessions_.emplace(id, std::move(s)).second)
      return false;
  }
  if (!in.ok() || !in.at_end())
    return false;
  *this = std::move(table);
  return true;
}

} // namespace pmmc
