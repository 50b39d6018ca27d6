#include "scenarios/checking_client.hpp"

#include "base/codec.hpp"
#include "scenarios/words.hpp"
#include "sim/checkers/violation.hpp"

namespace pmmc::test {

namespace {
constexpr std::size_t most_in_flight = 4;
constexpr std::uint64_t retry_ticks = 80;
} // namespace

checking_client::checking_client(script& c, history& h, role_id id, std::size_t operations)
    : cluster_(c), history_(h), id_(id), operations_(operations), open_number_(c.random().next()) {}

role_id checking_client::any_replica() {
  const auto& replicas = cluster_.config().replicas;
  return replicas[cluster_.random().below(replicas.size())].id;
}

void checking_client::on_tick() {
  if (session_ == 0) {
    if (cluster_.now() < next_open_tick_)
      return;
    next_open_tick_ = cluster_.now() + retry_ticks;
    cluster_.send(id_, any_replica(), request{request_kind::open_session, 0, open_number_, 0, ""});
    return;
  }
  send_more();
  for (auto& [sequence, r] : requests_)
    if (cluster_.now() >= r.next_send_tick) {
      r.next_send_tick = cluster_.now() + retry_ticks;
      r.what.acknowledged = acknowledged_;
      cluster_.send(id_, any_replica(), r.what);
    }
  for (auto& [number, r] : reads_)
    if (cluster_.now() >= r.next_send_tick) {
      r.next_send_tick = cluster_.now() + retry_ticks;
      cluster_.send(id_, any_replica(), query{number, query_of("shared")});
    }
}

/// Odd requests go to the client's own value, even ones to the shared value.
void checking_client::send_more() {
  while (requests_.size() < most_in_flight && next_sequence_ <= operations_) {
    const auto sequence = next_sequence_++;
    const auto key = sequence % 2 == 1 ? id_.str() : std::string{"shared"};
    history_.sent += sequence % 2 == 0;
    requests_[sequence] = {{request_kind::operation, session_, sequence, acknowledged_,
                            operation_of("append " + key + " x")},
                           0};
    if (cluster_.random().below(3) == 0)
      start_read();
  }
}

void checking_client::start_read() { reads_[++read_number_] = {history_.acknowledged, 0}; }

void checking_client::on(const message& m) {
  if (const auto* r = std::get_if<response>(&m))
    on(*r);
  else if (const auto* q = std::get_if<query_reply>(&m))
    on(*q);
}

void checking_client::on(const response& r) {
  if (r.status == reply_status::unavailable)
    return; // it only says that it takes long
  if (r.session == 0) {
    byte_reader body{r.body};
    if (session_ == 0 && r.sequence == open_number_)
      session_ = body.varint();
    return;
  }
  const auto it = requests_.find(r.sequence);
  if (r.status == reply_status::busy || r.status == reply_status::put_off || it == requests_.end())
    return;
  sim::demand(r.status == reply_status::ok, [] { return std::string{"a request is refused"}; });
  const auto size = value_in(r.body).size();
  if (r.sequence % 2 == 1)
    sim::demand(size == (r.sequence + 1) / 2,
                [] { return std::string{"X1: not one effect, or not in order"}; });
  else
    history_.acknowledged = std::max(history_.acknowledged, size);
  requests_.erase(it);
  ++answered_;
  answered_early_.insert(r.sequence);
  while (answered_early_.erase(acknowledged_ + 1) == 1)
    ++acknowledged_;
}

void checking_client::on(const query_reply& r) {
  const auto it = reads_.find(r.number);
  if (it == reads_.end())
    return;
  if (r.status == reply_status::ok) {
    const auto size = value_in(r.body).size();
    sim::demand(size >= it->second.least,
                [] { return std::string{"a read misses an acknowledged write"}; });
    sim::demand(size <= history_.sent,
                [] { return std::string{"a read shows a write that nobody sent"}; });
    history_.acknowledged = std::max(history_.acknowledged, size);
    ++reads_answered_;
  }
  reads_.erase(it);
}

std::string checking_client::describe() const {
  return id_.str() + ": session " + std::to_string(session_) + ", " + std::to_string(answered_) +
         " of " + std::to_string(operations_) + " answered, " + std::to_string(reads_.size()) +
         " reads open";
}

} // namespace pmmc::test
