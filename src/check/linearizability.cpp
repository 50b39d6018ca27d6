#include "check/linearizability.hpp"

#include "check/explain.hpp"
#include "check/key_search.hpp"

#include <algorithm>
#include <map>

namespace pmmc::check {

namespace {

using key_operations = std::vector<const operation*>;

std::map<std::string_view, key_operations> by_key(std::span<const operation> operations) {
  std::map<std::string_view, key_operations> keys;
  for (const auto& op : operations)
    keys[op.key].push_back(&op);
  for (auto& [key, ops] : keys)
    std::stable_sort(ops.begin(), ops.end(), [](const operation* a, const operation* b) {
      return a->call_ns < b->call_ns;
    });
  return keys;
}

} // namespace

std::string_view to_string(verdict v) {
  switch (v) {
  case verdict::linearizable:
    return "linearizable";
  case verdict::not_linearizable:
    return "not linearizable";
  case verdict::gave_up:
    break;
  }
  return "gave up";
}

check_result check_history(std::span<const operation> operations, const limits& l,
                           std::span<const guess> guesses) {
  check_result result;
  result.operations = operations.size();
  result.unknown = static_cast<std::uint64_t>(
      std::count_if(operations.begin(), operations.end(),
                    [](const operation& op) { return op.result == result_kind::unknown; }));
  for (const auto& [key, ops] : by_key(operations)) {
    ++result.keys;
    const std::vector<search_item> items = [&, &ops = ops] {
      std::vector<search_item> all;
      for (const auto* op : ops)
        all.push_back({op, false,
                       guesses.empty()
                           ? no_guess
                           : guesses[static_cast<std::size_t>(op - operations.data())]});
      return all;
    }();
    key_search search{items, l.max_states};
    const auto end = search.run();
    result.states += search.states();
    if (end == search_end::gave_up)
      result.keys_given_up.emplace_back(key);
    if (end != search_end::none)
      continue;
    result.keys_not_linearizable.emplace_back(key);
    if (result.violations.size() < l.max_explained)
      result.violations.push_back(explain(ops, search.reached_ns(), l.max_states));
  }
  if (!result.keys_not_linearizable.empty())
    result.outcome = verdict::not_linearizable;
  else if (!result.keys_given_up.empty())
    result.outcome = verdict::gave_up;
  return result;
}

} // namespace pmmc::check
