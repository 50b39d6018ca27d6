#include "redis/settle.hpp"

#include "kv/reply.hpp"
#include "redis/answer_shape.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace pmmc::redis {

namespace {

constexpr std::string_view another_request =
    "ERR this number of the PMMC session was used for another request, whose reply does not fit "
    "this one. Not executed";
constexpr std::size_t large_answer_bytes = 64 << 10; // the output grows once for it

void settle_watch(pending_transaction& t, const request& r, pmmc::byte_reader& in,
                  std::string& out) {
  const auto head = kv::next_reply(in);
  const bool is_told = head && head->kind == kv::reply_kind::array;
  if (!is_told || !t.has_room_to_watch(r)) {
    t.watch_failed();
    return put_error(out, is_told ? pending_transaction::busy
                          : head  ? head->bytes
                                  : "ERR no reply");
  }
  for (std::uint64_t n = 0; n < head->items && n + 1 < r.size(); ++n)
    if (const auto version = kv::next_reply(in))
      t.watch(r[n + 1], static_cast<std::uint64_t>(version->integer));
  put_status(out, "OK");
}

void settle_scan(scan_cursors& cursors, protocol version, pmmc::byte_reader& in, std::string& out) {
  const auto head = kv::next_reply(in);
  if (!head || head->kind != kv::reply_kind::array)
    return put_error(out, head ? head->bytes : "ERR no reply");
  const auto last = kv::next_reply(in);
  put_array(out, 2);
  const bool more = last && last->kind == kv::reply_kind::bulk;
  put_bulk(out, more ? std::to_string(cursors.add(last->bytes)) : "0");
  put_reply(out, version, in);
}

/// Puts the replies of the calls that were executed into their places. The rest goes again.
void settle_calls(connection& c, bundle& b, scan_cursors& cursors, pmmc::byte_reader& in,
                  std::uint64_t executed) {
  for (; b.next_item < b.items.size(); ++b.next_item) {
    const auto& i = b.items[b.next_item];
    if (i.kind == item_kind::text) {
      b.output += i.text;
      continue;
    }
    if (i.kind == item_kind::exec) {
      put_array(b.output, i.count);
      continue;
    }
    if (executed == 0)
      break;
    --executed;
    if (i.kind == item_kind::call)
      put_reply(b.output, i.version, in);
    else if (i.kind == item_kind::scan)
      settle_scan(cursors, i.version, in, b.output);
    else
      settle_watch(c.transaction, b.requests[i.request], in, b.output);
  }
  b.done = b.next_item == b.items.size();
  if (b.done)
    return;
  const auto left = std::count_if(
      b.items.begin() + static_cast<std::ptrdiff_t>(b.next_item), b.items.end(),
      [](const item& i) { return i.kind != item_kind::text && i.kind != item_kind::exec; });
  b.t.calls.erase(b.t.calls.begin(), b.t.calls.end() - left);
}

/// A watched key has changed.
void settle_aborted(connection& c, bundle& b) {
  if (std::none_of(b.items.begin(), b.items.end(),
                   [](const item& i) { return i.kind == item_kind::exec; }))
    return fail(c, b, another_request);
  for (; b.items[b.next_item].kind != item_kind::exec; ++b.next_item)
    b.output += b.items[b.next_item].text;
  put_nil_array(b.output, b.items[b.next_item].version);
  b.done = true;
}

void settle_done(connection& c, bundle& b, scan_cursors& cursors, std::string_view answer) {
  const auto status = answer.empty() ? kv::transaction_status::malformed
                                     : static_cast<kv::transaction_status>(answer.front());
  switch (status) {
  case kv::transaction_status::done: {
    if (answer.size() > large_answer_bytes)
      b.output.reserve(b.output.size() + answer.size() + answer.size() / 16);
    pmmc::byte_reader in{answer.substr(1)};
    const auto executed = in.varint();
    const auto calls = b.t.calls.size();
    if (!b.t.session.empty() && (executed != calls || !has_replies_to(b, in)))
      return fail(c, b, another_request);
    if (executed > calls || (executed == 0 && calls > 0))
      break; // the first call is executed always: it would be sent again for ever
    return settle_calls(c, b, cursors, in, executed);
  }
  case kv::transaction_status::aborted:
    return settle_aborted(c, b);
  case kv::transaction_status::no_session:
    return fail(c, b,
                "ERR this PMMC session has ended (there were too many newer ones); whether "
                "earlier requests were executed is not known any more. Not executed");
  case kv::transaction_status::overtaken:
    return fail(c, b,
                "ERR a later request of this PMMC session has been executed: either this one "
                "was, too, and its reply is not kept any more, or it never will be");
  case kv::transaction_status::due:
  case kv::transaction_status::malformed:
    break;
  }
  fail(c, b, "ERR the replicas did not understand the operation: do they run the same version?");
}

} // namespace

void settle(connection& c, bundle& b, const client_outcome& outcome, scan_cursors& cursors) {
  switch (outcome.kind) {
  case outcome_kind::done:
    return settle_done(c, b, cursors, outcome.body);
  case outcome_kind::refused:
    return fail(c, b, "ERR not executed: " + outcome.body);
  case outcome_kind::not_executed:
    return fail(
        c, b, (outcome.busy ? "BUSY not executed: " : "CLUSTERDOWN not executed: ") + outcome.body);
  case outcome_kind::unknown:
    return fail(c, b, "CLUSTERDOWN it is not known whether this was executed: " + outcome.body);
  }
}

void fail(connection& c, bundle& b, std::string_view error) {
  for (; b.next_item < b.items.size(); ++b.next_item) {
    const auto& i = b.items[b.next_item];
    if (i.kind == item_kind::text)
      b.output += i.text;
    else
      put_error(b.output, error);
    if (i.kind == item_kind::watch)
      c.transaction.watch_failed();
    if (i.kind == item_kind::exec)
      break;
  }
  b.done = true;
}

} // namespace pmmc::redis
