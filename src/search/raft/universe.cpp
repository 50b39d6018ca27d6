#include "search/raft/universe.hpp"

namespace pmmc::raft::search {

namespace {

std::vector<pmmc::search::renaming> renamings_of(const scope& s) {
  std::vector<server_bits> sets;
  for (const auto& target : targets_of(s))
    sets.push_back(bits_of(target));
  return pmmc::search::renamings_that_keep(sets, servers_of(s), s.symmetry);
}

} // namespace

universe::universe(const scope& s) : server_universe(s, renamings_of(s)) {}

part_id universe::snapshot_of(part_id server) {
  const auto& log = this->server(server).contents.disk.log;
  if (log.base().index == 0)
    return no_part;
  std::string bytes;
  byte_writer writer{bytes, no_renaming};
  writer.put(log.base());
  writer.put(*log.base_members());
  const std::lock_guard lock{mutex_};
  const auto [at, is_new] =
      snapshot_ids_.emplace(std::move(bytes), static_cast<part_id>(snapshots_.size()));
  if (is_new)
    snapshots_.push_back({log.base(), log.base_members()});
  return at->second;
}

input universe::input_of(const step_key& key) const {
  switch (key.kind) {
  case input_kind::message:
    return &message(key.argument).message;
  case input_kind::crash:
    return crash{key.argument};
  case input_kind::run_for_office:
    return run_for_office{};
  case input_kind::hear_of_term:
    return hear_of_term{key.argument};
  case input_kind::miss_answers:
    return miss_answers{};
  case input_kind::send_heartbeats:
    return send_heartbeats{};
  case input_kind::propose_command:
    return propose_command{};
  case input_kind::change_servers:
    return change_servers{};
  case input_kind::compact_log:
    return compact_log{};
  case input_kind::take_snapshot:
    return take_snapshot{snapshots_[key.argument]};
  case input_kind::lose_connection:
    return lose_connection{key.argument};
  case input_kind::finish_write:
    return finish_write{};
  case input_kind::begin_read:
    return begin_read{key.argument};
  }
  return crash{};
}

} // namespace pmmc::raft::search
