// Every message and every state of a single process that a search meets, each once, under a number;
// and the steps that lead from one to the other. A step of the real core is run when it is first
// needed and remembered: the core is deterministic, so the same process state and the same input
// have the same outcome. What a state of the whole cluster is made of are these numbers.
#pragma once

#include "search/checks.hpp"
#include "search/part_ids.hpp"
#include "search/process_driver.hpp"
#include "search/stable_vector.hpp"

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace pmmc::search {

/// At most so many renamings of acceptors (all of three).
constexpr unsigned most_renamings = 6;
using renamed_hashes = std::array<std::uint64_t, most_renamings>;

/// Who may receive a message, or what a process is.
enum class part_kind : std::uint8_t { none, acceptor, leader, scout, commander, report, replica };

struct message_part {
  envelope message;
  message_fact fact;
  part_kind to = part_kind::none; ///< scout, commander: all of `number`'s
  unsigned number = 0;            ///< the acceptor, leader or replica, from 0
  renamed_hashes hashes{};        ///< of the message under each renaming
};

struct process_part {
  explicit process_part(process p) : contents(std::move(p)) {}

  process contents;
  part_kind kind = part_kind::none;
  unsigned number = 0;    ///< the acceptor's or replica's, or the leader's that this belongs to
  acceptor_fact durable;  ///< of an acceptor
  leader_fact leader;     ///< of a leader
  replica_fact replica;   ///< of a replica
  sub_role_id id;         ///< of a scout or a commander
  ballot_rank ballot = 0; ///< of a scout, a commander, or a leader that scouts or is active
  renamed_hashes hashes{};
};

/// An input, with numbers in place of messages and reports.
enum class input_kind : std::uint8_t {
  message,
  report,
  crash,
  run_for_office,
  lose_office,
  pass_time,
  hear_of,
  begin_read
};

struct step_key {
  part_id before = 0;
  input_kind kind = input_kind::message;
  /// Message, report; of hear_of the version; of begin_read the slots that are acknowledged.
  part_id argument = 0;

  friend bool operator==(const step_key&, const step_key&) = default;
};

struct step_result {
  part_id after = no_part;
  bool changes_nothing = true;
  bool stops_sub_roles = false;
  bool loses_sub_roles = false;
  std::vector<sub_role_id> stopped;
  std::vector<part_id> started;
  std::vector<part_id> sent;
  std::string fault; ///< what is wrong with this step, or ""
};

struct step_key_hash {
  std::size_t operator()(const step_key& k) const {
    auto x = (std::uint64_t{k.before} << 32 | k.argument) ^ (std::uint64_t(k.kind) << 60);
    x *= 0x9E3779B97F4A7C15ULL;
    return x ^ x >> 29;
  }
};

/// Thread-safe.
class universe {
public:
  explicit universe(const scope& s);

  const std::vector<part_id>& first_processes() const { return first_processes_; }
  const std::vector<part_id>& first_messages() const { return first_messages_; }
  /// The result stays where it is for as long as the universe does.
  const step_result& step(const step_key& key);
  /// The version of the latest configuration where all these were performed.
  config_version version_after(const std::vector<part_id>& decisions);
  /// What the replica sends then (see process_driver).
  std::vector<part_id> reaction(const std::vector<part_id>& decisions);
  std::vector<part_id> announcement(slot_num slot_out);

  const message_part& message(part_id id) const { return messages_[id]; }
  const process_part& process_state(part_id id) const { return processes_[id]; }
  /// How many renamings there are; the first one changes nothing.
  unsigned renamings() const { return static_cast<unsigned>(renamings_.size()); }

  // When no search is running:
  std::size_t messages() const { return messages_.size(); }
  std::size_t process_states() const { return processes_.size(); }
  std::size_t steps() const { return steps_.size(); }

private:
  /// acceptor i becomes acceptor renaming[i].
  using renaming = std::vector<unsigned>;

  struct found {
    part_id id;
    bool is_new;
  };

  std::vector<command> values_of(const std::vector<part_id>& decisions) const;
  step_result run(const step_key& key);
  const step_result& remembered(const step_key& key);
  part_id intern(const envelope& e);
  std::vector<part_id> intern(const std::vector<envelope>& all);
  void find_renamings();
  part_id intern_first(process p);
  part_id intern(process p, const step_key& reached_by);
  found add(process p);
  void rename_all(part_id id, const step_key& reached_by);
  part_kind recipient(const envelope& e) const;
  role_id renamed(const role_id& id, const renaming& by) const;
  envelope renamed(envelope e, const renaming& by) const;

  scope scope_;
  process_driver driver_;
  std::map<role_id, role_kind> kinds_; ///< of all roles that the scope can come to have
  std::vector<renaming> renamings_;
  std::mutex mutex_;
  stable_vector<message_part> messages_;
  stable_vector<process_part> processes_;
  std::vector<std::array<part_id, most_renamings>> renamed_messages_;
  std::vector<std::array<part_id, most_renamings>> renamed_processes_;
  std::unordered_map<std::string, part_id> message_ids_;
  std::unordered_map<std::string, part_id> process_ids_;
  std::unordered_map<step_key, step_result, step_key_hash> steps_;
  std::vector<part_id> first_processes_;
  std::vector<part_id> first_messages_;
};

} // namespace pmmc::search
