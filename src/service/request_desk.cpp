#include "service/request_desk.hpp"

#include "service/batch.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

namespace {

/// Empty: it is not.
std::string why_refused(const request& m, std::size_t max_op_bytes) {
  if (!is_client_kind(static_cast<std::uint64_t>(m.kind)))
    return "the request is of a kind that does not exist";
  if (m.op.size() > max_op_bytes)
    return too_large_text(m.op.size(), max_op_bytes);
  return {};
}

/// What the log does not know of its cluster: which one it is, or the disk of a member that this
/// replica has met.
std::optional<found_claim> claim_for(const replicated_state& state, cluster_identity founds,
                                     const std::map<role_id, std::string>& disks_met) {
  const auto identity = state.identity() == 0 ? founds : state.identity();
  auto disks = state.configurations().new_disks(disks_met);
  if (identity == 0 || (state.identity() != 0 && disks.empty()))
    return std::nullopt;
  return found_claim{identity, state.facts(), std::move(disks)};
}

} // namespace

void request_desk::on(const role_id& client, request m, const replicated_state& state,
                      std::uint64_t tick, std::vector<envelope>& send) {
  const auto key = key_of(m);
  const auto arrived = m.arrived;
  if (auto known = state.sessions().known_answer(m, state.slot_out())) {
    known->arrived = arrived;
    send.push_back({client, std::move(*known)});
    return;
  }
  if (queue_.ask_again(key, client, tick))
    return;
  if (const auto why = why_refused(m, options_.max_op_bytes); !why.empty()) {
    if (m.session == 0) {
      send.push_back({client, response{0, key.sequence, reply_status::refused, why, arrived}});
      return;
    }
    m.kind = request_kind::refusal; // or its number would be missing, and hold up those behind it
    m.op = why;
  }
  if (!admit(std::move(m), client, state, tick))
    send.push_back(
        {client, response{key.session, key.sequence, reply_status::busy,
                          options_.id.str() + " has too many requests waiting", arrived}});
}

void request_desk::on(handoff m, const replicated_state& state, std::uint64_t tick) {
  for (auto& r : m.requests)
    if (!state.sessions().known_answer(r, state.slot_out()) && !queue_.contains(key_of(r)) &&
        !state.sessions().holds_back(r.session, r.sequence) &&
        is_client_kind(static_cast<std::uint64_t>(r.kind)))
      admit(std::move(r), {}, state, tick);
}

bool request_desk::admit(request m, const role_id& client, const replicated_state& state,
                         std::uint64_t tick) {
  const bool is_decided = state.sessions().holds_back(m.session, m.sequence);
  return queue_.add(std::move(m), client, is_decided, tick);
}

void request_desk::on_tick(const replicated_state& state, std::uint64_t tick,
                           std::vector<envelope>& send) {
  if (tick % options_.resend_ticks == 0) // the connection may have dropped it
    take_back(state, tick, send, std::uint64_t{10} * options_.resend_ticks);
  if (tick % options_.forget_held_back_ticks == 0)
    queue_.forget_held_back(tick, options_.forget_held_back_ticks);
}

std::optional<request_desk::batch>
request_desk::next_batch(const replicated_state& state,
                         const std::map<role_id, std::string>& disks_met, bool take_changes_out) {
  auto queued = queue_.next_batch();
  if (queued.empty())
    return std::nullopt;
  batch next;
  if (take_changes_out) {
    const auto changes = std::stable_partition(queued.begin(), queued.end(), [](const auto* r) {
      return r->kind != request_kind::reconfigure;
    });
    for (auto r = changes; r != queued.end(); ++r)
      next.changes.push_back(key_of(**r));
    queued.erase(changes, queued.end());
  }
  for (const auto* r : queued)
    next.requests.push_back(key_of(*r));
  request claim;
  if (const auto made = claim_for(state, options_.founds, disks_met)) {
    claim = found_request(*made);
    queued.push_back(&claim); // last: a session's id is its place
  }
  next.value = encode_batch(queued);
  next.entries = queued.size();
  return next;
}

request_desk::batch request_desk::batch_of(const request_key& key) const {
  const request* const only = queue_.find(key);
  return {{key}, encode_batch({&only, 1}), 1, {}};
}

std::size_t request_desk::hand_on(const role_id& to, std::uint64_t tick,
                                  std::vector<envelope>& send) {
  std::size_t number = 0;
  while (queue_.queued() > 0) {
    auto [requests, clients] = queue_.next_handoff(tick);
    number += requests.size();
    for (const auto& client : clients)
      send.push_back({client, better_replica{options_.id, to}});
    if (!requests.empty())
      send.push_back({to, handoff{options_.id, std::move(requests)}});
  }
  return number;
}

void request_desk::take_back(const replicated_state& state, std::uint64_t tick,
                             std::vector<envelope>& send, std::uint64_t least_ticks) {
  answer(queue_.take_back(state.sessions(), state.slot_out(), tick, least_ticks), send);
}

void request_desk::answer(std::vector<response> responses, std::vector<envelope>& send) {
  for (auto& r : responses) {
    const auto asker = queue_.remove({r.session, r.sequence});
    if (!asker || asker->client.empty())
      continue;
    r.arrived = asker->arrived;
    send.push_back({asker->client, std::move(r)});
  }
}

void request_desk::skipped(const replicated_state& state, std::set<request_key> proposed,
                           std::vector<envelope>& send) {
  answer(queue_.known_answers(state.sessions(), state.slot_out(), proposed), send);
  queue_.queue_again(proposed);
}

void request_desk::explain(const std::string& why, std::vector<envelope>& send) const {
  for (const auto& [client, key] : queue_.clients())
    send.push_back({client, response{key.session, key.sequence, reply_status::unavailable, why}});
}

} // namespace pmmc
