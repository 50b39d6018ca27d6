// What can happen next in a state of the cluster.
#pragma once

#include "search/raft/cluster_state.hpp"

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pmmc::raft::search {

/// One thing that happens. Valid only while the function that is given it runs.
struct transition {
  step_key key;
  unsigned server = 0; ///< whose step it is
  const step_result* result = nullptr;
  std::vector<part_id> servers; ///< of the state that it leads to
  part_id past = 0;
  std::vector<part_id> forgotten; ///< messages that are in the state no more, sorted
  std::vector<part_id> sent;      ///< messages that were not there before, sorted
  slot_num committed_from = 0;    ///< entries from here on were committed now; 0: none
  renamed_hashes sums{};          ///< of the state that it leads to
  std::string fault;              ///< it breaks an invariant of a step or of what was before
};

/// The state that `t` leads to from `before`.
void follow(const cluster_state& before, const transition& t, cluster_state& after);

/// Finds all transitions of a state. One for each thread: it remembers what it has looked up.
class successors {
public:
  successors(universe& u, const scope& s);

  using visitor = std::function<bool(const transition&)>;
  /// Calls `visit` for each transition that changes anything, until it returns false. The order
  /// depends on the order in which the universe met the parts.
  void for_each(const cluster_state& s, const visitor& visit);

private:
  const step_result& step(const step_key& key);
  const history_result& take_in(part_id past, part_id server);
  part_id forget_leaders(part_id past);
  bool chosen_events(const cluster_state& s, unsigned server, const visitor& visit);
  bool leaders_events(const cluster_state& s, unsigned server, const visitor& visit);
  bool crashes(const cluster_state& s, unsigned server, const visitor& visit);
  bool news_of_terms(const cluster_state& s, unsigned server, const visitor& visit);
  bool fetched_snapshots(const cluster_state& s, unsigned server, const visitor& visit);
  bool try_step(const cluster_state& s, unsigned server, input_kind kind, part_id argument,
                const visitor& visit);
  bool try_step(const cluster_state& s, unsigned server, const step_key& key, const visitor& visit);
  void send(const std::vector<part_id>& messages);
  void answer_at_once(part_id message);
  void answer_at_once(const cluster_state& s);
  bool is_dead(part_id message) const;
  void forget_dead(const cluster_state& s);
  void add_up(const cluster_state& s);

  universe& universe_;
  scope scope_;
  transition now_;
  renamed_hashes before_sums_{};      ///< of the state that is being looked at
  std::vector<std::uint8_t> is_sent_; ///< by message

  struct remembered {
    step_key key;
    const step_result* result = nullptr;
  };
  std::vector<remembered> steps_; ///< a hash table
  std::size_t steps_used_ = 0;
  std::unordered_map<std::uint64_t, const history_result*> taken_in_;
  std::unordered_map<std::uint64_t, part_id> without_leaders_;
};

} // namespace pmmc::raft::search
