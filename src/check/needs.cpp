#include "check/needs.hpp"

#include <set>
#include <string_view>
#include <unordered_set>

namespace pmmc::check {

namespace {

bool has_effect(const model_operation& op) {
  return op.result == result_kind::ok || op.result == result_kind::unknown;
}

/// The full text of the state that an operation was told of, if that is what it needs.
const std::string* needed_text(const operation& op) {
  if (op.kind == operation_kind::cas && op.result == result_kind::ok)
    return op.expected ? &*op.expected : nullptr;
  return std::get_if<std::string>(&op.told);
}

} // namespace

needs::needs(std::span<const model_operation> ops, std::span<const operation* const> origins,
             const key_state& initial)
    : used_(ops.size(), no_need), made_(ops.size()) {
  for (std::uint32_t i = 0; i < ops.size(); ++i) {
    if (const auto state = required_state(ops[i])) {
      used_[i] = number_of(*state);
      ++needs_[used_[i]].users;
    } else if (ops[i].kind == operation_kind::cas && ops[i].result == result_kind::unknown) {
      needs_[number_of(ops[i].expected)].expected = true;
    }
  }
  count_makers(ops);
  count_appends(ops, origins);
  const auto first = numbers_.find(initial);
  while (impossible_ < ops.size()) {
    const auto n = used_[impossible_];
    if (n != no_need && needs_[n].makers == 0 && !needs_[n].open &&
        (first == numbers_.end() || first->second != n))
      break;
    ++impossible_;
  }
}

std::uint32_t needs::number_of(const key_state& state) {
  const auto [place, added] =
      numbers_.try_emplace(state, static_cast<std::uint32_t>(needs_.size()));
  if (added)
    needs_.emplace_back();
  return place->second;
}

const needs::need* needs::find(const key_state& state) const {
  const auto place = numbers_.find(state);
  return place == numbers_.end() ? nullptr : &needs_[place->second];
}

void needs::add_maker(std::uint32_t op, const key_state& state) {
  const auto place = numbers_.find(state);
  if (place == numbers_.end())
    return;
  made_[op].push_back(place->second);
  ++needs_[place->second].makers;
}

void needs::count_makers(std::span<const model_operation> ops) {
  bool any_number = false;
  for (std::uint32_t i = 0; i < ops.size(); ++i) {
    const auto& op = ops[i];
    if (!has_effect(op))
      continue;
    if (op.kind == operation_kind::put || op.kind == operation_kind::cas)
      add_maker(i, op.value);
    else if (op.kind == operation_kind::del)
      add_maker(i, key_state{});
    else if (op.kind == operation_kind::incr && op.told)
      add_maker(i, key_state{std::to_string(op.told_number)});
    else if (op.kind == operation_kind::incr)
      any_number = true;
  }
  if (any_number)
    for (const auto& [state, number] : numbers_)
      needs_[number].open |= state.number().has_value();
}

/// An append makes values of the length that it was told. One that was told none can make any value
/// that ends in what it appends.
void needs::count_appends(std::span<const model_operation> ops,
                          std::span<const operation* const> origins) {
  constexpr std::size_t max_counted = 4;
  std::unordered_map<std::uint64_t, std::vector<key_state>> by_length;
  for (const auto& [state, number] : numbers_)
    if (state.present())
      by_length[state.size()].push_back(state);
  std::unordered_set<std::string_view> tails;
  std::set<std::size_t> tail_sizes;
  for (std::uint32_t i = 0; i < ops.size(); ++i) {
    if (ops[i].kind != operation_kind::append || !has_effect(ops[i]))
      continue;
    if (!ops[i].told) {
      tails.insert(origins[i]->value);
      tail_sizes.insert(origins[i]->value.size());
      continue;
    }
    const auto same_length = by_length.find(ops[i].told_length);
    if (same_length == by_length.end())
      continue;
    for (const auto& state : same_length->second)
      if (same_length->second.size() > max_counted)
        needs_[numbers_.at(state)].open = true;
      else
        add_maker(i, state);
  }
  for (std::uint32_t i = 0; i < ops.size() && !tails.empty(); ++i) {
    if (used_[i] == no_need || needs_[used_[i]].open)
      continue;
    const auto* text = needed_text(*origins[i]);
    if (text == nullptr) { // a number
      needs_[used_[i]].open = ops[i].kind == operation_kind::incr;
      continue;
    }
    for (const auto size : tail_sizes)
      if (size <= text->size() &&
          tails.contains(std::string_view{*text}.substr(text->size() - size)))
        needs_[used_[i]].open = true;
  }
}

void needs::change(std::uint32_t op, int by) {
  if (used_[op] != no_need)
    needs_[used_[op]].users += static_cast<std::uint32_t>(by);
  for (const auto n : made_[op])
    needs_[n].makers += static_cast<std::uint32_t>(by);
}

bool needs::is_needed(const key_state& state) const {
  const auto* n = find(state);
  return n != nullptr && n->users > 0;
}

bool needs::is_last_chance(const key_state& state) const {
  const auto* n = find(state);
  return n != nullptr && n->users > 0 && n->makers == 0 && !n->open;
}

bool needs::may_be_expected(const key_state& state) const {
  const auto* n = find(state);
  return n != nullptr && n->expected;
}

} // namespace pmmc::check
