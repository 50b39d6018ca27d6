#include "search/raft/search.hpp"

#include "search/raft/trace.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <utility>

namespace pmmc::raft::search {

using pmmc::search::search_options;
using pmmc::search::search_progress;
using pmmc::search::search_result;
using pmmc::search::visited_states;

namespace {

using steady = std::chrono::steady_clock;

/// States of one depth that are still to be looked at, packed.
struct chunk {
  std::string bytes;
  std::size_t states = 0;
};

constexpr std::size_t chunk_bytes = 1 << 20;

struct found_violation {
  std::string broken;
  std::uint64_t before = 0; ///< the hash of the state from which a step breaks it
};

bool conflict(const log_fact& a, const log_fact& b) {
  for (auto i = std::max(a.base.index, b.base.index) + 1; i <= std::min(a.last(), b.last()); ++i)
    if (a.at(i) != b.at(i))
      return true;
  return false;
}

/// What is told of a state beside that it is right.
struct counters {
  std::uint64_t states = 0;
  std::uint64_t named_states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t decided_states = 0;
  std::uint64_t conflict_states = 0;

  void count(const universe& u, const cluster_state& s, unsigned names) {
    ++states;
    named_states += names;
    decided_states += !u.past(s.past).contents.committed.empty();
    bool competes = false;
    for (std::size_t a = 0; a < s.servers.size() && !competes; ++a)
      for (std::size_t b = 0; b < a && !competes; ++b)
        competes = conflict(u.server(s.servers[a]).fact.log, u.server(s.servers[b]).fact.log);
    conflict_states += competes;
  }
  void add(const counters& other) {
    states += other.states;
    named_states += other.named_states;
    transitions += other.transitions;
    decided_states += other.decided_states;
    conflict_states += other.conflict_states;
  }
};

class breadth_first {
public:
  breadth_first(const scope& s, const search_options& options, const search_progress& progress)
      : scope_(s), options_(options), progress_(progress), universe_(s) {}

  search_result run() {
    begin();
    while (!frontier_.empty() && !must_stop()) {
      search_level();
      ++depth_;
    }
    return finish();
  }

private:
  /// What one thread keeps for itself.
  struct worker {
    explicit worker(breadth_first& search) : next(search.universe_, search.scope_) {}
    successors next;
    counters counted;
    chunk open;
    std::vector<chunk> found;
  };

  bool must_stop() const {
    return stop_ || (options_.most_states != 0 && visited_.size() >= options_.most_states);
  }

  void begin() {
    const auto first = first_state(universe_);
    const auto sums = sums_of(universe_, first);
    visited_.insert(canonical_hash(sums, universe_.renamings()), 0);
    first_counted_.count(universe_, first, orbit_size(sums, universe_.renamings()));
    chunk c;
    pack(c.bytes, first);
    c.states = 1;
    frontier_.push_back(std::move(c));
    for (unsigned i = 0; i < std::max(1U, options_.jobs); ++i)
      workers_.push_back(std::make_unique<worker>(*this));
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
    cluster_state before;
    cluster_state after;
    for (std::size_t n = 0; n < c.states && !stop_; ++n) {
      unpack(rest, before);
      const auto hash = canonical_hash(sums_of(universe_, before), universe_.renamings());
      w.next.for_each(before,
                      [&](const transition& t) { return visit(w, hash, before, t, after); });
    }
  }

  /// What a step commits is judged though its state was met before.
  bool visit(worker& w, std::uint64_t from, const cluster_state& before, const transition& t,
             cluster_state& after) {
    if (!t.fault.empty())
      return report_violation({t.fault, from});
    ++w.counted.transitions;
    const bool is_new = visited_.insert(canonical_hash(t.sums, universe_.renamings()), from);
    if (!is_new && t.committed_from == 0)
      return true;
    follow(before, t, after);
    if (auto broken = broken_by(universe_, t, after); !broken.empty())
      return report_violation({std::move(broken), from});
    if (!is_new)
      return true;
    w.counted.count(universe_, after, orbit_size(t.sums, universe_.renamings()));
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
    auto all = first_counted_;
    for (const auto& w : workers_)
      all.add(w->counted);
    r.states = all.states;
    r.named_states = all.named_states;
    r.transitions = all.transitions;
    r.decided_states = all.decided_states;
    r.conflict_states = all.conflict_states;
    r.depth = depth_ == 0 ? 0 : depth_ - 1;
    r.is_complete = frontier_.empty() && !stop_;
    r.process_states = universe_.server_states();
    r.messages = universe_.messages();
    r.core_steps = universe_.steps();
    r.memory_bytes = most_bytes_;
    if (stop_) {
      r.broken = violation_.broken;
      r.trace = trace_to(universe_, scope_, visited_, violation_.before);
    }
    return r;
  }

  scope scope_;
  search_options options_;
  const search_progress& progress_;
  universe universe_;
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

} // namespace

search_result explore(const scope& s, const search_options& options,
                      const search_progress& progress) {
  return breadth_first{s, options, progress}.run();
}

} // namespace pmmc::raft::search
