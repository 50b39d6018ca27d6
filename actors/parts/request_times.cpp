#include "parts/request_times.hpp"

#include "node/node_messages.hpp"

namespace pmmc {

std::string_view to_string(reply_status status) {
  switch (status) {
  case reply_status::ok:
    return "ok";
  case reply_status::session_ended:
    return "session_ended";
  case reply_status::busy:
    return "busy";
  case reply_status::refused:
    return "refused";
  case reply_status::unavailable:
    return "unavailable";
  case reply_status::too_large:
    return "too_large";
  case reply_status::put_off:
    return "put_off";
  }
  return "unknown";
}

namespace {

std::string_view name_of(const request& r, const state_machine& machine) {
  switch (r.kind) {
  case request_kind::operation:
    return machine.name_of(r.op);
  case request_kind::open_session:
    return "open_session";
  case request_kind::end_session:
    return "end_session";
  case request_kind::reconfigure:
    return "reconfigure";
  case request_kind::found:
  case request_kind::refusal:
    break; // not for clients
  }
  return "malformed"; // of a kind that does not exist
}

} // namespace

void request_times::note_arrival(client_requests& m, const state_machine& machine) {
  const auto now_ns = steady_ns();
  for (auto& r : m.requests)
    r.arrived = {now_ns, index_of(name_of(r, machine))};
  for (auto& q : m.queries)
    q.arrived = {now_ns, index_of(machine.name_of(q.op))};
}

void request_times::observe(const std::vector<envelope>& out) {
  std::uint64_t now_ns = 0;
  for (const auto& e : out) {
    const auto count = [&](const auto* answer) {
      if (answer == nullptr || answer->arrived.at_ns == 0)
        return;
      if (now_ns == 0)
        now_ns = steady_ns();
      observe(answer->arrived, answer->status, now_ns);
    };
    count(std::get_if<response>(&e.body));
    count(std::get_if<query_reply>(&e.body));
  }
}

void request_times::observe(const arrival& arrived, reply_status status, std::uint64_t now_ns) {
  auto& seconds = by_operation_[arrived.operation].seconds[static_cast<std::size_t>(status)];
  if (!seconds)
    seconds.emplace(request_second_bounds);
  seconds->observe(static_cast<double>(now_ns - arrived.at_ns) / 1e9);
}

std::uint8_t request_times::index_of(std::string_view operation) {
  for (std::size_t i = 0; i < by_operation_.size(); ++i)
    if (by_operation_[i].operation == operation)
      return static_cast<std::uint8_t>(i);
  if (by_operation_.size() >= max_operations && operation != "other")
    return index_of("other");
  by_operation_.push_back({std::string{operation}, {}});
  return static_cast<std::uint8_t>(by_operation_.size() - 1);
}

} // namespace pmmc
