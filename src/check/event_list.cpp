#include "check/event_list.hpp"

#include <algorithm>
#include <tuple>

namespace pmmc::check {

event_list::event_list(const std::vector<times>& operations)
    : call_of_(operations.size()), return_of_(operations.size(), none) {
  struct event {
    std::uint64_t time_ns;
    bool is_return;
    std::uint32_t operation;
  };
  std::vector<event> events;
  for (std::uint32_t i = 0; i < operations.size(); ++i) {
    events.push_back({operations[i].call_ns, false, i});
    if (operations[i].returns)
      events.push_back({operations[i].return_ns, true, i});
  }
  std::sort(events.begin(), events.end(), [](const event& a, const event& b) {
    return std::tie(a.time_ns, a.is_return, a.operation) <
           std::tie(b.time_ns, b.is_return, b.operation);
  });
  const auto count = static_cast<std::uint32_t>(events.size()) + 1;
  next_.resize(count);
  previous_.resize(count);
  operation_.resize(count);
  for (std::uint32_t e = 0; e < count; ++e) {
    next_[e] = (e + 1) % count;
    previous_[e] = (e + count - 1) % count;
    if (e == none)
      continue;
    operation_[e] = events[e - 1].operation;
    (events[e - 1].is_return ? return_of_ : call_of_)[operation_[e]] = e;
  }
}

void event_list::lift(std::uint32_t operation) {
  unlink(call_of_[operation]);
  if (return_of_[operation] != none)
    unlink(return_of_[operation]);
}

void event_list::put_back(std::uint32_t operation) {
  if (return_of_[operation] != none)
    relink(return_of_[operation]);
  relink(call_of_[operation]);
}

void event_list::unlink(std::uint32_t event) {
  next_[previous_[event]] = next_[event];
  previous_[next_[event]] = previous_[event];
}

void event_list::relink(std::uint32_t event) {
  next_[previous_[event]] = event;
  previous_[next_[event]] = event;
}

} // namespace pmmc::check
