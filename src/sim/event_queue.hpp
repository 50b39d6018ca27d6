// What is going to happen, in the order of its time. Things at the same time happen in the order in
// which they were put in.
#pragma once

#include "sim/scenario.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pmmc::sim {

enum class event_kind : std::uint8_t {
  deliver,   ///< message `what` of the post arrives at actor `who`
  tick,      ///< of process `who`
  news,      ///< number `what` (meetings.hpp) of the members comes to process `who`
  wake,      ///< actor `who` asked for it; `what` is its own
  restart,   ///< of process `who`
  fault,     ///< number `what` begins
  fault_end, ///< number `what` ends
};

struct event {
  sim_time at = 0;
  std::uint64_t order = 0;
  event_kind kind = event_kind::deliver;
  std::uint16_t who = 0;
  std::uint32_t life = 0; ///< of the process; what was meant for an earlier one is void
  std::uint32_t what = 0;
};

class event_queue {
public:
  void push(sim_time at, event_kind kind, std::size_t who, std::uint32_t life, std::size_t what) {
    heap_.push_back({at, order_++, kind, static_cast<std::uint16_t>(who), life,
                     static_cast<std::uint32_t>(what)});
    std::push_heap(heap_.begin(), heap_.end(), later{});
  }
  /// Precondition: not empty.
  event pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later{});
    const auto next = heap_.back();
    heap_.pop_back();
    return next;
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  sim_time next_time() const { return heap_.front().at; }

private:
  /// A type, not a function: the heap's loops then inline it.
  struct later {
    bool operator()(const event& a, const event& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  std::vector<event> heap_;
  std::uint64_t order_ = 0;
};

} // namespace pmmc::sim
