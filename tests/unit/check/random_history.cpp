#include "random_history.hpp"

#include "reference.hpp"

#include <algorithm>
#include <unordered_map>

namespace pmmc::testing {

namespace {

using check::operation;
using check::operation_kind;
using check::result_kind;

std::size_t below(std::mt19937_64& random, std::size_t limit) { return random() % limit; }

bool happens(std::mt19937_64& random, double chance) {
  return std::uniform_real_distribution<double>{0, 1}(random) < chance;
}

/// A client's operation: called, then executed at some moment, then returned.
struct client {
  std::optional<operation> under_way;
  bool executed = false;
};

class store_with_clients {
public:
  store_with_clients(std::mt19937_64& random, const history_shape& shape)
      : random_(random), shape_(shape), clients_(shape.clients) {}

  check::history run() {
    while (all_.size() < shape_.operations)
      step(below(random_, clients_.size()), true);
    for (std::size_t i = 0; i < clients_.size(); ++i)
      while (clients_[i].under_way)
        step(i, false);
    return all_;
  }

private:
  /// The next thing that happens to a client.
  void step(std::size_t number, bool may_call) {
    auto& c = clients_[number];
    ++now_;
    if (!c.under_way) {
      if (may_call)
        c = {fresh_operation(number), false};
    } else if (!c.executed) {
      execute(*c.under_way, values_[c.under_way->key]);
      c.executed = true;
    } else {
      finish(c);
    }
    execute_late();
  }

  void finish(client& c) {
    c.under_way->return_ns = now_;
    all_.push_back(std::move(*c.under_way));
    c.under_way.reset();
  }

  operation fresh_operation(std::size_t number) {
    operation op;
    op.client = "c" + std::to_string(number);
    op.key = "k" + std::to_string(below(random_, shape_.keys));
    op.kind = shape_.kinds[below(random_, shape_.kinds.size())];
    op.call_ns = now_;
    op.value = value();
    op.by = static_cast<std::int64_t>(below(random_, 3)) + 1;
    if (op.kind == operation_kind::cas && !happens(random_, 0.2))
      op.expected = happens(random_, 0.5) ? values_[op.key] : value();
    if (op.kind == operation_kind::get || op.kind == operation_kind::del ||
        op.kind == operation_kind::incr)
      op.value.clear();
    if (op.kind != operation_kind::incr)
      op.by = 1;
    if (happens(random_, shape_.unknown))
      lose(op);
    return op;
  }

  /// The answer never comes; the effect may, now or later or never. The client goes on.
  void lose(operation& op) {
    auto lost = op;
    lost.result = result_kind::unknown;
    all_.push_back(lost);
    if (happens(random_, 0.7))
      late_.push_back(lost);
    op.call_ns = ++now_;
  }

  void execute_late() {
    if (late_.empty() || !happens(random_, 0.3))
      return;
    const auto which = below(random_, late_.size());
    auto op = late_[which];
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
    execute(op, values_[op.key]);
  }

  std::string value() {
    if (shape_.values == 0)
      return "v" + std::to_string(++fresh_);
    const auto number = below(random_, shape_.values);
    return number % 2 == 0 ? std::to_string(number)
                           : std::string(1, static_cast<char>('a' + number));
  }

  std::mt19937_64& random_;
  const history_shape& shape_;
  std::vector<client> clients_;
  std::vector<operation> late_;
  std::unordered_map<std::string, std::optional<std::string>> values_;
  check::history all_;
  std::uint64_t now_ = 0;
  std::uint64_t fresh_ = 0;
};

/// An answer that some other state would have given.
void tell_otherwise(std::mt19937_64& random, operation& op, const check::history& all) {
  std::optional<std::string> other;
  const auto& model = all[below(random, all.size())];
  if (happens(random, 0.8))
    other = model.value;
  if (const auto* number = std::get_if<std::int64_t>(&model.told))
    other = std::to_string(*number);
  const auto kind = op.kind;
  execute(op, other);
  op.kind = kind;
}

} // namespace

check::history random_history(std::mt19937_64& random, const history_shape& shape) {
  return store_with_clients{random, shape}.run();
}

void mutate(std::mt19937_64& random, check::history& all) {
  auto& op = all[below(random, all.size())];
  if (op.result == result_kind::unknown) {
    op.result = result_kind::not_executed;
    return;
  }
  if (op.result == result_kind::not_executed)
    return;
  switch (below(random, 5)) {
  case 0:
    op.return_ns = op.call_ns + below(random, op.return_ns - op.call_ns + 1);
    break;
  case 1:
    op.call_ns = op.return_ns - below(random, op.return_ns - op.call_ns + 1);
    break;
  case 2:
    if (op.result == result_kind::mismatch ||
        (op.result == result_kind::ok && op.kind != operation_kind::get))
      op.told = {};
    break;
  default:
    tell_otherwise(random, op, all);
  }
}

} // namespace pmmc::testing
