#include "kv/kv_store.hpp"

#include "codec.hpp"
#include "kv/execution.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <istream>
#include <ostream>

namespace pmmc::kv {

namespace {

constexpr std::string_view magic = "pmmckv2\n";
constexpr std::size_t page_entry_header_bytes = sizeof(std::uint16_t) + sizeof(std::uint32_t);

std::string malformed() { return encode(answer{answer_status::malformed, {}}); }

struct key_of {
  std::string_view operator()(const auto& op) const { return op.key; }
  std::string_view operator()(const scan& op) const { return op.after; }
};

struct operation_name {
  std::string_view operator()(const put&) const { return "put"; }
  std::string_view operator()(const get&) const { return "get"; }
  std::string_view operator()(const append&) const { return "append"; }
  std::string_view operator()(const del&) const { return "del"; }
  std::string_view operator()(const cas&) const { return "cas"; }
  std::string_view operator()(const incr&) const { return "incr"; }
  std::string_view operator()(const scan&) const { return "scan"; }
};

/// Says what is wrong with the key, or nothing. A scan may begin at the empty one.
std::optional<answer_status> check_key(const operation& op) {
  auto key = std::visit(key_of{}, op);
  if (key.empty() && !std::holds_alternative<scan>(op))
    return answer_status::malformed;
  if (key.size() > max_key_bytes)
    return answer_status::too_large;
  return std::nullopt;
}

} // namespace

// --- operations ---------------------------------------------------------------------------------

answer kv_store::execute(const put& op) {
  if (op.value.size() > max_value_bytes)
    return {answer_status::too_large, {}};
  keys_.write(op.key, op.value);
  return {};
}

answer kv_store::execute(const append& op) {
  auto old = keys_.find(op.key).value_or(std::string_view{});
  if (op.value.size() > max_value_bytes - old.size())
    return {answer_status::too_large, {}};
  std::string value;
  value.reserve(old.size() + op.value.size());
  value.append(old).append(op.value);
  keys_.rewrite(op.key, value);
  return {answer_status::ok, std::uint64_t{value.size()}};
}

answer kv_store::execute(const del& op) {
  if (!keys_.erase(op.key))
    return {answer_status::absent, {}};
  return {};
}

answer kv_store::execute(const cas& op) {
  if (op.value.size() > max_value_bytes)
    return {answer_status::too_large, {}};
  auto current = keys_.find(op.key);
  if (current != op.expected) {
    answer refusal{answer_status::mismatch, {}};
    if (current)
      refusal.payload = std::string{*current};
    return refusal;
  }
  keys_.write(op.key, op.value);
  return {};
}

answer kv_store::execute(const incr& op) {
  auto number = text::parse_int64(keys_.find(op.key).value_or("0"));
  if (!number)
    return {answer_status::not_a_number, {}};
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, op.by, &sum))
    return {answer_status::overflow, {}};
  keys_.rewrite(op.key, std::to_string(sum));
  return {answer_status::ok, sum};
}

answer kv_store::execute(const get& op) const {
  auto value = keys_.find(op.key);
  if (!value)
    return {answer_status::absent, {}};
  return {answer_status::ok, std::string{*value}};
}

answer kv_store::execute(const scan& op) const {
  // A limit of 0 wraps to the largest number, so that the store's own limit applies.
  auto max_bytes = std::min(op.max_bytes - 1, max_scan_bytes - 1) + std::size_t{1};
  auto max_entries = op.max_entries - 1 + std::size_t{1};
  scan_page page;
  std::size_t bytes = 0;
  const auto& map = keys_.entries();
  auto at = map.upper_bound(op.after);
  for (; at != map.end() && page.entries.size() < max_entries; ++at) {
    bytes += page_entry_header_bytes + at->key().size() + at->value().size();
    if (bytes > max_bytes && !page.entries.empty())
      break;
    page.entries.push_back({std::string{at->key()}, std::string{at->value()}});
  }
  page.more = at != map.end();
  return {answer_status::ok, std::move(page)};
}

std::string kv_store::apply(std::string_view bytes) {
  if (const auto t = decode_transaction(bytes))
    return apply(*t);
  auto op = decode_operation(bytes);
  if (!op)
    return malformed();
  if (auto mistake = check_key(*op))
    return encode(answer{*mistake, {}});
  return encode(std::visit([this](const auto& o) { return execute(o); }, *op));
}

std::string kv_store::query(std::string_view bytes) const {
  if (const auto t = decode_transaction(bytes))
    return query(*t);
  auto op = decode_operation(bytes);
  if (!op || !is_query(*op))
    return malformed();
  if (auto mistake = check_key(*op))
    return encode(answer{*mistake, {}});
  if (const auto* o = std::get_if<get>(&*op))
    return encode(execute(*o));
  return encode(execute(std::get<scan>(*op)));
}

// --- transactions -------------------------------------------------------------------------------

namespace {

std::string status_only(transaction_status status) {
  return std::string(1, static_cast<char>(status));
}

constexpr std::string_view no_room =
    "ERR not executed: the replies would be larger than 16 MiB; ask for less (for KEYS: use SCAN)";
constexpr std::size_t no_room_bytes = 2 + no_room.size();
constexpr std::size_t answer_head_bytes = 1 + 10; ///< status, number of calls executed
constexpr auto most_reply_bytes = max_whole_reply_bytes - answer_head_bytes;
static_assert(no_room_bytes <= small_reply_bytes && max_calls * no_room_bytes <= most_reply_bytes,
              "there is always room to refuse");

/// `execute_call` writes a reply; if there is no room for it, it changes nothing and returns false.
template <class ExecuteCall>
std::string run_calls(const transaction& t, ExecuteCall execute_call) {
  reply_writer out;
  std::size_t executed = 0;
  for (const auto& c : t.calls) {
    if (!t.whole && out.size() >= max_reply_bytes)
      break;
    // The calls behind this one may have to be refused.
    const auto behind = t.whole ? t.calls.size() - executed - 1 : 0;
    const auto before = out.size();
    out.limit(most_reply_bytes - behind * no_room_bytes);
    if (!out.has_room_for(small_reply_bytes) || !execute_call(c, out)) {
      out.cut(before);
      if (!t.whole && executed > 0)
        break; // it goes again, as the first one
      out.error(no_room);
    }
    ++executed;
  }
  auto head = status_only(transaction_status::done);
  put_varint(head, executed);
  return out.take().insert(0, head);
}

} // namespace

std::string kv_store::apply(const transaction& t) {
  keys_.advance(t.now);
  return t.session.empty() ? run(t) : apply_once(t);
}

std::string kv_store::run(const transaction& t) {
  for (const auto& [key, version] : t.watched)
    if (keys_.version(key) != version)
      return status_only(transaction_status::aborted);
  return run_calls(t, [this](const call& c, reply_writer& out) {
    if (c.what == verb::session)
      open_session(c.words.empty() ? std::string_view{} : c.words[0], out);
    else
      return kv::execute(keys_, c, out);
    return true;
  });
}

std::string kv_store::apply_once(const transaction& t) {
  const auto highest = sessions_.highest(t.session);
  if (!highest)
    return status_only(transaction_status::no_session);
  if (t.sequence <= *highest) {
    const auto known = sessions_.answer(t.session, t.sequence);
    return known ? std::string{*known} : status_only(transaction_status::overtaken);
  }
  auto answer = run(t);
  sessions_.record(t.session, t.sequence, answer);
  return answer;
}

void kv_store::open_session(std::string_view name, reply_writer& out) {
  if (name.empty() || name.size() > named_sessions::max_name_bytes)
    return out.error(named_sessions::name_error);
  const auto highest = sessions_.highest(name);
  if (!highest)
    sessions_.open(name);
  out.array(2);
  out.bulk(highest ? "resumed" : "new");
  out.integer(static_cast<std::int64_t>(highest.value_or(0)));
}

std::string kv_store::query(const transaction& t) const {
  if (!t.session.empty() ||
      std::any_of(t.calls.begin(), t.calls.end(), [](const call& c) { return !is_read(c.what); }))
    return malformed();
  for (const auto& c : t.calls)
    if (is_due(keys_, c, t.now))
      return status_only(transaction_status::due);
  for (const auto& [key, version] : t.watched)
    if (keys_.version(key) != version)
      return status_only(transaction_status::aborted);
  return run_calls(
      t, [this, &t](const call& c, reply_writer& out) { return read(keys_, c, t.now, out); });
}

// --- the state as a whole -----------------------------------------------------------------------

std::string_view kv_store::name_of(std::string_view op) const {
  if (const auto name = name_of_transaction(op); !name.empty())
    return name;
  const auto decoded = decode_operation(op);
  return decoded ? std::visit(operation_name{}, *decoded) : "malformed";
}

std::unique_ptr<state_machine> kv_store::clone() const {
  auto copy = std::make_unique<kv_store>();
  copy->keys_ = keys_.clone();
  copy->sessions_ = sessions_.clone();
  return copy;
}

std::uint64_t kv_store::fingerprint() const {
  return keys_.fingerprint() + sessions_.fingerprint();
}

std::size_t kv_store::size_bytes() const {
  return magic.size() + keys_.size_bytes() + sessions_.size_bytes() + sizeof(std::uint64_t);
}

void kv_store::snapshot(std::ostream& out) const {
  out << magic;
  keys_.write_to(out);
  sessions_.write_to(out);
  write_u64(out, fingerprint());
}

void kv_store::restore(std::istream& in) {
  if (read_exactly(in, magic.size()) != magic)
    reject_snapshot("it does not begin with \"pmmckv2\"");
  kv_store fresh;
  fresh.keys_.read_from(in);
  fresh.sessions_.read_from(in);
  if (read_u64(in) != fresh.fingerprint())
    reject_snapshot("its fingerprint does not match its entries");
  *this = std::move(fresh);
}

} // namespace pmmc::kv
