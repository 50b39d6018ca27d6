// The log time: what operations carry of it, how keys expire, PMMC CLOCK.
#include "kv/reply.hpp"
#include "redis/front.hpp"
#include "text/number.hpp"

namespace pmmc::redis {

void front::set_log_clock(std::optional<kv::log_time> now) { log_now_ = now; }

kv::log_time front::now_for(const kv::transaction& t) const {
  // An administrator's word: no clock is to come before it.
  if (!t.calls.empty() && t.calls.front().what == kv::verb::set_clock)
    return 0;
  return log_now_.value_or(0);
}

bool front::says_due(const client_outcome& outcome) {
  return outcome.kind == outcome_kind::done && !outcome.body.empty() &&
         outcome.body.front() == static_cast<char>(kv::transaction_status::due);
}

void front::expire_keys() {
  if (std::exchange(expiring_, true))
    return;
  kv::transaction t;
  t.now = now_for(t);
  t.calls.push_back({kv::verb::clock, 0, 0, {}}); // due if any key is
  tickets_out_[++tickets_].is_query = true;
  out_.submit.push_back({tickets_, true, kv::encode(t)});
}

/// Of what expire_keys sent: the log time, or that it must be moved first.
void front::settle_expiry(const client_outcome& outcome) {
  expiring_ = says_due(outcome);
  if (expiring_) {
    kv::transaction t;
    t.now = now_for(t);
    tickets_out_.emplace(++tickets_, place{});
    out_.submit.push_back({tickets_, false, kv::encode(t)});
    return;
  }
  const std::string_view answer = outcome.body;
  if (outcome.kind != outcome_kind::done ||
      !answer.starts_with(static_cast<char>(kv::transaction_status::done)))
    return;
  pmmc::byte_reader in{answer.substr(1)};
  if (in.varint() == 0)
    return; // nothing was asked: it only moved the log time
  if (const auto time = kv::next_reply(in); time && time->kind == kv::reply_kind::integer)
    log_time_ = static_cast<kv::log_time>(time->integer);
}

/// PMMC CLOCK, PMMC CLOCK SET ms|NOW. Alone in its bundle.
bool front::take_clock(connection& c, bundle& b) {
  const auto& r = c.queue.front();
  kv::call call{kv::verb::clock, 0, 0, {}};
  std::string error;
  if (r.size() == 4 && equals_ignoring_case(r[2], "set")) {
    call.what = kv::verb::set_clock;
    const bool to_now = equals_ignoring_case(r[3], "now");
    const auto ms = to_now ? log_now_ : text::parse_uint64(r[3]);
    if (to_now && !ms)
      error = "TRYAGAIN not executed: this process has not heard from a majority of the replicas "
              "yet what time it is; give the time in ms since 1970, or try again";
    else if (!ms || *ms > kv::last_log_time)
      error = "ERR PMMC CLOCK SET takes NOW, or a time in ms since 1970";
    else
      call.number = static_cast<std::int64_t>(*ms);
  } else if (r.size() != 2) {
    error = "ERR usage: PMMC CLOCK, or PMMC CLOCK SET ms|NOW";
  }
  if (!error.empty()) {
    take_error(c, b, error);
    return true;
  }
  b.cost += r.cost();
  c.queue.pop_front();
  ++commands_;
  b.items.push_back({item_kind::call, c.version, 0, 0, {}});
  b.t.calls.push_back(std::move(call));
  return false;
}

} // namespace pmmc::redis
