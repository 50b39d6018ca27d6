// Asks every process of a cluster how it is (`pmmc status`, `fingerprint`, `config`, `reconfig`,
// `up`), and so finds out which processes those are.
#pragma once

#include "config/cluster_file.hpp"
#include "node/status_messages.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc {

/// How `why` begins for a process of a cluster with another name, which follows.
inline constexpr std::string_view belongs_to_cluster = "it belongs to cluster ";

/// One role's answer, or why there is none.
struct probed_role {
  config::role role;
  bool up = false;
  std::string why; ///< not up: what happened; up: what is wrong all the same
  role_status status;
};

/// What one process answered, or why it did not.
struct probed_process {
  std::string why; ///< empty: it answered
  process_status status;
};

using probe_answers = std::map<std::string, probed_process>; ///< by address

struct probed_cluster {
  /// The latest that anybody knows: a process, a data directory on this machine, or else the config
  /// file.
  membership known;
  /// A word of engine_kind: what the first process says that answers, or else the config file.
  std::string engine{to_string(default_engine)};
  bool answered = false;                           ///< whether any process did
  std::map<std::string, probed_process> processes; ///< by address
  bool remembered = false; ///< nobody answered: `known` is from a directory, not the config file

  /// All roles of the live configurations, acceptors first; of one that changes its address, both.
  std::vector<probed_role> roles() const;
  /// How the role at this address is.
  probed_role at(const config::role& role) const;
};

/// Asks the processes that the config file and the data directories beside it name, and those that
/// these know of. Waits for none longer than `timeout`. `also`: further addresses to ask.
probed_cluster probe(const config::cluster_file& cluster, bool with_fingerprint,
                     std::chrono::milliseconds timeout, const std::set<std::string>& also = {});

/// Asks at all of these addresses at the same time. Each has its place in the answer.
using ask_addresses = std::function<probe_answers(const std::set<std::string>&)>;

/// The same in `ask`'s way, whatever that waits for.
probed_cluster probe(const config::cluster_file& cluster, const ask_addresses& ask,
                     const std::set<std::string>& also);

/// What the data directories that the config file names remember; nothing if they remember nothing.
std::optional<membership> remembered_members(const config::cluster_file& cluster);

/// The same, or else what the config file says.
membership members_on_disk(const config::cluster_file& cluster);

} // namespace pmmc
