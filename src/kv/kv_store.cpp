#include "kv/kv_store.hpp"

#include "base/codec.hpp"
#include "kv/execution.hpp"

#include <algorithm>
#include <istream>
#include <ostream>

namespace pmmc::kv {

namespace {

constexpr std::string_view magic = "pmmckv2\n";

std::string malformed() {
  return {static_cast<char>(transaction_status::malformed), '\0'}; // nothing was executed
}

} // namespace

std::string kv_store::apply(std::string_view op) {
  const auto t = decode_transaction(op);
  return t ? apply(*t) : malformed();
}

std::string kv_store::query(std::string_view op) const {
  const auto t = decode_transaction(op);
  return t ? query(*t) : malformed();
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
static_assert(no_room_bytes <= small_reply_bytes &&
                  answer_head_bytes + max_calls * no_room_bytes <= max_whole_reply_bytes,
              "there is always room to refuse");

/// `execute_call` writes a reply; if there is no room for it, it changes nothing and returns false.
template <class ExecuteCall>
std::string run_calls(const transaction& t, const store_limits& limits, ExecuteCall execute_call) {
  const auto most_bytes = limits.whole_reply_bytes - answer_head_bytes;
  reply_writer out;
  std::size_t executed = 0;
  for (const auto& c : t.calls) {
    if (!t.whole && out.size() >= max_reply_bytes)
      break;
    // The calls behind this one may have to be refused.
    const auto behind = t.whole ? t.calls.size() - executed - 1 : 0;
    const auto before = out.size();
    out.limit(most_bytes - behind * no_room_bytes);
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
  return run_calls(t, limits_, [this](const call& c, reply_writer& out) {
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
  return run_calls(t, limits_, [this, &t](const call& c, reply_writer& out) {
    return read(keys_, c, t.now, out);
  });
}

// --- the state as a whole -----------------------------------------------------------------------

std::string_view kv_store::name_of(std::string_view op) const {
  const auto name = name_of_transaction(op);
  return name.empty() ? "malformed" : name;
}

std::unique_ptr<state_machine> kv_store::clone() const {
  auto copy = std::make_unique<kv_store>(limits_);
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
  kv_store fresh{limits_};
  fresh.keys_.read_from(in);
  fresh.sessions_.read_from(in);
  if (read_u64(in) != fresh.fingerprint())
    reject_snapshot("its fingerprint does not match its entries");
  *this = std::move(fresh);
}

} // namespace pmmc::kv
