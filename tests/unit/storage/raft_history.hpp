// What a Raft server may write down, made up from a seed.
#pragma once

#include "scratch.hpp"

#include "base/random.hpp"
#include "consensus/raft/persistent_state.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using raft_records = std::vector<pmmc::raft::record>;

inline pmmc::raft::server_set servers_of(pmmc::config_version version,
                                         const std::vector<std::string>& ids) {
  pmmc::raft::server_set set{.version = version, .servers = {}, .outgoing = {}};
  for (const auto& id : ids)
    set.servers.push_back({id, "host " + id + ":1", "disk of " + id});
  return set;
}

/// Those of the directories that the tests make.
inline const pmmc::raft::server_set first_servers = [] {
  const auto first = scratch::info_of(pmmc::role_kind::server, "").facts.first;
  return pmmc::raft::server_set{first.version, first.servers, {}};
}();

inline std::shared_ptr<const pmmc::raft::server_set> shared(pmmc::raft::server_set set) {
  return std::make_shared<const pmmc::raft::server_set>(std::move(set));
}

class raft_history {
public:
  explicit raft_history(std::uint64_t seed, std::uint64_t most_command_bytes = 900)
      : chance_(seed), most_command_bytes_(most_command_bytes) {}

  /// The records of one write of a server in this state: never none.
  raft_records next(const pmmc::raft::persistent_state& from) {
    auto state = from;
    raft_records made;
    for (auto count = 1 + chance_.below(4); count > 0; --count)
      add(state, made);
    return made;
  }

private:
  using state = pmmc::raft::persistent_state;

  void put(state& s, raft_records& made, pmmc::raft::record r) {
    s.apply(r);
    made.push_back(std::move(r));
  }

  void add(state& s, raft_records& made) {
    using namespace pmmc::raft;
    const auto what = chance_.below(20);
    const auto first = s.log.first();
    const auto last = s.log.last();
    if (s.term == 0 || what == 0)
      return put(s, made, term_record{s.term + 1, chance_.below(2) == 0 ? "" : "r2"});
    if (what == 1 && s.voted_for.empty())
      return put(s, made, term_record{s.term, "r" + std::to_string(1 + chance_.below(3))});
    if (what == 2)
      return put(s, made, truncate_record{first + chance_.below(last.index + 2 - first)});
    if (what <= 5) {
      const auto index = s.log.base().index + chance_.below(last.index + 1 - s.log.base().index);
      const position base{index, *s.log.term_at(index)};
      return put(s, made, base_record{base, s.log.members_at(index)});
    }
    if (what == 6 && chance_.below(4) == 0) // a snapshot of the leader, beyond or beside the log
      return put(s, made,
                 base_record{{last.index + chance_.below(9), ++another_term_ + s.term * 1000},
                             shared(some_servers())});
    append(s, made);
  }

  void append(state& s, raft_records& made) {
    pmmc::raft::entry e{.term = std::max(s.term, s.log.last().term), .value = {}, .members = {}};
    if (chance_.below(5) != 0)
      e.value = pmmc::command{
          std::string(chance_.below(most_command_bytes_), static_cast<char>('a' + ++letter_ % 26))};
    if (chance_.below(10) == 0)
      e.members = shared(some_servers());
    put(s, made, pmmc::raft::append_record{s.log.last().index + 1, std::move(e)});
  }

  pmmc::raft::server_set some_servers() {
    auto set = servers_of(++version_, {"r1", "a new one"});
    if (chance_.below(2) == 0)
      set.outgoing = first_servers.servers;
    return set;
  }

  pmmc::random_source chance_;
  std::uint64_t most_command_bytes_;
  std::uint64_t another_term_ = 0;
  std::uint64_t letter_ = 0;
  pmmc::config_version version_ = 1;
};
