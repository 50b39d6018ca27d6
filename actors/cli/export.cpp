// `pmmc export`.
#include "base/codec.hpp"
#include "key_value.hpp"
#include "kv/reply.hpp"
#include "kv/transaction.hpp"
#include "node/blocking_client.hpp"
#include "text/escape.hpp"

#include <cstdio>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pmmc::cli {

namespace {

constexpr std::int64_t keys_at_once = 1'000; ///< that one question asks for

command_error no_answer() { return {internal_error, not_the_stores_answer}; }

/// What a transaction's calls were answered: replies, and in place the heads and the items of those
/// that are lists.
struct call_replies {
  std::uint64_t executed = 0; ///< calls
  std::vector<kv::reply_item> items;
};

/// They view `answer`; none is an error.
call_replies replies_in(std::string_view answer) {
  byte_reader in{answer};
  const auto status = in.varint();
  call_replies replies{in.varint(), {}};
  if (!in.ok() || status != static_cast<std::uint64_t>(kv::transaction_status::done))
    throw no_answer();
  while (!in.at_end()) {
    const auto reply = kv::next_reply(in);
    if (!reply)
      throw no_answer();
    if (reply->kind == kv::reply_kind::error)
      throw command_error{internal_error, std::string{reply->bytes}};
    replies.items.push_back(*reply);
  }
  return replies;
}

std::string read_frozen(blocking_client& c, std::string op) {
  std::string error;
  auto answer = c.read_frozen(std::move(op), error);
  if (!answer)
    throw command_error{not_executed, "export failed: " + error + "; run it again"};
  return std::move(*answer);
}

/// Keys of the frozen state, in their order.
struct key_page {
  std::vector<std::string> keys;
  std::optional<std::string> last; ///< go on behind it; nothing: these were the last ones
};

key_page read_keys(blocking_client& c, const std::string& after) {
  kv::transaction t;
  t.calls.push_back({kv::verb::scan, 0, keys_at_once, {after}});
  const auto answer = read_frozen(c, kv::encode(t));
  const auto replies = replies_in(answer);
  // An array of two: the last key or nil, and an array of the keys.
  if (replies.executed != 1 || replies.items.size() < 3 ||
      replies.items[2].items != replies.items.size() - 3)
    throw no_answer();
  key_page page;
  if (replies.items[1].kind == kv::reply_kind::bulk)
    page.last = std::string{replies.items[1].bytes};
  for (const auto& key : std::span{replies.items}.subspan(3))
    page.keys.emplace_back(key.bytes);
  return page;
}

/// Whether any key of the frozen state has a deadline: whoever asks at the end of time is told that
/// it has been reached.
bool has_deadlines(blocking_client& c) {
  kv::transaction t;
  t.now = std::numeric_limits<kv::log_time>::max();
  t.calls.push_back({kv::verb::dbsize, 0, 0, {}});
  const auto answer = read_frozen(c, kv::encode(t));
  return answer.starts_with(static_cast<char>(kv::transaction_status::due));
}

/// `deadline_ms` is negative: the key has none.
void print_entry(std::string_view key, std::string_view value, std::int64_t deadline_ms) {
  auto line = text::escape(key) + "\t" + text::escape(value);
  if (deadline_ms >= 0)
    line += "\t" + std::to_string(deadline_ms);
  line += "\n";
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size())
    throw command_error{internal_error, "cannot write to stdout"};
}

/// The values of some keys of the frozen state, and their deadlines: a call each. Not all may be
/// executed at once; returns how many keys were printed, at least one.
std::size_t print_entries(blocking_client& c, std::span<const std::string> keys,
                          bool with_deadlines) {
  kv::transaction t;
  for (const auto& key : keys) {
    if (with_deadlines)
      t.calls.push_back(
          {kv::verb::ttl, kv::call_flags::absolute | kv::call_flags::in_ms, 0, {key}});
    t.calls.push_back({kv::verb::get, 0, 0, {key}});
  }
  const std::size_t calls = with_deadlines ? 2 : 1; // of a key
  const auto answer = read_frozen(c, kv::encode(t));
  const auto replies = replies_in(answer);
  const auto printed = replies.items.size() / calls;
  if (replies.executed != replies.items.size() || printed == 0 || printed > keys.size())
    throw no_answer();
  for (std::size_t i = 0; i < printed; ++i)
    print_entry(keys[i], replies.items[calls * (i + 1) - 1].bytes,
                with_deadlines ? replies.items[calls * i].integer : -1);
  return printed;
}

} // namespace

/// The read before the export makes it linearizable: the replica that answered it has performed
/// everything that was acknowledged before, and is the one whose state is frozen then.
int export_all(const arguments& a) {
  a.expect_words(0, 0);
  const auto cluster = a.load_cluster();
  blocking_client c{cluster, a.timeout, still_trying(a)};
  const auto barrier = c.call_query(kv::encode(kv::get("-")));
  if (barrier.kind != outcome_kind::done) {
    const auto d = describe_failure(barrier);
    throw command_error{d.code, d.error};
  }
  std::string error;
  if (!c.freeze(barrier.replica, error))
    throw command_error{not_executed, error + "; run it again"};
  const bool with_deadlines = has_deadlines(c);
  std::string after;
  for (bool more = true; more;) {
    const auto page = read_keys(c, after);
    for (std::span keys{page.keys}; !keys.empty();)
      keys = keys.subspan(print_entries(c, keys, with_deadlines));
    more = page.last.has_value();
    after = page.last.value_or("");
  }
  return done;
}

} // namespace pmmc::cli
