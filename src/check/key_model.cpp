#include "check/key_model.hpp"

#include <algorithm>
#include <charconv>

namespace pmmc::check {

namespace {

constexpr std::uint64_t modulus = (std::uint64_t{1} << 61) - 1;
constexpr std::uint64_t first_base = 0x1b9e3f7a2c54d681;
constexpr std::uint64_t second_base = 0x0d3c8e6194f7b2a5;

__extension__ using wide = unsigned __int128;

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<wide>(a) * b;
  const auto sum =
      static_cast<std::uint64_t>(product & modulus) + static_cast<std::uint64_t>(product >> 61);
  return sum >= modulus ? sum - modulus : sum;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  const auto sum = a + b;
  return sum >= modulus ? sum - modulus : sum;
}

std::optional<key_state> same_if(bool possible, const key_state& state) {
  return possible ? std::optional{state} : std::nullopt;
}

std::optional<key_state> after_append(const model_operation& op, const key_state& state) {
  auto longer = state.with_appended(op.value);
  return same_if(!op.told || op.told_length == longer.size(), longer);
}

std::optional<key_state> after_del(const model_operation& op, const key_state& state) {
  switch (op.result) {
  case result_kind::ok:
    return same_if(state.present(), key_state{});
  case result_kind::absent:
    return same_if(!state.present(), state);
  default:
    return key_state{};
  }
}

std::optional<key_state> after_cas(const model_operation& op, const key_state& state) {
  const bool holds = state == op.expected;
  switch (op.result) {
  case result_kind::ok:
    return same_if(holds, op.value);
  case result_kind::mismatch:
    return same_if(!holds && (!op.told || op.told_value == state), state);
  default:
    return holds ? op.value : state;
  }
}

std::optional<key_state> after_incr(const model_operation& op, const key_state& state) {
  const auto number = state.number();
  std::int64_t sum = 0;
  const bool overflows = number && __builtin_add_overflow(*number, op.by, &sum);
  const bool possible = number && !overflows;
  switch (op.result) {
  case result_kind::not_a_number:
    return same_if(!number, state);
  case result_kind::overflow:
    return same_if(overflows, state);
  case result_kind::ok:
    if (!possible || (op.told && op.told_number != sum))
      return std::nullopt;
    break;
  default:
    if (!possible)
      return state;
  }
  return key_state{std::to_string(sum)};
}

} // namespace

key_state::key_state(std::string_view value) : present_(true), size_(value.size()) {
  if (value.size() <= longest_number)
    std::copy(value.begin(), value.end(), text_.begin());
  for (const char c : value) {
    const auto digit = std::uint64_t{static_cast<unsigned char>(c)} + 1;
    hash_ = {plus(times(hash_.first, first_base), digit),
             plus(times(hash_.second, second_base), digit)};
    power_ = {times(power_.first, first_base), times(power_.second, second_base)};
  }
}

key_state key_state::with_appended(const key_state& tail) const {
  key_state longer = *this;
  longer.present_ = true;
  longer.size_ += tail.size_;
  if (longer.size_ <= longest_number)
    std::copy_n(tail.text_.begin(), tail.size_, longer.text_.begin() + size_);
  longer.hash_ = {plus(times(hash_.first, tail.power_.first), tail.hash_.first),
                  plus(times(hash_.second, tail.power_.second), tail.hash_.second)};
  longer.power_ = {times(power_.first, tail.power_.first),
                   times(power_.second, tail.power_.second)};
  return longer;
}

std::optional<std::int64_t> key_state::number() const {
  if (!present_)
    return 0;
  if (size_ == 0 || size_ > longest_number)
    return std::nullopt;
  const std::string_view digits{text_.data(), size_};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
  if (error != std::errc{} || std::to_string(value) != digits)
    return std::nullopt;
  return value;
}

model_operation::model_operation(const operation& op)
    : kind(op.kind), result(op.result), value(op.value),
      expected(op.expected ? key_state{*op.expected} : key_state{}), by(op.by),
      told(!std::holds_alternative<untold>(op.told)) {
  if (const auto* text = std::get_if<std::string>(&op.told))
    told_value = key_state{*text};
  else if (const auto* length = std::get_if<std::uint64_t>(&op.told))
    told_length = *length;
  else if (const auto* number = std::get_if<std::int64_t>(&op.told))
    told_number = *number;
}

std::optional<key_state> after(const model_operation& op, const key_state& state) {
  switch (op.kind) {
  case operation_kind::put:
    return op.value;
  case operation_kind::get:
    return same_if(op.result == result_kind::unknown ||
                       state == (op.result == result_kind::ok ? op.told_value : key_state{}),
                   state);
  case operation_kind::append:
    return after_append(op, state);
  case operation_kind::del:
    return after_del(op, state);
  case operation_kind::cas:
    return after_cas(op, state);
  case operation_kind::incr:
    return after_incr(op, state);
  }
  return std::nullopt;
}

bool is_read(const model_operation& op) {
  return op.kind == operation_kind::get ||
         (op.result != result_kind::ok && op.result != result_kind::unknown);
}

std::optional<key_state> required_state(const model_operation& op) {
  const bool ok = op.result == result_kind::ok;
  if (op.result == result_kind::unknown)
    return std::nullopt;
  if (op.result == result_kind::absent)
    return key_state{};
  if (op.kind == operation_kind::get)
    return op.told_value;
  if (op.kind == operation_kind::cas)
    return ok ? std::optional{op.expected} : same_if(op.told, op.told_value);
  std::int64_t before = 0;
  if (op.kind == operation_kind::incr && ok && op.told && op.told_number != op.by &&
      !__builtin_sub_overflow(op.told_number, op.by, &before))
    return key_state{std::to_string(before)};
  return std::nullopt;
}

} // namespace pmmc::check
