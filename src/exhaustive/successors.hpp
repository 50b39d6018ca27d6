// What can happen next in a state of the cluster.
#pragma once

#include "exhaustive/cluster_state.hpp"

#include <functional>
#include <string>
#include <vector>

namespace pmmc::exhaustive {

/// One thing that happens. Valid only while the function that is given it runs.
struct transition {
  step_key key;           ///< unless `announced` is set
  slot_num announced = 0; ///< a replica announces this watermark
  const step_result* result = nullptr;
  std::vector<part_id> processes; ///< of the state that it leads to
  std::vector<part_id> sent;      ///< messages that were not there before, sorted
  renamed_hashes sums{};          ///< of the state that it leads to
  std::string fault;              ///< it breaks an invariant of a single step
};

/// The state that `t` leads to from `before`.
void follow(const cluster_state& before, const transition& t, cluster_state& after);

/// Finds all transitions of a state. One for each thread: it remembers steps that it has looked up.
class successors {
public:
  successors(universe& u, const scope& s);

  /// Calls `visit` for each transition that changes anything, until it returns false. The order
  /// depends on the order in which the universe met the parts.
  void for_each(const cluster_state& s, const std::function<bool(const transition&)>& visit);

private:
  const step_result& step(const step_key& key);
  bool try_step(const cluster_state& s, std::size_t position, const step_key& key,
                const std::function<bool(const transition&)>& visit);
  bool deliver(const cluster_state& s, part_id message,
               const std::function<bool(const transition&)>& visit);
  bool announce(const cluster_state& s, const std::function<bool(const transition&)>& visit);
  void apply(std::size_t position, const step_result& result);
  void deliver_report_at_once(std::size_t position);
  bool finish(const std::function<bool(const transition&)>& visit);
  void send(const std::vector<part_id>& messages);
  std::size_t position_of_leader(unsigned number) const { return scope_.acceptors + number; }

  universe& universe_;
  scope scope_;
  std::size_t fixed_; ///< acceptors and leaders
  transition now_;
  renamed_hashes message_sums_{};     ///< of the state that is being looked at
  std::vector<std::uint8_t> is_sent_; ///< by message

  struct remembered {
    step_key key;
    const step_result* result = nullptr;
  };
  std::vector<remembered> steps_; ///< a hash table
  std::size_t steps_used_ = 0;
};

} // namespace pmmc::exhaustive
