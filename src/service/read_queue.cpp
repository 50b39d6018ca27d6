#include "service/read_queue.hpp"

#include "base/codec.hpp"

#include <iterator>
#include <utility>

namespace pmmc {

void read_queue::add(const role_id& client, query q, slot_num slot_out,
                     std::vector<envelope>& send) {
  ++size_;
  bytes_ += q.op.size();
  if (q.op.size() > options_.max_op_bytes)
    return reply(client, q, reply_status::refused,
                 too_large_text(q.op.size(), options_.max_op_bytes), slot_out, send);
  if (size_ > options_.max_queries || bytes_ > options_.max_query_bytes)
    return reply(client, q, reply_status::busy, options_.id.str() + " has too many reads waiting",
                 slot_out, send);
  queries_.emplace_back(client, std::move(q));
}

read_queue::reads read_queue::take_waiting() {
  reads taken(std::make_move_iterator(queries_.begin()), std::make_move_iterator(queries_.end()));
  queries_.clear();
  return taken;
}

void read_queue::put_back(reads& of) {
  for (; !of.empty(); of.pop_back())
    queries_.push_back(std::move(of.back()));
}

/// Large answers go out a few at a time, so that nobody waits for all of them, and they do not fill
/// the memory.
void read_queue::answer(reads& of, const replicated_state& state, std::vector<envelope>& send) {
  while (!of.empty() && !is_turn_over()) {
    auto [client, q] = std::move(of.back());
    of.pop_back();
    auto body = state.machine().query(q.op);
    answered_bytes_ += body.size();
    if (q.max_reply != 0 && body.size() > q.max_reply) {
      std::string size;
      put_varint(size, body.size());
      reply(client, q, reply_status::too_large, std::move(size), state.slot_out(), send);
      continue;
    }
    reply(client, q, reply_status::ok, std::move(body), state.slot_out(), send);
  }
}

void read_queue::give_up(const reads& of, const std::string& why, slot_num slot_out,
                         std::vector<envelope>& send) {
  for (const auto& [client, q] : of)
    reply(client, q, reply_status::unavailable, why, slot_out, send);
}

void read_queue::reply(const role_id& client, const query& q, reply_status status, std::string body,
                       slot_num slot_out, std::vector<envelope>& send) {
  --size_;
  bytes_ -= q.op.size();
  send.push_back({client, query_reply{q.number, status, slot_out, std::move(body), q.arrived}});
}

} // namespace pmmc
