#include "check/kv_record.hpp"

#include "kv/operation.hpp"

namespace pmmc::check {

namespace {

struct call_of {
  static operation make(operation_kind kind, std::string_view key, std::string_view value = {}) {
    operation op;
    op.kind = kind;
    op.key = key;
    op.value = value;
    return op;
  }

  std::optional<operation> operator()(const kv::put& o) const {
    return make(operation_kind::put, o.key, o.value);
  }
  std::optional<operation> operator()(const kv::get& o) const {
    return make(operation_kind::get, o.key);
  }
  std::optional<operation> operator()(const kv::append& o) const {
    return make(operation_kind::append, o.key, o.value);
  }
  std::optional<operation> operator()(const kv::del& o) const {
    return make(operation_kind::del, o.key);
  }
  std::optional<operation> operator()(const kv::cas& o) const {
    auto op = make(operation_kind::cas, o.key, o.value);
    if (o.expected)
      op.expected = std::string{*o.expected};
    return op;
  }
  std::optional<operation> operator()(const kv::incr& o) const {
    auto op = make(operation_kind::incr, o.key);
    op.by = o.by;
    return op;
  }
  std::optional<operation> operator()(const kv::scan&) const { return std::nullopt; }
};

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
  const auto decoded = kv::decode_operation(encoded);
  return decoded ? std::visit(call_of{}, *decoded) : std::nullopt;
}

void record_answer(operation& op, std::string_view encoded) {
  const auto answer = kv::decode_answer(encoded);
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
