// Every message, state of a single server, and history that a search meets, each once, under a
// number; and the steps that lead from one to the other, each run when it is first needed and
// remembered: the core is deterministic. As in search/universe.hpp, with Raft's servers.
#pragma once

#include "search/raft/checks.hpp"
#include "search/raft/server_process.hpp"
#include "search/stable_vector.hpp"

#include <array>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace pmmc::raft::search {

using part_id = std::uint32_t;
constexpr part_id no_part = ~part_id{0};

/// At most so many renamings of servers (all of four).
constexpr unsigned most_renamings = 24;
using renamed_hashes = std::array<std::uint64_t, most_renamings>;

struct message_part {
  envelope message;
  unsigned to = 0; ///< the server's number
  renamed_hashes hashes{};
};

struct server_part {
  server_process contents;
  server_fact fact;
  part_id snapshot = no_part; ///< that it has, and that others can fetch
  renamed_hashes hashes{};
};

struct history_part {
  history contents;
  renamed_hashes hashes{};
};

enum class input_kind : std::uint8_t {
  message,
  crash,
  run_for_office,
  hear_of_term,
  miss_answers,
  send_heartbeats,
  propose_command,
  change_servers,
  compact_log,
  take_snapshot,
  lose_connection,
  finish_write,
  begin_read
};

struct step_key {
  static constexpr unsigned survives = 255;

  part_id before = 0;
  input_kind kind = input_kind::message;
  unsigned cut = survives; ///< or the records that are written before the server crashes
  part_id argument = 0;    ///< the message, snapshot, term, server or number

  friend bool operator==(const step_key&, const step_key&) = default;
};

struct step_key_hash {
  std::size_t operator()(const step_key& k) const {
    auto x = (std::uint64_t{k.before} << 32 | k.argument) ^ (std::uint64_t(k.kind) << 58) ^
             (std::uint64_t{k.cut} << 50);
    x *= 0x9E3779B97F4A7C15ULL;
    return x ^ x >> 29;
  }
};

struct step_result {
  part_id after = no_part;
  bool changes_nothing = true;
  unsigned cuts = 0;         ///< it can be survived by 0, …, cuts - 1 of its records
  unsigned first_cut = 0;    ///< below that nothing of the step is left
  std::vector<part_id> sent; ///< sorted
  std::string fault;         ///< what is wrong with this step, or ""
};

/// What became of a history when a server had changed.
struct history_result {
  part_id after = no_part;
  slot_num committed_from = 0; ///< what is new; 0: nothing
  std::string fault;
};

/// Thread-safe.
class universe {
public:
  explicit universe(const scope& s);

  const std::vector<part_id>& first_servers() const { return first_servers_; }
  part_id first_history() const { return 0; }
  /// The results stay where they are for as long as the universe does.
  const step_result& step(const step_key& key);
  const history_result& take_in(part_id history, part_id server);
  /// Without the leaders of terms that nobody can come to lead any more.
  part_id forget_leaders(part_id history, std::uint32_t may_be_led);

  const message_part& message(part_id id) const { return messages_[id]; }
  const server_part& server(part_id id) const { return servers_[id]; }
  const history_part& past(part_id id) const { return histories_[id]; }
  /// How many renamings there are; the first one changes nothing.
  unsigned renamings() const { return static_cast<unsigned>(renamings_.size()); }

  // When no search is running:
  std::size_t messages() const { return messages_.size(); }
  std::size_t server_states() const { return servers_.size(); }
  std::size_t steps() const { return steps_.size(); }

private:
  step_result run(const step_key& key);
  input input_of(const step_key& key) const;
  part_id intern(const envelope& e);
  part_id intern(server_process p);
  part_id intern_snapshot(const raft::log& log);
  part_id intern(const history& h);
  void find_renamings();
  template <class Part>
  renamed_hashes hashes_of(const Part& part, std::uint64_t seed) const;

  scope scope_;
  server_driver driver_;
  std::vector<renaming> renamings_;
  std::mutex mutex_;
  pmmc::search::stable_vector<message_part> messages_;
  pmmc::search::stable_vector<server_part> servers_;
  pmmc::search::stable_vector<history_part> histories_;
  std::vector<snapshot> snapshots_;
  std::unordered_map<std::string, part_id> message_ids_;
  std::unordered_map<std::string, part_id> server_ids_;
  std::unordered_map<std::string, part_id> history_ids_;
  std::unordered_map<std::string, part_id> snapshot_ids_;
  std::unordered_map<step_key, step_result, step_key_hash> steps_;
  std::unordered_map<std::uint64_t, history_result> history_steps_;
  std::vector<part_id> first_servers_;
};

} // namespace pmmc::raft::search
