// What can happen next in a state of the cluster.
#pragma once

#include "search/cluster_state.hpp"
#include "search/remembered_steps.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::search {

/// One thing that happens. Valid only while the function that is given it runs.
struct transition {
  std::vector<step_key> silent; ///< what a scout or commander took in before; nobody noticed
  step_key key;
  const step_result* result = nullptr;
  std::vector<part_id> processes; ///< of the state that it leads to
  std::vector<part_id> forgotten; ///< messages that are in the state no more, sorted
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

  using visitor = std::function<bool(const transition&)>;
  /// Calls `visit` for each transition that changes anything, until it returns false. The order
  /// depends on the order in which the universe met the parts.
  void for_each(const cluster_state& s, const visitor& visit);

private:
  /// A state that a scout or commander can reach without anybody noticing.
  struct silent_state {
    part_id process = no_part;
    std::size_t from = 0; ///< its place in silent_states_
    part_id message = 0;  ///< that led here
  };

  const step_result& step(const step_key& key);
  bool is_repeated(const cluster_state& s, std::size_t position) const;
  bool chosen_events(const cluster_state& s, const visitor& visit);
  bool deliveries(const cluster_state& s, const visitor& visit);
  bool sub_role_steps(const cluster_state& s, std::size_t position, const visitor& visit);
  bool is_silent(const step_key& key, const step_result& result);
  void tell_silent(std::size_t last);
  void let_replica_react(const cluster_state& s);
  bool is_dead(part_id message) const;
  void forget_dead(const cluster_state& s);
  bool try_step(const cluster_state& s, std::size_t position, const step_key& key,
                const visitor& visit);
  void stop_some(std::size_t position, const step_result& result);
  void apply(std::size_t position, const step_result& result);
  void deliver_report_at_once(std::size_t position);
  void answer_at_once(const cluster_state& s);
  void answer_at_once(part_id message);
  bool finish(const cluster_state& s, const visitor& visit);
  void send(const std::vector<part_id>& messages);
  std::size_t position_of_leader(unsigned number) const { return acceptors_ + number; }
  bool begin_reads(const cluster_state& s, const visitor& visit);
  config_version decided_version(const cluster_state& s);
  bool tell_of_configurations(const cluster_state& s, const visitor& visit);
  part_id find_decision(const std::vector<part_id>& messages, slot_num slot) const;
  std::optional<std::size_t> position_of_receiver(const message_part& m) const;

  universe& universe_;
  scope scope_;
  std::size_t acceptors_;
  std::size_t replicas_; ///< where they begin: behind acceptors and leaders
  std::size_t fixed_;    ///< acceptors, leaders and replicas
  transition now_;
  renamed_hashes message_sums_{}; ///< of the state that is being looked at
  sent_messages known_messages_;
  std::vector<silent_state> silent_states_;
  std::map<std::vector<part_id>, config_version> versions_; ///< by the decisions that led to them
  std::vector<part_id> outcomes_; ///< of the scout or commander that is being looked at
  remembered_steps<step_key, step_key_hash, step_result> steps_;
};

} // namespace pmmc::search
