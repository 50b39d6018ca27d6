// The search for an order of one key's operations that explains what each was told: Wing and
// Gong's, with Lowe's memory of where it has been.
#pragma once

#include "check/event_list.hpp"
#include "check/needs.hpp"
#include "check/seen_set.hpp"

#include <functional>
#include <span>

namespace pmmc::check {

/// An operation of one key. `open`: take it as one with an unknown outcome, whatever is recorded.
struct search_item {
  const operation* op = nullptr;
  bool open = false;
  guess order = no_guess; ///< what is tried first; nothing is left out because of it
};

enum class search_end : std::uint8_t { found, none, gave_up };

/// The operations that took effect, in their order.
using effects = std::vector<const operation*>;

/// One search; use an object once. Iterative: its memory is bounded by `max_states` (16 to 64 bytes
/// each) and the number of operations.
///
/// An order has every operation between its call and its return. An unknown one comes after its
/// call or not at all. Beyond trying out all orders, the search uses that
/// - a read that fits the state may go first at once: it is in nobody's way;
/// - of operations that are the same, the one that was called and has returned earlier goes first;
/// - a state that others were still told of must not be left if nobody can bring it about again;
/// - where nothing but put, get and cas happens, a put that nobody saw may vanish right before
///   another put.
class key_search {
public:
  /// The items in the order of their calls.
  key_search(std::span<const search_item> items, std::uint64_t max_states,
             const key_state& initial = {});

  search_end run();
  /// Every state in which an order may end, with one order for each. Nothing if there are more than
  /// `most`, or if it gave up.
  std::optional<std::vector<effects>> end_states(std::size_t most);

  /// After a search that found none: until which return it got; not later than when things had gone
  /// wrong.
  std::uint64_t reached_ns() const;
  /// An operation that found the key as nothing can have left it; or null.
  const operation* never_written() const;

  std::uint64_t states() const { return seen_.size(); }

private:
  enum class entered : std::uint8_t { open, dead, at_end, full };
  struct node {
    key_state state;
    std::size_t trail_before = 0; ///< the trail's length without the reads that went first
    std::size_t trail_here = 0;
    std::size_t candidates_begin = 0;
    bool tried_likely = false; ///< those with an unknown outcome and no guess come last
  };

  void link_twins();
  bool is_plain_register() const;
  /// Until `at_end`, called in each state in which an order ends, says true.
  search_end search(const std::function<bool(const key_state&)>& at_end);
  entered enter(const key_state& state);
  std::optional<key_state> next_state();
  void collect_likely(const node& n);
  void collect_unlikely(const node& n);
  template <class Suits>
  void take_where(const Suits& suits);
  void take_reads(const key_state& state);
  void take_unseen_puts(std::uint32_t but);
  bool is_unseen_put(std::uint32_t op) const;
  bool twin_is_left(std::uint32_t op) const;
  void take(std::uint32_t op);
  void undo_to(std::size_t trail);
  bool is_unknown(std::uint32_t op) const { return ops_[op].result == result_kind::unknown; }
  bool is_likely(std::uint32_t op) const { return !is_unknown(op) || items_[op].order != no_guess; }
  /// It may come next, and do something.
  bool is_candidate(std::uint32_t op, const key_state& state) const;

  std::vector<search_item> items_; ///< those that matter
  std::vector<const operation*> origins_;
  std::vector<model_operation> ops_;
  std::vector<std::uint32_t> earlier_twin_; ///< the operation itself if there is none
  key_state initial_;
  std::vector<bool> taken_;
  std::size_t known_left_ = 0;
  bool exact_ends_ = false; ///< no short cuts that lose states in which an order may end
  bool plain_register_ = false;
  event_list events_;
  needs needs_;
  seen_set seen_;
  state_code taken_code_;
  std::uint32_t furthest_ = event_list::none; ///< the last return that had to be explained next

  std::vector<node> path_;
  std::vector<std::uint32_t> candidates_; ///< of all nodes of the path, the best one last
  std::vector<std::uint32_t> trail_;      ///< the operations taken, in order
};

} // namespace pmmc::check
