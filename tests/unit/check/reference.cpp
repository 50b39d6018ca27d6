#include "reference.hpp"

#include <algorithm>
#include <limits>

namespace pmmc::testing {

namespace {

using check::operation;
using check::operation_kind;
using check::result_kind;

std::optional<std::int64_t> number_in(const std::optional<std::string>& value) {
  if (!value)
    return 0;
  try {
    const auto number = std::stoll(*value);
    if (std::to_string(number) == *value)
      return number;
  } catch (const std::exception&) { // of stoll: no number
  }
  return std::nullopt;
}

void execute_incr(operation& op, std::optional<std::string>& value) {
  const auto number = number_in(value);
  if (!number) {
    op.result = result_kind::not_a_number;
    return;
  }
  if ((op.by > 0 && *number > std::numeric_limits<std::int64_t>::max() - op.by) ||
      (op.by < 0 && *number < std::numeric_limits<std::int64_t>::min() - op.by)) {
    op.result = result_kind::overflow;
    return;
  }
  value = std::to_string(*number + op.by);
  op.told = *number + op.by;
}

/// Whether the results agree, where `told` tells something.
bool agrees(const operation& told, const operation& executed) {
  return told.result == executed.result &&
         (std::holds_alternative<check::untold>(told.told) || told.told == executed.told);
}

bool returns(const operation& op) { return op.result != result_kind::unknown; }

bool search(const check::history& all, std::vector<bool>& used,
            const std::optional<std::string>& value) {
  bool finished = true;
  for (std::size_t i = 0; i < all.size(); ++i)
    finished &= used[i] || !returns(all[i]);
  if (finished)
    return true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (used[i])
      continue;
    bool is_next = true;
    for (std::size_t j = 0; j < all.size(); ++j)
      is_next &= used[j] || !returns(all[j]) || all[j].return_ns >= all[i].call_ns;
    if (!is_next)
      continue;
    auto executed = all[i];
    auto after = value;
    execute(executed, after);
    if (returns(all[i]) && !agrees(all[i], executed))
      continue;
    used[i] = true;
    if (search(all, used, after))
      return true;
    used[i] = false;
  }
  return false;
}

} // namespace

void execute(operation& op, std::optional<std::string>& value) {
  op.result = result_kind::ok;
  op.told = {};
  switch (op.kind) {
  case operation_kind::put:
    value = op.value;
    break;
  case operation_kind::get:
    if (value)
      op.told = *value;
    else
      op.result = result_kind::absent;
    break;
  case operation_kind::append:
    value = value.value_or("") + op.value;
    op.told = std::uint64_t{value->size()};
    break;
  case operation_kind::del:
    if (!value)
      op.result = result_kind::absent;
    value.reset();
    break;
  case operation_kind::cas:
    if (value == op.expected) {
      value = op.value;
      break;
    }
    op.result = result_kind::mismatch;
    if (value)
      op.told = *value;
    else
      op.told = check::told_absent{};
    break;
  case operation_kind::incr:
    execute_incr(op, value);
    break;
  }
}

bool is_linearizable_by_brute_force(const check::history& operations) {
  auto effective = operations;
  std::erase_if(effective,
                [](const operation& op) { return op.result == result_kind::not_executed; });
  std::vector<bool> used(effective.size());
  return search(effective, used, std::nullopt);
}

} // namespace pmmc::testing
