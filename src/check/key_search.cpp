#include "check/key_search.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace pmmc::check {

namespace {

/// What is the same in two operations that may change places.
auto content(const model_operation& op) {
  const auto code = [](const key_state& s) {
    return std::tuple{s.present(), s.size(), s.hash().first, s.hash().second};
  };
  return std::tuple{
      op.kind,           op.result,           op.by,          op.told,       code(op.value),
      code(op.expected), code(op.told_value), op.told_length, op.told_number};
}

state_code code_of_operation(std::uint32_t op) {
  return {mixed(2 * std::uint64_t{op}), mixed(2 * std::uint64_t{op} + 1)};
}

state_code code_of_state(const key_state& s) {
  if (!s.present())
    return {~std::uint64_t{0}, ~std::uint64_t{0}};
  return {s.hash().first ^ mixed(s.size()), s.hash().second};
}

/// What is open is unknown.
std::vector<model_operation> models_of(std::span<const search_item> items) {
  std::vector<model_operation> models;
  models.reserve(items.size());
  for (const auto& item : items) {
    models.emplace_back(*item.op);
    if (item.open) {
      models.back().result = result_kind::unknown;
      models.back().told = false;
    }
  }
  return models;
}

/// A get without an answer does not.
std::vector<search_item> what_matters(std::span<const search_item> items) {
  std::vector<search_item> kept;
  kept.reserve(items.size());
  for (const auto& item : items) {
    const bool unknown = item.open || item.op->result == result_kind::unknown;
    if (item.op->result != result_kind::not_executed &&
        !(unknown && item.op->kind == operation_kind::get))
      kept.push_back(item);
  }
  return kept;
}

std::vector<event_list::times> times_of(std::span<const search_item> items) {
  std::vector<event_list::times> times;
  times.reserve(items.size());
  for (const auto& item : items)
    times.push_back({item.op->call_ns, item.op->return_ns,
                     !item.open && item.op->result != result_kind::unknown});
  return times;
}

std::vector<const operation*> origins_of(std::span<const search_item> items) {
  std::vector<const operation*> origins;
  origins.reserve(items.size());
  for (const auto& item : items)
    origins.push_back(item.op);
  return origins;
}

} // namespace

key_search::key_search(std::span<const search_item> items, std::uint64_t max_states,
                       const key_state& initial)
    : items_(what_matters(items)), origins_(origins_of(items_)), ops_(models_of(items_)),
      earlier_twin_(items_.size()), initial_(initial), taken_(items_.size()),
      events_(times_of(items_)), needs_(ops_, origins_, initial), seen_(max_states) {
  for (std::uint32_t i = 0; i < ops_.size(); ++i)
    known_left_ += is_unknown(i) ? 0 : 1;
  plain_register_ = is_plain_register();
  link_twins();
}

void key_search::link_twins() {
  std::map<decltype(content(ops_[0])), std::uint32_t> last;
  for (std::uint32_t i = 0; i < ops_.size(); ++i) {
    earlier_twin_[i] = i;
    const auto [place, added] = last.try_emplace(content(ops_[i]), i);
    if (!added && (is_unknown(i) || events_.return_of(place->second) < events_.return_of(i)))
      earlier_twin_[i] = place->second;
    place->second = i;
  }
}

/// Nothing tells of a put but those that were told its value.
bool key_search::is_plain_register() const {
  return std::all_of(ops_.begin(), ops_.end(), [](const model_operation& op) {
    return op.kind == operation_kind::put || op.kind == operation_kind::get ||
           (op.kind == operation_kind::cas && (op.result != result_kind::mismatch || op.told));
  });
}

const operation* key_search::never_written() const {
  const auto op = needs_.impossible();
  return op < ops_.size() ? origins_[op] : nullptr;
}

std::uint64_t key_search::reached_ns() const {
  return furthest_ == event_list::none ? 0 : origins_[events_.operation_of(furthest_)]->return_ns;
}

search_end key_search::run() {
  if (never_written() != nullptr)
    return search_end::none;
  return search([](const key_state&) { return true; });
}

std::optional<std::vector<effects>> key_search::end_states(std::size_t most) {
  exact_ends_ = true;
  plain_register_ = false;
  std::vector<key_state> ends;
  std::vector<effects> orders;
  const auto end = search([&](const key_state& state) {
    if (std::find(ends.begin(), ends.end(), state) != ends.end())
      return false;
    ends.push_back(state);
    auto& order = orders.emplace_back();
    for (const auto op : trail_)
      order.push_back(origins_[op]);
    return ends.size() > most;
  });
  if (end != search_end::none)
    return std::nullopt;
  return orders;
}

/// Of those that may come next; which are more and more, as what has returned is taken.
template <class Suits>
void key_search::take_where(const Suits& suits) {
  auto before = event_list::none;
  for (auto at = events_.first(); at != event_list::none && !events_.is_return(at);
       at = events_.after(before)) {
    if (suits(events_.operation_of(at)))
      take(events_.operation_of(at));
    else
      before = at;
  }
}

search_end key_search::search(const std::function<bool(const key_state&)>& at_end) {
  auto state = std::optional{initial_};
  do {
    switch (enter(*state)) {
    case entered::full:
      return search_end::gave_up;
    case entered::at_end:
      if (at_end(*state))
        return search_end::found;
      break;
    case entered::open:
    case entered::dead:
      break;
    }
    state = next_state();
  } while (state);
  return search_end::none;
}

key_search::entered key_search::enter(const key_state& state) {
  const auto trail_before = path_.empty() ? 0 : path_.back().trail_here;
  take_reads(state);
  if (known_left_ == 0)
    return entered::at_end;
  auto code = code_of_state(state);
  code ^= taken_code_;
  switch (seen_.add(code)) {
  case seen_set::outcome::full:
    return entered::full;
  case seen_set::outcome::known:
    return entered::dead;
  case seen_set::outcome::added:
    break;
  }
  path_.push_back({state, trail_before, trail_.size(), candidates_.size(), false});
  collect_likely(path_.back());
  return entered::open;
}

/// Goes back to the last node that has a candidate left, and takes that.
std::optional<key_state> key_search::next_state() {
  while (!path_.empty()) {
    auto& n = path_.back();
    undo_to(n.trail_here);
    if (candidates_.size() > n.candidates_begin) {
      const auto op = candidates_.back();
      candidates_.pop_back();
      const auto next = after(ops_[op], n.state);
      if (plain_register_ && ops_[op].kind == operation_kind::put)
        take_unseen_puts(op);
      take(op);
      if (*next == n.state || exact_ends_ || !needs_.is_last_chance(n.state))
        return next;
    } else if (!n.tried_likely) {
      n.tried_likely = true;
      collect_unlikely(n);
    } else {
      undo_to(n.trail_before);
      path_.pop_back();
    }
  }
  return std::nullopt;
}

bool key_search::is_candidate(std::uint32_t op, const key_state& state) const {
  if (twin_is_left(op))
    return false;
  const auto next = after(ops_[op], state);
  return is_unknown(op) ? !is_unseen_put(op) && next != state : next.has_value();
}

/// Those that are called before anything returns, the one that must come soonest last.
void key_search::collect_likely(const node& n) {
  auto at = events_.first();
  for (; !events_.is_return(at); at = events_.after(at)) {
    const auto op = events_.operation_of(at);
    if (is_likely(op) && is_candidate(op, n.state))
      candidates_.push_back(op);
  }
  furthest_ = std::max(furthest_, at);
  const auto wanted = required_state(ops_[events_.operation_of(at)]);
  const auto rank = [&](std::uint32_t op) {
    const bool serves = wanted && after(ops_[op], n.state) == wanted;
    return std::tuple{items_[op].order, !serves, events_.return_of(op)};
  };
  std::sort(candidates_.begin() + static_cast<std::ptrdiff_t>(n.candidates_begin),
            candidates_.end(), [&](std::uint32_t a, std::uint32_t b) { return rank(a) > rank(b); });
}

void key_search::collect_unlikely(const node& n) {
  for (auto at = events_.first(); !events_.is_return(at); at = events_.after(at)) {
    const auto op = events_.operation_of(at);
    if (!is_likely(op) && is_candidate(op, n.state))
      candidates_.push_back(op);
  }
}

void key_search::take_reads(const key_state& state) {
  take_where([&](std::uint32_t op) {
    return !is_unknown(op) && is_read(ops_[op]) && after(ops_[op], state);
  });
}

/// All that could be put before `but`, and nobody could tell.
void key_search::take_unseen_puts(std::uint32_t but) {
  take_where([&](std::uint32_t op) { return op != but && !is_unknown(op) && is_unseen_put(op); });
}

bool key_search::is_unseen_put(std::uint32_t op) const {
  return plain_register_ && ops_[op].kind == operation_kind::put &&
         !needs_.is_needed(ops_[op].value) && !needs_.may_be_expected(ops_[op].value);
}

bool key_search::twin_is_left(std::uint32_t op) const {
  return earlier_twin_[op] != op && !taken_[earlier_twin_[op]];
}

void key_search::take(std::uint32_t op) {
  events_.lift(op);
  needs_.take(op);
  taken_[op] = true;
  taken_code_ ^= code_of_operation(op);
  known_left_ -= is_unknown(op) ? 0 : 1;
  trail_.push_back(op);
}

void key_search::undo_to(std::size_t trail) {
  while (trail_.size() > trail) {
    const auto op = trail_.back();
    trail_.pop_back();
    events_.put_back(op);
    needs_.put_back(op);
    taken_[op] = false;
    taken_code_ ^= code_of_operation(op);
    known_left_ += is_unknown(op) ? 0 : 1;
  }
}

} // namespace pmmc::check
