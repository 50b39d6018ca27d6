// What a simulated Redis client makes of the replies.
#include "sim/checkers/violation.hpp"
#include "sim/redis_client_host.hpp"
#include "sim/redis_port_host.hpp"

#include <utility>

namespace pmmc::sim {

namespace {

constexpr unsigned most_attempts = 12; ///< of a request that is refused as too much
constexpr std::size_t most_refusal_cost = 400;
using kind = resp_value::kind;

} // namespace

void redis_client_host::take(resp_value&& v) {
  if (v.is_error("ERR max number of clients"))
    return refused();
  is_heard_ = true;
  demand(!expected_.empty(),
         [&] { return "P1: " + id().str() + " is told " + describe(v) + ", and asked nothing"; });
  const bool was_full = expected_.front().what == expected::kind::counted && may_be_full();
  const auto e = std::move(expected_.front());
  expected_.pop_front();
  world_.facts.count(fact::redis_reply);
  if (world_.log.tells_messages)
    world_.tell(id().str() + " is told " + describe(v));
  const auto is = [&](std::string_view status) {
    return v.what == kind::status && v.text == status;
  };
  world_.facts.count(fact::redis_refused_as_busy, v.is_error("BUSY"));
  const auto busy = [&] { return v.is_error("BUSY") || v.is_error("CLUSTERDOWN"); };
  const auto fits = [&](bool good) {
    demand(good, [&] { return "P1: " + id().str() + " is told " + describe(v) + " out of order"; });
  };
  switch (e.what) {
  case expected::kind::answer:
    return settle_record(e.place, std::move(v));
  case expected::kind::ok:
    return fits(is("OK") || busy());
  case expected::kind::queued:
    return fits(is("QUEUED") || busy() || v.is_error("ERR a transaction has at most"));
  case expected::kind::refused:
    return fits(v.is_error());
  case expected::kind::local:
    return fits(e.text.empty() || v.text == e.text || busy());
  case expected::kind::counted:
    world_.facts.count(fact::redis_wait, v.what == kind::integer);
    return fits(busy() || (v.what == kind::integer && v.integer >= 0 &&
                           (v.integer >= e.wanted || world_.now() >= e.waits_until || was_full)));
  case expected::kind::watched: {
    auto& w = seen_.watches[e.place];
    fits(is("OK") || busy());
    w.failed = !is("OK");
    w.returned = w.failed ? w.returned : world_.now();
    return;
  }
  case expected::kind::session: {
    session_is_asked_for_ = false;
    if (busy()) {
      if (request_ && !request_->is_sent) // it was to follow; or else its own reply says the same
        ask_again();
      return;
    }
    fits(v.what == kind::array && v.items.size() == 2 &&
         v.items[1].integer <= static_cast<std::int64_t>(number_));
    if (session_is_known_ && v.items[0].text != "resumed") {
      demand(world_.checkers.truth().model().store().sessions().ended() > 0,
             [&] { return "X3: the session " + session_ + " is new again"; });
      return give_up_session();
    }
    session_is_known_ = true;
  }
  }
}

/// A port that has little room takes no patience with so many requests behind a WAIT.
bool redis_client_host::may_be_full() const {
  std::size_t cost = most_refusal_cost; // in the place of the last one
  for (const auto& e : expected_)
    cost += e.cost;
  return world_.options.redis_has_little_room && cost >= redis_port_host::many_unanswered_bytes;
}

void redis_client_host::settle_record(std::size_t place, resp_value&& v) {
  auto& r = seen_.records[place];
  if (!r.session.empty())
    return settle_request(place, std::move(v));
  r.returned = world_.now();
  if (v.is_error("CLUSTERDOWN it is not known"))
    r.end = operation_end::unknown;
  else if (v.is_error("BUSY") && may_repeat_messages(world_.options))
    r.end = operation_end::unknown; // see core_client::settle
  else if (v.is_error("CLUSTERDOWN") || v.is_error("BUSY") || v.is_error("EXECABORT"))
    r.end = operation_end::not_executed;
  else
    r.end = operation_end::answered;
  r.reply = std::move(v);
  note(r);
}

/// Until there is an answer the same number is sent again.
void redis_client_host::settle_request(std::size_t place, resp_value&& v) {
  auto& r = seen_.records[place];
  if (v.is_error("CLUSTERDOWN") || v.is_error("BUSY") || v.is_error("EXECABORT") ||
      v.is_error("ERR PMMC REQ needs a session") || v.is_error("ERR this PMMC session has ended")) {
    if (request_->attempts > most_attempts && !v.is_error("CLUSTERDOWN")) {
      r.end = operation_end::unknown; // it may be too large for any port
      return request_.reset();
    }
    return ask_again();
  }
  demand(!v.is_error("ERR a later request"), [&] {
    return "X3: request " + std::to_string(r.number) + " of " + r.session +
           " is the latest, and said to be overtaken";
  });
  r.returned = world_.now();
  r.end = operation_end::answered;
  r.reply = std::move(v);
  request_.reset();
  note(r);
}

/// Whatever was wrong, the session is opened again, and often at another port: this one's replica
/// may be barred for good.
void redis_client_host::ask_again() {
  request_->is_sent = false;
  has_session_ = false;
  next_at_ = world_.now() + random_.below(300 * millisecond);
  if (expected_.empty() && one_in(2))
    leave();
}

void redis_client_host::note(const redis_record& r) {
  auto& facts = world_.facts;
  facts.count(fact::redis_unknown, r.end == operation_end::unknown);
  facts.count(fact::refused_as_too_large, r.reply.is_error("ERR not executed: with the names"));
  facts.count(fact::redis_port_of_no_member, r.reply.is_error("CLUSTERDOWN not executed: replica"));
  if (r.end != operation_end::answered)
    return;
  facts.count(fact::redis_exec, r.is_exec && r.reply.what == kind::array);
  facts.count(fact::redis_exec_refused, r.is_exec && r.reply.is_nil());
  const auto& words = r.commands[0].words;
  facts.count(fact::redis_lock_refused, !r.is_exec && words[0] == "SET" && words.size() > 3 &&
                                            words[3] == "nx" && r.reply.is_nil());
}

} // namespace pmmc::sim
