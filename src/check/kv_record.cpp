#include "check/kv_record.hpp"

#include "kv/single_call.hpp"

#include <algorithm>
#include <array>

namespace pmmc::check {

namespace {

/// By kind.
constexpr std::array verbs = {kv::verb::set, kv::verb::get, kv::verb::append,
                              kv::verb::del, kv::verb::cas, kv::verb::incrby};
static_assert(verbs.size() == static_cast<std::size_t>(operation_kind::incr) + 1);

std::optional<operation> from_call(const kv::call& c) {
  const auto known = std::find(verbs.begin(), verbs.end(), c.what);
  if (known == verbs.end() || c.words.empty() || c.flags != 0)
    return std::nullopt;
  operation op;
  op.kind = static_cast<operation_kind>(known - verbs.begin());
  op.key = c.words[0];
  const std::size_t values = op.kind == operation_kind::cas ? c.words.size() - 1
                                                            : op.kind == operation_kind::put ||
                                                                  op.kind == operation_kind::append;
  if (c.words.size() != 1 + values || values > 2 || (op.kind == operation_kind::cas && values == 0))
    return std::nullopt;
  if (values > 0)
    op.value = c.words.back();
  if (values == 2)
    op.expected = std::string{c.words[1]};
  if (op.kind == operation_kind::incr)
    op.by = c.number;
  return op;
}

void tell(operation& op, const kv::answer& a) {
  if (const auto* text = std::get_if<std::string>(&a.payload))
    op.told = *text;
  else if (const auto* length = std::get_if<std::uint64_t>(&a.payload))
    op.told = *length;
  else if (const auto* number = std::get_if<std::int64_t>(&a.payload))
    op.told = *number;
  else if (op.result == result_kind::mismatch)
    op.told = told_absent{};
}

std::optional<result_kind> result_of(kv::answer_status status) {
  switch (status) {
  case kv::answer_status::ok:
    return result_kind::ok;
  case kv::answer_status::absent:
    return result_kind::absent;
  case kv::answer_status::mismatch:
    return result_kind::mismatch;
  case kv::answer_status::not_a_number:
    return result_kind::not_a_number;
  case kv::answer_status::overflow:
    return result_kind::overflow;
  case kv::answer_status::too_large:
    return result_kind::not_executed; // how large a value may be is no matter of order
  case kv::answer_status::malformed:
    break;
  }
  return std::nullopt;
}

} // namespace

std::optional<operation> recorded_call(std::string_view encoded) {
  const auto t = kv::decode_transaction(encoded);
  return t && t->calls.size() == 1 && t->watched.empty() && t->session.empty()
             ? from_call(t->calls[0])
             : std::nullopt;
}

void record_answer(operation& op, std::string_view encoded) {
  const auto answer = kv::read_answer(verbs[static_cast<std::size_t>(op.kind)], encoded);
  const auto result = answer ? result_of(answer->status) : std::nullopt;
  if (!result)
    return;
  auto answered = op;
  answered.result = *result;
  tell(answered, *answer);
  if (is_possible(answered))
    op = std::move(answered);
}

} // namespace pmmc::check
