// What a search of Raft's servers meets (see server_universe.hpp).
#pragma once

#include "search/raft/checks.hpp"
#include "search/raft/server_host.hpp"
#include "search/server_universe.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace pmmc::raft::search {

using pmmc::search::no_part;
using pmmc::search::part_id;

/// Of what an input is: a message, records, a term, a snapshot, a server, or how much is committed.
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

/// For server_universe.
struct engine {
  using scope = search::scope;
  using driver = server_host;
  using process = server_process;
  using fact = server_fact;
  using history = search::history;
  using envelope = raft::envelope;
  using input = search::input;
  using input_kind = search::input_kind;
  using writer = byte_writer;

  static fact fact_of(const process& p) { return search::fact_of(p); }
  static pmmc::search::history_news take_in(history& h, const fact& now) {
    return search::take_in(h, now);
  }
  static void forget(history& h, std::uint32_t all_but) { forget_leaders(h, all_but); }
  static std::string broken_invariant(const process& before, const step_outcome& out) {
    return search::broken_invariant(before, out.after);
  }
};

class universe : public pmmc::search::server_universe<engine> {
public:
  explicit universe(const scope& s);

  /// That a server has, and that others can fetch; no_part: none.
  part_id snapshot_of(part_id server);

private:
  input input_of(const step_key& key) const override;

  std::vector<snapshot> snapshots_;
  std::unordered_map<std::string, part_id> snapshot_ids_;
};

} // namespace pmmc::raft::search
