#include "service/client.hpp"

#include "base/codec.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

client::client(settings options) : options_(options), random_(options.seed) {}

/// The replica's time to answer begins when there is something to answer.
void client::begin_waiting() {
  if (is_idle())
    heard_tick_ = tick_;
}

std::uint64_t client::submit(std::string op, unsigned timeout_ticks, request_kind kind,
                             std::uint64_t tag) {
  begin_waiting();
  operation o;
  o.what.kind = kind;
  o.what.op = std::move(op);
  o.ticket = ++tickets_;
  o.tag = tag;
  o.deadline_tick = tick_ + timeout_ticks;
  if (o.what.op.size() > max_op_bytes) {
    settle(o, outcome_kind::refused, too_large_text(o.what.op.size()));
  } else {
    queued_.push_back(std::move(o));
    send_operations();
  }
  return tickets_;
}

std::uint64_t client::submit_query(std::string op, unsigned timeout_ticks, std::uint64_t max_reply,
                                   std::uint64_t tag) {
  begin_waiting();
  pending_query q;
  q.what = {++tickets_, std::move(op), {}, max_reply};
  q.tag = tag;
  q.deadline_tick = tick_ + timeout_ticks;
  if (q.what.op.size() > max_op_bytes) {
    settle(q, outcome_kind::refused, too_large_text(q.what.op.size()));
  } else {
    queued_queries_.push_back(std::move(q));
    send_queries();
  }
  return tickets_;
}

std::uint64_t client::finish(unsigned timeout_ticks) {
  begin_waiting();
  operation o;
  o.what.kind = request_kind::end_session;
  o.ticket = ++tickets_;
  o.deadline_tick = tick_ + timeout_ticks;
  if (session_ == 0 && open_nonce_ == 0) {
    settle(o, outcome_kind::done, {});
  } else {
    queued_.push_back(std::move(o));
    send_operations();
  }
  return tickets_;
}

// --- Sending ------------------------------------------------------------------------------------

void client::open_session() {
  if (open_nonce_ == 0)
    open_nonce_ = random_.next() | 1;
  else if (tick_ < open_resend_tick_)
    return;
  open_resend_tick_ = tick_ + options_.answer_ticks / 2;
  if (!target_.empty())
    out_.send.push_back({target_, request{request_kind::open_session, 0, open_nonce_, 0, {}}});
}

void client::send_operations() {
  if (queued_.empty())
    return;
  if (session_ == 0)
    return open_session();
  // The span of numbers counts, too: answers behind the first open one are kept by the replicas.
  while (!queued_.empty() && operations_.size() < options_.max_in_flight &&
         (operations_.empty() ||
          (in_flight_bytes_ < options_.max_in_flight_bytes &&
           next_sequence_ - operations_.begin()->first < 2 * options_.max_in_flight))) {
    auto& next = queued_.front();
    if (next.what.kind == request_kind::end_session && !operations_.empty())
      return; // the session ends when everything else is answered
    next.what.session = session_;
    next.what.sequence = next_sequence_++;
    in_flight_bytes_ += next.what.op.size();
    auto& placed = operations_.emplace(next.what.sequence, std::move(next)).first->second;
    queued_.pop_front();
    send(placed);
  }
}

void client::send_queries() {
  while (!queued_queries_.empty() && queries_.size() < options_.max_queries_in_flight) {
    auto& next = queued_queries_.front();
    const auto ticket = next.what.number;
    send(queries_.emplace(ticket, std::move(next)).first->second);
    queued_queries_.pop_front();
  }
}

/// Longer each time: a replica that is late because it has too much to do gets less, not more.
unsigned client::wait_after(unsigned attempts) const {
  return options_.answer_ticks << std::min(attempts, 4U);
}

void client::send(operation& op) {
  op.resend_tick = tick_ + wait_after(op.attempts);
  if (target_.empty())
    return;
  ++op.attempts;
  op.what.acknowledged = acknowledged_;
  out_.send.push_back({target_, op.what});
}

void client::send(pending_query& q) {
  q.resend_tick = tick_ + wait_after(q.attempts);
  if (target_.empty())
    return;
  ++q.attempts;
  out_.send.push_back({target_, q.what});
}

void client::resend_all() {
  open_resend_tick_ = 0;
  if (session_ == 0 && !queued_.empty())
    open_session();
  for (auto& [sequence, op] : operations_)
    send(op);
  for (auto& [ticket, q] : queries_)
    send(q);
}

// --- Answers ------------------------------------------------------------------------------------

void client::hear() {
  heard_tick_ = tick_;
  given_up_ = 0;
  left_.clear();
}

void client::on(const role_id& replica, response m) {
  if (replica == target_)
    hear();
  if (m.status == reply_status::unavailable) { // it goes on trying
    advice_ = m.body;
  } else if (m.session == 0) {
    if (m.sequence != open_nonce_ || open_nonce_ == 0 || m.status != reply_status::ok)
      return; // of an attempt that was given up; or busy, and asked again on a tick
    byte_reader in{m.body};
    session_ = in.varint();
    open_nonce_ = 0;
    next_sequence_ = 1;
    acknowledged_ = 0;
    send_operations();
  } else if (m.session == session_) {
    settle_sequence(m);
  }
}

void client::settle_sequence(response& m) {
  const auto it = operations_.find(m.sequence);
  if (it == operations_.end())
    return;
  auto& op = it->second;
  switch (m.status) {
  case reply_status::unavailable: // see above
  case reply_status::too_large:   // of queries only
    return;
  case reply_status::busy:
  case reply_status::put_off: // that copy; where it was handed on, there may be others
    op.trouble = m.body;
    op.busy = true;
    if (m.status == reply_status::busy && op.attempts > 0)
      --op.attempts;
    op.resend_tick = tick_ + options_.busy_ticks;
    return;
  case reply_status::session_ended:
    if (op.what.kind != request_kind::end_session)
      return abandon_session(m.body);
    [[fallthrough]];
  case reply_status::ok:
    settle(op, outcome_kind::done, std::move(m.body));
    break;
  case reply_status::refused:
    settle(op, outcome_kind::refused, std::move(m.body));
    break;
  }
  const bool ended = op.what.kind == request_kind::end_session;
  in_flight_bytes_ -= op.what.op.size();
  operations_.erase(it);
  if (ended)
    session_ = 0;
  acknowledge_answered();
  send_operations();
}

void client::acknowledge_answered() {
  acknowledged_ = (operations_.empty() ? next_sequence_ : operations_.begin()->first) - 1;
}

void client::settle(const operation& op, outcome_kind kind, std::string body) {
  out_.finished.push_back({op.ticket, kind, std::move(body), 0, {}, op.busy, 0, op.tag});
}

void client::settle(const pending_query& q, outcome_kind kind, std::string body) {
  out_.finished.push_back({q.what.number, kind, std::move(body), 0, {}, false, 0, q.tag});
}

/// The session is gone, so nobody can tell any more what became of the requests in flight. Those
/// that were not sent yet go into a new one.
void client::abandon_session(const std::string& why) {
  for (auto& [sequence, op] : operations_)
    settle(op, op.attempts == 0 ? outcome_kind::not_executed : outcome_kind::unknown, why);
  operations_.clear();
  in_flight_bytes_ = 0;
  session_ = 0;
  open_nonce_ = 0;
  send_operations();
}

void client::on(const role_id& replica, query_reply m) {
  if (replica == target_ && m.status != reply_status::unavailable) // who cannot serve is left
    hear();
  const auto it = queries_.find(m.number);
  if (it == queries_.end())
    return;
  if (m.status == reply_status::busy || m.status == reply_status::unavailable) {
    it->second.trouble = m.body;
    it->second.resend_tick = tick_ + options_.busy_ticks;
    if (m.status == reply_status::unavailable && replica == target_)
      advice_ = m.body; // the next one may end before it is told
    return;
  }
  if (replica == target_)
    advice_.clear();
  const auto kind = m.status == reply_status::ok ? outcome_kind::done : outcome_kind::refused;
  std::uint64_t bytes = 0;
  if (m.status == reply_status::too_large) {
    bytes = byte_reader{m.body}.varint();
    m.body = "the answer has " + std::to_string(bytes) + " bytes, more than there is room for";
  }
  out_.finished.push_back(
      {m.number, kind, std::move(m.body), m.slot, replica, false, bytes, it->second.tag});
  queries_.erase(it);
  send_queries();
}

// --- Which replica ------------------------------------------------------------------------------

/// What is in flight is answered by the former one; if not, it is sent again to the new one.
void client::on(const better_replica& m) {
  if (m.replica == target_ && up_.contains(m.better)) {
    target_ = m.better;
    heard_tick_ = tick_;
  }
}

void client::on_replica_up(const role_id& replica, const std::string& address) {
  up_[replica] = address;
  troubles_.erase(replica);
  if (target_.empty())
    choose_replica();
}

void client::on_replica_down(const role_id& replica, const std::string& why) {
  up_.erase(replica);
  troubles_[replica] = why;
  if (replica == target_)
    choose_replica();
}

/// One that was not tried since a replica answered, if there is any, and else another one than the
/// present: those that are cut off must not be tried again and again. At random, so that clients
/// spread.
void client::choose_replica() {
  left_.insert(target_);
  std::vector<role_id> choices, others;
  for (const auto& [replica, address] : up_) {
    if (!left_.contains(replica))
      choices.push_back(replica);
    if (replica != target_ || up_.size() == 1)
      others.push_back(replica);
  }
  if (choices.empty()) {
    left_ = {target_};
    choices = std::move(others);
  }
  target_ = choices.empty() ? role_id{} : choices[random_.below(choices.size())];
  heard_tick_ = tick_;
  advice_.clear();
  if (!target_.empty())
    resend_all();
}

void client::on_tick() {
  ++tick_;
  for (auto it = operations_.begin(); it != operations_.end(); ++it)
    if (tick_ >= it->second.deadline_tick) {
      // The session cannot go on behind a request that nobody waits for any more.
      return abandon_session(tried(it->second.trouble));
    }
  while (!queued_.empty() && tick_ >= queued_.front().deadline_tick) {
    settle(queued_.front(), outcome_kind::not_executed, tried(queued_.front().trouble));
    queued_.pop_front();
  }
  for (auto it = queries_.begin(); it != queries_.end();) {
    if (tick_ < it->second.deadline_tick) {
      ++it;
      continue;
    }
    settle(it->second, outcome_kind::not_executed, tried(it->second.trouble));
    it = queries_.erase(it);
  }
  while (!queued_queries_.empty() && tick_ >= queued_queries_.front().deadline_tick) {
    settle(queued_queries_.front(), outcome_kind::not_executed, tried({}));
    queued_queries_.pop_front();
  }
  send_queries();
  const bool waiting = !is_idle();
  if (waiting && up_.size() > 1 && tick_ >= heard_tick_ + wait_after(given_up_)) {
    ++given_up_;
    return choose_replica();
  }
  if (session_ == 0 && !queued_.empty())
    open_session();
  for (auto& [sequence, op] : operations_)
    if (tick_ >= op.resend_tick)
      send(op);
  for (auto& [ticket, q] : queries_)
    if (tick_ >= q.resend_tick)
      send(q);
}

std::string client::tried(const std::string& trouble) const {
  std::string text;
  const std::string kind{to_string(options_.served_by)};
  const auto add = [&](const std::string& sentence) {
    text += (text.empty() ? "" : "; ") + sentence;
  };
  if (!target_.empty()) {
    const auto& said = trouble.empty() ? advice_ : trouble;
    const auto& address = up_.at(target_);
    add(kind + " " + target_.str() + (address.empty() ? "" : " at " + address) +
        (said.empty() ? " did not answer" : " says: " + said));
  }
  for (const auto& [replica, why] : troubles_)
    add(kind + " " + replica.str() + " " + why);
  return text.empty() ? "no " + kind + " could be reached" : text;
}

client_outputs client::take() { return std::exchange(out_, {}); }

} // namespace pmmc
