#include "sim/opening_client.hpp"

#include "base/codec.hpp"
#include "kv/single_call.hpp"
#include "sim/checkers/violation.hpp"

#include <iterator>
#include <utility>

namespace pmmc::sim {

namespace {
constexpr std::uint64_t openings_at_once = 100;
} // namespace

bool opening_client::is_quiet(std::string& why) const {
  if (is_done())
    return true;
  why += id().str() + " has opened " + std::to_string(opened_.size()) + " sessions, and " +
         std::to_string(ended_) + " have ended; ";
  return false;
}

void opening_client::on_tick() {
  const auto& latest = world_.checkers.truth().state().configurations().latest();
  const auto& replica = latest.state_holders().front().id;
  for (auto n = openings_at_once; n > 0 && asked_ < sessions; --n)
    world_.send(*this, replica, request{request_kind::open_session, 0, ++asked_, 0, {}});
  if (opened_.size() < sessions || std::exchange(has_probed_, true))
    return;
  for (auto it = opened_.begin(); it != std::next(opened_.begin(), probed); ++it)
    world_.send(*this, replica,
                request{request_kind::operation, *it, 1, 0, encode(kv::incr("k1"))});
}

void opening_client::on_message(const role_id&, message& m) {
  const auto* r = std::get_if<response>(&m);
  if (r == nullptr)
    return;
  if (r->session == 0) {
    demand(r->status == reply_status::ok,
           [] { return std::string{"X1: a session is not opened, without any faults"}; });
    opened_.insert(byte_reader{r->body}.varint());
    return;
  }
  // Ids grow with the slots in which sessions are opened.
  const auto place = std::distance(opened_.begin(), opened_.find(r->session));
  const bool is_over = r->status == reply_status::session_ended;
  demand(is_over == (static_cast<std::uint64_t>(place) < too_many), [&] {
    return "X1: of " + std::to_string(sessions) + " sessions the one that was opened as number " +
           std::to_string(place + 1) + (is_over ? " has ended" : " goes on");
  });
  ++(is_over ? ended_ : gone_on_);
}

} // namespace pmmc::sim
