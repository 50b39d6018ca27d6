#include "check/explain.hpp"

#include "check/key_search.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_set>

namespace pmmc::check {

namespace {

using items = std::vector<search_item>;

constexpr std::size_t max_shown = 40;       // operations
constexpr std::size_t least_shown = 6;      // if there are more, those before are summed up
constexpr std::size_t max_states_told = 4;  // that the key may have at the beginning
constexpr std::size_t max_reads_tried = 64; // one by one

bool is_closed(const search_item& i) { return !i.open && i.op->result != result_kind::unknown; }

bool changes_nothing(const search_item& i) {
  return is_closed(i) && (i.op->kind == operation_kind::get || i.op->result != result_kind::ok);
}

class explainer {
public:
  explainer(const std::vector<const operation*>& operations, std::uint64_t max_states)
      : operations_(operations), states_left_(max_states) {}

  violation explain(std::uint64_t reached_ns);

private:
  bool fails(const items& some, const key_state& initial = {});
  bool fails_from_everywhere(const items& some);
  items until(std::uint64_t time_ns) const;
  void cut_end(std::uint64_t reached_ns);
  void cut_beginning();
  void drop_reads();
  std::string text() const;
  std::string text_of(const search_item& item, std::uint64_t from_ns) const;

  const std::vector<const operation*>& operations_;
  std::uint64_t states_left_;
  std::uint64_t end_ns_ = 0; ///< a return by which it had gone wrong; the first one if states last
  std::size_t all_until_end_ = 0;
  items left_;
  const operation* never_written_ = nullptr;
  /// What came before left_: the value, and what of unknown outcome has made it.
  struct beginning {
    std::optional<std::string> value;
    std::unordered_set<const operation*> done;
  };
  bool is_cut_ = false; ///< left_ is what comes behind beginnings_
  std::vector<beginning> beginnings_ = {{}};
};

bool explainer::fails(const items& some, const key_state& initial) {
  key_search search{some, states_left_, initial};
  const auto end = search.run();
  states_left_ -= search.states();
  return end == search_end::none;
}

bool explainer::fails_from_everywhere(const items& some) {
  return std::all_of(beginnings_.begin(), beginnings_.end(), [&](const beginning& before) {
    auto rest = some;
    std::erase_if(rest, [&](const search_item& i) { return before.done.contains(i.op); });
    return fails(rest, before.value ? key_state{*before.value} : key_state{});
  });
}

/// What was known at a time: what returned later might have had any result.
items explainer::until(std::uint64_t time_ns) const {
  items some;
  for (const auto* op : operations_) {
    if (op->call_ns > time_ns)
      break;
    if (op->result == result_kind::not_executed)
      continue;
    const bool open = op->result != result_kind::unknown && op->return_ns > time_ns;
    const bool unknown = open || op->result == result_kind::unknown;
    if (!unknown || op->kind != operation_kind::get)
      some.push_back({op, open});
  }
  return some;
}

/// What cannot be explained stays so, whatever is learned later. It had not gone wrong before the
/// time that the search reached, and mostly by then: so from there on in growing steps, and back by
/// bisection.
void explainer::cut_end(std::uint64_t reached_ns) {
  std::vector<std::uint64_t> returns;
  for (const auto* op : operations_)
    if (op->result != result_kind::unknown && op->result != result_kind::not_executed)
      returns.push_back(op->return_ns);
  std::sort(returns.begin(), returns.end());
  const auto reached = std::lower_bound(returns.begin(), returns.end(), reached_ns);
  auto good = static_cast<std::size_t>(reached - returns.begin()); // so many returns are fine
  auto bad = good;
  for (std::size_t step = 1;; step *= 2) {
    bad = std::min(returns.size(), bad + step);
    if (bad == returns.size() || fails(until(returns[bad - 1])))
      break;
    good = bad;
  }
  while (bad - good > 1) {
    const auto middle = good + (bad - good) / 2;
    (fails(until(returns[middle - 1])) ? bad : good) = middle;
  }
  end_ns_ = returns[bad - 1];
  left_ = until(end_ns_);
  all_until_end_ = left_.size();
}

/// What is linearizable stays so without an operation that changed nothing. So those that are not
/// needed for the contradiction are only in the way.
void explainer::drop_reads() {
  std::vector<const operation*> reads;
  for (const auto& i : left_)
    if (changes_nothing(i))
      reads.push_back(i.op);
  std::sort(reads.begin(), reads.end(),
            [](const operation* a, const operation* b) { return a->return_ns < b->return_ns; });
  const auto without = [&](std::size_t from, std::size_t to) {
    const std::unordered_set<const operation*> gone{
        reads.begin() + static_cast<std::ptrdiff_t>(from),
        reads.begin() + static_cast<std::ptrdiff_t>(to)};
    auto some = left_;
    std::erase_if(some, [&](const search_item& i) { return gone.contains(i.op); });
    return some;
  };
  std::size_t good = 0; // so many can go
  std::size_t bad = reads.size() + 1;
  while (bad - good > 1) {
    const auto middle = good + (bad - good) / 2;
    (fails_from_everywhere(without(0, middle)) ? good : bad) = middle;
  }
  left_ = without(0, good);
  for (std::size_t i = good; i < reads.size() && i < good + max_reads_tried; ++i)
    if (auto some = without(i, i + 1); fails_from_everywhere(some))
      left_ = std::move(some);
}

/// The value that operations leave, in an order that is possible.
std::optional<std::string> value_after(const effects& order) {
  std::optional<std::string> value;
  for (const auto* op : order)
    switch (op->kind) {
    case operation_kind::put:
      value = op->value;
      break;
    case operation_kind::append:
      value = value.value_or("") + op->value;
      break;
    case operation_kind::del:
      value.reset();
      break;
    case operation_kind::cas:
      if (value == op->expected)
        value = op->value;
      break;
    case operation_kind::incr: {
      const auto state = value ? key_state{*value} : key_state{};
      model_operation model{*op};
      if (const auto next = after(model, state); next && !is_read(model))
        value = std::to_string(*next->number());
      break;
    }
    case operation_kind::get:
      break;
    }
  return value;
}

/// Where nothing was under way, all that came before can be replaced by the value that it left.
void explainer::cut_beginning() {
  std::size_t closed_behind = 0;
  for (const auto& i : left_)
    closed_behind += is_closed(i) ? 1 : 0;
  std::uint64_t returned_ns = 0;
  std::optional<std::size_t> cut;
  for (std::size_t i = 0; i < left_.size() && closed_behind >= least_shown; ++i) {
    if (!is_closed(left_[i]))
      continue;
    if (i > 0 && returned_ns < left_[i].op->call_ns)
      cut = i;
    returned_ns = std::max(returned_ns, left_[i].op->return_ns);
    --closed_behind;
  }
  if (!cut)
    return;
  const auto at = left_.begin() + static_cast<std::ptrdiff_t>(*cut);
  key_search before{std::span{left_.begin(), at}, states_left_};
  const auto orders = before.end_states(max_states_told);
  states_left_ -= before.states();
  if (!orders || orders->empty())
    return;
  is_cut_ = true;
  beginnings_.clear();
  for (const auto& order : *orders)
    beginnings_.push_back({value_after(order), {order.begin(), order.end()}});
  const auto is_over = [&](const search_item& i) {
    return is_closed(i) ||
           std::all_of(beginnings_.begin(), beginnings_.end(),
                       [&](const beginning& before) { return before.done.contains(i.op); });
  };
  left_.erase(std::remove_if(left_.begin(), at, is_over), at);
}

std::string milliseconds(std::uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ns) / 1e6);
  return text;
}

std::string explainer::text_of(const search_item& item, std::uint64_t from_ns) const {
  const auto& op = *item.op;
  const bool returned = is_closed(item);
  std::string line = returned && op.return_ns == end_ns_ ? "> " : "  ";
  line += shown(op.client);
  line += "  " + milliseconds(op.call_ns - from_ns) + " to ";
  line += returned ? milliseconds(op.return_ns - from_ns) + " ms  " : item.open ? "later  " : "?  ";
  if (!item.open)
    return line + describe(op) + "\n";
  auto asked = op;
  asked.result = result_kind::unknown;
  asked.told = {};
  return line + describe(asked) + " yet\n";
}

std::string explainer::text() const {
  const auto& key = operations_.front()->key;
  const auto first = left_.end() - static_cast<std::ptrdiff_t>(std::min(left_.size(), max_shown));
  std::string text =
      "key " + shown(key) + ": no order of its operations explains what they were told.\n";
  if (never_written_ != nullptr)
    text += "Nothing can have left the key as it was found by: " + describe(*never_written_) + "\n";
  text += "It had gone wrong by the return of the operation marked >. Of " +
          std::to_string(all_until_end_) + " operations until then, " +
          std::to_string(left_.end() - first) + " matter";
  if (first != left_.begin())
    text += ", and " + std::to_string(first - left_.begin()) + " before them";
  text += "; times in ms:\n";
  if (is_cut_) {
    text += "  before them the key was ";
    for (std::size_t i = 0; i < beginnings_.size(); ++i)
      text +=
          (i > 0 ? " or " : "") + (beginnings_[i].value ? shown(*beginnings_[i].value) : "absent");
    text += "\n";
  }
  for (auto i = first; i != left_.end(); ++i)
    text += text_of(*i, first->op->call_ns);
  return text;
}

violation explainer::explain(std::uint64_t reached_ns) {
  items all;
  for (const auto* op : operations_)
    all.push_back({op, false});
  // With a value that nobody wrote the search was not begun: it may have gone wrong before.
  if (const auto* impossible = key_search{all, 0}.never_written())
    reached_ns = impossible->return_ns > 0 && fails(until(impossible->return_ns - 1))
                     ? 0
                     : impossible->return_ns;
  cut_end(reached_ns);
  never_written_ = key_search{left_, 0}.never_written();
  cut_beginning();
  drop_reads();
  violation v{operations_.front()->key, {}, text()};
  for (const auto& i : left_)
    v.operations.push_back(*i.op);
  return v;
}

} // namespace

violation explain(const std::vector<const operation*>& operations, std::uint64_t reached_ns,
                  std::uint64_t max_states) {
  return explainer{operations, max_states}.explain(reached_ns);
}

} // namespace pmmc::check
