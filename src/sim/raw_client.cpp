#include "base/codec.hpp"
#include "sim/client_host.hpp"

#include <utility>

namespace pmmc::sim {

namespace {
constexpr sim_time retry_least = 20 * millisecond;
constexpr sim_time retry_spread = 1'500 * millisecond;
} // namespace

void raw_client::start() { nonce_ = random_.next() | 1; }

void raw_client::check(world& w, const role_id&, const message& m) const {
  if (const auto* q = std::get_if<query>(&m))
    w.checkers.query_sent(id(), q->number, q->op);
}

/// To one replica, to some, or to all.
void raw_client::scatter(message m) {
  const auto& replicas = world_.checkers.truth().state().configurations().latest().state_holders();
  const auto most = 1 + random_.below(replicas.size());
  for (std::uint64_t i = 0; i < most; ++i)
    world_.send(*this, replicas[random_.below(replicas.size())].id, m);
}

std::uint64_t raw_client::acknowledged() const {
  return requests_.empty() ? last_sequence_ : requests_.begin()->first - 1;
}

void raw_client::on_tick() {
  if (session_ == 0) {
    if (world_.now() >= next_open_) {
      next_open_ = world_.now() + retry_least + random_.below(retry_spread);
      scatter(request{request_kind::open_session, 0, nonce_, 0, {}});
    }
    return;
  }
  if (world_.options.sessions_end && (end_ || (requests_.empty() && random_.below(200) == 0)))
    return end_session();
  while (const auto place = next_operation())
    if (is_query(*place)) {
      const auto number = ++last_query_;
      queries_[number] = {*place, query{number, op_at(*place)}, 0};
    } else {
      const auto sequence = ++last_sequence_;
      requests_[sequence] = {
          *place, request{request_kind::operation, session_, sequence, 0, op_at(*place)}, 0};
    }
  const auto resend = [&](auto& waiting) {
    for (auto& [number, p] : waiting)
      if (world_.now() >= p.next_send) {
        p.next_send = world_.now() + retry_least + random_.below(retry_spread);
        if (auto* r = std::get_if<request>(&p.what))
          r->acknowledged = acknowledged();
        scatter(p.what);
      }
  };
  resend(requests_);
  resend(queries_);
  if (stale_ && random_.below(100) == 0) {
    world_.facts.count(fact::stale_request);
    scatter(*std::exchange(stale_, std::nullopt));
  }
}

/// Everything has been answered; what is still under way are copies. A new session follows.
void raw_client::end_session() {
  if (!end_)
    end_ = request{request_kind::end_session, session_, ++last_sequence_, 0, {}};
  if (world_.now() < next_end_)
    return;
  next_end_ = world_.now() + retry_least + random_.below(retry_spread);
  scatter(*end_);
}

void raw_client::on_message(const role_id&, message& m) {
  if (const auto* r = std::get_if<response>(&m))
    hear(*r);
  else if (const auto* q = std::get_if<query_reply>(&m))
    hear(*q);
}

void raw_client::hear(const response& m) {
  if (m.session == 0 && m.sequence == nonce_ && m.status == reply_status::ok && session_ == 0) {
    byte_reader body{m.body};
    session_ = body.varint();
  }
  if (end_ && m.session == session_ && m.sequence == end_->sequence &&
      m.status == reply_status::ok) {
    end_.reset();
    session_ = last_sequence_ = 0;
    nonce_ = random_.next() | 1;
    return;
  }
  const auto it = requests_.find(m.sequence);
  if (m.session != session_ || session_ == 0)
    return;
  if (m.status == reply_status::session_ended)
    return lose_session();
  if (it == requests_.end() || (m.status != reply_status::ok && m.status != reply_status::refused))
    return;
  if (m.status == reply_status::refused) {
    finish(it->second.place, operation_end::not_executed, {});
    requests_.erase(it);
    return;
  }
  stale_ = std::get<request>(it->second.what);
  finish(it->second.place, operation_end::answered, m.body);
  requests_.erase(it);
}

/// It made room for others: of what it was asked nothing is known.
void raw_client::lose_session() {
  for (const auto& [sequence, p] : requests_)
    finish(p.place, operation_end::unknown, {});
  requests_.clear();
  stale_.reset();
  end_.reset();
  session_ = last_sequence_ = 0;
  nonce_ = random_.next() | 1;
}

void raw_client::hear(const query_reply& m) {
  const auto it = queries_.find(m.number);
  if (it == queries_.end() || m.status != reply_status::ok)
    return;
  finish(it->second.place, operation_end::answered, m.body);
  queries_.erase(it);
}

} // namespace pmmc::sim
