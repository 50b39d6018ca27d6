// The search itself, the same for each engine: breadth first, by as many threads as wanted, state
// by state and with the shortest way to what is broken.
#pragma once

#include "base/invariant.hpp"
#include "search/hash_sums.hpp"
#include "search/search_result.hpp"
#include "search/visited_states.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::search {

/// An engine, as the search looks at it: a cluster's states (which pack(), unpack() and follow()
/// know), what happens in them (`successors`, one for each thread, a `transition` at a time), and
/// what must hold. Its const members may be called by several threads.
template <class Model>
concept searchable = requires(Model& m, const Model& known, const typename Model::state& s,
                              const typename Model::transition& t) {
  { known.first_state() } -> std::same_as<typename Model::state>;
  known.sums_of(s);
  { known.renamings() } -> std::convertible_to<unsigned>;
  { m.successors_finder() } -> std::same_as<typename Model::successors>;
  /// Whether the step as such may break an invariant, not only the state that it leads to.
  { known.is_judged_as_step(t) } -> std::same_as<bool>;
  /// The invariant that `t`, which leads from the first state to the other, breaks, or "".
  { known.broken_by(s, t, s) } -> std::same_as<std::string>;
  { known.describe(t) } -> std::same_as<std::string>;
  { known.is_decided(s) } -> std::same_as<bool>;
  { known.has_conflict(s) } -> std::same_as<bool>;
  { known.process_states() } -> std::convertible_to<std::uint64_t>;
  { known.messages() } -> std::convertible_to<std::uint64_t>;
  { known.steps() } -> std::convertible_to<std::uint64_t>;
};

/// The steps from the first state to the one with hash `last`, and a step from there that breaks an
/// invariant.
template <searchable Model>
std::vector<std::string> trace_to(Model& model, visited_states& visited, std::uint64_t last) {
  using transition = typename Model::transition;
  std::vector<std::uint64_t> way;
  for (auto hash = last; hash != 0; hash = *visited.parent_of(hash))
    way.push_back(hash);
  std::reverse(way.begin(), way.end());
  std::vector<std::string> lines;
  auto next = model.successors_finder();
  auto at = model.first_state();
  typename Model::state after;
  for (std::size_t i = 1; i < way.size(); ++i) {
    bool found = false;
    next.for_each(at, [&](const transition& t) {
      if (!t.fault.empty() || canonical_hash(t.sums, model.renamings()) != way[i])
        return true;
      lines.push_back(model.describe(t));
      follow(at, t, after);
      found = true;
      return false;
    });
    PMMC_INVARIANT(found, "a way that was found once is found again");
    std::swap(at, after);
  }
  next.for_each(at, [&](const transition& t) {
    if (t.fault.empty())
      follow(at, t, after);
    if (model.broken_by(at, t, after).empty())
      return true;
    lines.push_back(model.describe(t));
    return false;
  });
  return lines;
}

template <searchable Model>
class breadth_first {
public:
  breadth_first(Model& model, const search_options& options, const search_progress& progress)
      : model_(model), options_(options), progress_(progress) {}

  search_result run() {
    begin();
    while (!frontier_.empty() && !must_stop()) {
      search_level();
      ++depth_;
    }
    return finish();
  }

private:
  using state = typename Model::state;
  using transition = typename Model::transition;
  using steady = std::chrono::steady_clock;

  static constexpr std::size_t chunk_bytes = 1 << 20;

  /// States of one depth that are still to be looked at, packed.
  struct chunk {
    std::string bytes;
    std::size_t states = 0;
  };

  struct found_violation {
    std::string broken;
    std::uint64_t before = 0; ///< the hash of the state from which a step breaks it
  };

  /// What is told of a state beside that it is right.
  struct counters {
    std::uint64_t states = 0;
    std::uint64_t named_states = 0;
    std::uint64_t transitions = 0;
    std::uint64_t decided_states = 0;
    std::uint64_t conflict_states = 0;

    void count(const Model& m, const state& s, unsigned names) {
      ++states;
      named_states += names;
      decided_states += m.is_decided(s);
      conflict_states += m.has_conflict(s);
    }
    void add_to(search_result& r) const {
      r.states += states;
      r.named_states += named_states;
      r.transitions += transitions;
      r.decided_states += decided_states;
      r.conflict_states += conflict_states;
    }
  };

  /// What one thread keeps for itself.
  struct worker {
    explicit worker(Model& m) : next(m.successors_finder()) {}
    typename Model::successors next;
    counters counted;
    chunk open;
    std::vector<chunk> found;
  };

  bool must_stop() const {
    return stop_ || (options_.most_states != 0 && visited_.size() >= options_.most_states);
  }

  void begin() {
    const auto first = model_.first_state();
    const auto sums = model_.sums_of(first);
    visited_.insert(canonical_hash(sums, model_.renamings()), 0);
    first_counted_.count(model_, first, orbit_size(sums, model_.renamings()));
    chunk c;
    pack(c.bytes, first);
    c.states = 1;
    frontier_.push_back(std::move(c));
    for (unsigned i = 0; i < std::max(1U, options_.jobs); ++i)
      workers_.push_back(std::make_unique<worker>(model_));
  }

  void search_level() {
    next_chunk_ = 0;
    std::vector<std::future<void>> others; // each waits for its thread, whatever is thrown
    for (std::size_t i = 1; i < workers_.size(); ++i)
      others.push_back(std::async(std::launch::async, [this, i] { work(*workers_[i], false); }));
    work(*workers_[0], true);
    for (auto& o : others)
      o.get();
    std::vector<chunk> next;
    std::size_t bytes = visited_.bytes();
    for (auto& w : workers_) {
      if (w->open.states != 0)
        w->found.push_back(std::exchange(w->open, {}));
      std::move(w->found.begin(), w->found.end(), std::back_inserter(next));
      w->found.clear();
    }
    for (const auto* chunks : {&frontier_, &next})
      for (const auto& c : *chunks)
        bytes += c.bytes.capacity();
    most_bytes_ = std::max(most_bytes_, bytes);
    frontier_ = std::move(next);
  }

  void work(worker& w, bool tells_progress) {
    for (auto i = next_chunk_++; i < frontier_.size() && !stop_; i = next_chunk_++) {
      look_at(w, frontier_[i]);
      frontier_[i].bytes = {};
      if (tells_progress)
        tell_progress();
    }
  }

  void look_at(worker& w, const chunk& c) {
    std::string_view rest = c.bytes;
    state before;
    state after;
    for (std::size_t n = 0; n < c.states && !stop_; ++n) {
      unpack(rest, before);
      const auto hash = canonical_hash(model_.sums_of(before), model_.renamings());
      w.next.for_each(before,
                      [&](const transition& t) { return visit(w, hash, before, t, after); });
    }
  }

  bool visit(worker& w, std::uint64_t from, const state& before, const transition& t,
             state& after) {
    if (!t.fault.empty())
      return report_violation({t.fault, from});
    ++w.counted.transitions;
    const bool is_new = visited_.insert(canonical_hash(t.sums, model_.renamings()), from);
    if (!is_new && !model_.is_judged_as_step(t))
      return true;
    follow(before, t, after);
    if (auto broken = model_.broken_by(before, t, after); !broken.empty())
      return report_violation({std::move(broken), from});
    if (!is_new)
      return true;
    w.counted.count(model_, after, orbit_size(t.sums, model_.renamings()));
    pack(w.open.bytes, after);
    if (++w.open.states; w.open.bytes.size() >= chunk_bytes)
      w.found.push_back(std::exchange(w.open, {}));
    return true;
  }

  bool report_violation(found_violation v) {
    const std::lock_guard lock{violation_mutex_};
    if (!stop_)
      violation_ = std::move(v);
    stop_ = true;
    return false;
  }

  search_result so_far() const {
    search_result r;
    r.states = visited_.size();
    r.depth = depth_;
    r.seconds = std::chrono::duration<double>(steady::now() - start_).count();
    return r;
  }

  void tell_progress() {
    const auto now = steady::now();
    if (!progress_ || now < last_progress_ + std::chrono::seconds{1})
      return;
    last_progress_ = now;
    progress_(so_far());
  }

  search_result finish() {
    auto r = so_far();
    r.states = 0;
    first_counted_.add_to(r);
    for (const auto& w : workers_)
      w->counted.add_to(r);
    r.depth = depth_ == 0 ? 0 : depth_ - 1;
    r.is_complete = frontier_.empty() && !stop_;
    r.process_states = model_.process_states();
    r.messages = model_.messages();
    r.core_steps = model_.steps();
    r.memory_bytes = most_bytes_;
    if (stop_) {
      r.broken = violation_.broken;
      r.trace = trace_to(model_, visited_, violation_.before);
    }
    return r;
  }

  Model& model_;
  search_options options_;
  const search_progress& progress_;
  visited_states visited_;
  std::vector<chunk> frontier_;
  std::atomic<std::size_t> next_chunk_ = 0;
  std::vector<std::unique_ptr<worker>> workers_;
  counters first_counted_;
  unsigned depth_ = 0;
  std::size_t most_bytes_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex violation_mutex_;
  found_violation violation_;
  steady::time_point start_ = steady::now();
  steady::time_point last_progress_ = start_;
};

} // namespace pmmc::search
