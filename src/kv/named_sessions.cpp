#include "kv/named_sessions.hpp"

#include "base/invariant.hpp"
#include "kv/bytes.hpp"

#include <string>

namespace pmmc::kv {

namespace {

constexpr std::size_t session_bytes = 3 * sizeof(std::uint64_t);

/// The name's size comes first, so that no name is the beginning of another's keys.
std::string answer_key(std::string_view name, std::uint64_t number) {
  return std::string(1, static_cast<char>(name.size())).append(name).append(ordered(number));
}

} // namespace

struct named_sessions::session {
  std::uint64_t highest = 0;
  std::uint64_t kept = 0;  ///< number of answers
  std::uint64_t bytes = 0; ///< of them
};

std::optional<named_sessions::session> named_sessions::find(std::string_view name) const {
  const auto bytes = sessions_.find(name);
  if (!bytes)
    return std::nullopt;
  byte_reader in{*bytes};
  session s;
  s.highest = in.number<std::uint64_t>().value_or(0);
  s.kept = in.number<std::uint64_t>().value_or(0);
  s.bytes = in.number<std::uint64_t>().value_or(0);
  return s;
}

/// Writing is using.
void named_sessions::put(std::string_view name, const session& s) {
  if (const auto used = sessions_.stamp(name))
    by_use_.erase(ordered(*used));
  std::string bytes;
  append_number(bytes, s.highest);
  append_number(bytes, s.kept);
  append_number(bytes, s.bytes);
  sessions_.set(name, bytes, ++uses_);
  by_use_.insert_or_assign(ordered(uses_), name);
}

std::optional<std::uint64_t> named_sessions::highest(std::string_view name) const {
  const auto s = find(name);
  return s ? std::optional{s->highest} : std::nullopt;
}

std::optional<std::string_view> named_sessions::answer(std::string_view name,
                                                       std::uint64_t number) const {
  return answers_.find(answer_key(name, number));
}

void named_sessions::open(std::string_view name) {
  if (sessions_.map().size() >= limits_.sessions)
    remove(std::string{by_use_.begin()->value()});
  put(name, {});
}

void named_sessions::record(std::string_view name, std::uint64_t number, std::string_view answer) {
  PMMC_INVARIANT(answer.size() <= max_answer_bytes, "a session records what can be read again");
  auto s = *find(name);
  s.highest = number;
  ++s.kept;
  s.bytes += answer.size();
  answers_.set(answer_key(name, number), answer);
  while (s.kept > 1 && (s.kept > limits_.kept_answers || s.bytes > limits_.kept_answer_bytes))
    drop_oldest_answer(name, s);
  put(name, s);
}

void named_sessions::drop_oldest_answer(std::string_view name, session& s) {
  const auto oldest = answers_.map().lower_bound(answer_key(name, 0));
  s.bytes -= oldest->value().size();
  --s.kept;
  answers_.erase(std::string{oldest->key()});
}

void named_sessions::remove(std::string_view name) {
  auto s = *find(name);
  while (s.kept > 0)
    drop_oldest_answer(name, s);
  by_use_.erase(ordered(*sessions_.stamp(name)));
  sessions_.erase(name);
}

named_sessions named_sessions::clone() const {
  named_sessions copy{limits_};
  copy.sessions_ = sessions_.clone();
  copy.answers_ = answers_.clone();
  copy.by_use_ = by_use_.clone();
  copy.uses_ = uses_;
  return copy;
}

void named_sessions::write_to(std::ostream& out) const {
  write_u64(out, uses_);
  sessions_.write(out);
  answers_.write(out);
}

void named_sessions::read_from(std::istream& in) {
  *this = named_sessions{limits_};
  uses_ = read_u64(in);
  sessions_.read(in, max_name_bytes, session_bytes);
  answers_.read(in, 1 + max_name_bytes + sizeof(std::uint64_t), max_answer_bytes);
  std::uint64_t kept = 0;
  for (auto at = sessions_.map().begin(); at != sessions_.map().end(); ++at) {
    const auto s = *find(at->key());
    auto known = answers_.map().lower_bound(answer_key(at->key(), 0));
    const auto end = answer_key(at->key(), ~std::uint64_t{0});
    std::uint64_t count = 0, bytes = 0;
    for (; known != answers_.map().end() && known->key() <= end; ++known, ++count)
      bytes += known->value().size();
    if (count != s.kept || bytes != s.bytes || at->stamp() > uses_)
      reject_snapshot("a session does not fit its answers");
    kept += count;
    by_use_.insert_or_assign(ordered(at->stamp()), at->key());
  }
  if (kept != answers_.map().size() || by_use_.size() != sessions_.map().size())
    reject_snapshot("an answer has no session");
}

} // namespace pmmc::kv
