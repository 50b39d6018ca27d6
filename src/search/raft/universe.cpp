#include "search/raft/universe.hpp"

#include "base/invariant.hpp"
#include "search/raft/names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <xxhash.h>

namespace pmmc::raft::search {

namespace {

template <class Part>
std::string bytes_of(const Part& part, const renaming& names) {
  std::string bytes;
  byte_writer writer{bytes, names};
  if constexpr (requires { writer.put(part); })
    writer.put(part);
  else
    put(writer, part);
  return bytes;
}

// Different seeds for the kinds of parts, so that they never cancel out.
constexpr std::uint64_t message_seed = 1;
constexpr std::uint64_t server_seed = 2;
constexpr std::uint64_t history_seed = 3;

} // namespace

universe::universe(const scope& s) : scope_(s), driver_(s) {
  find_renamings();
  for (auto& p : driver_.first_processes())
    first_servers_.push_back(intern(std::move(p)));
  intern(history{});
}

/// Those that leave every set of servers what it is.
void universe::find_renamings() {
  std::vector<server_bits> sets;
  for (const auto& target : targets_of(scope_))
    sets.push_back(bits_of(target));
  auto names = no_renaming;
  const auto end = names.begin() + servers_of(scope_);
  do {
    const bool keeps_all = std::all_of(sets.begin(), sets.end(), [&](server_bits set) {
      server_bits renamed = 0;
      for (unsigned i = 0; i < most_servers; ++i)
        renamed |= (set >> i & 1U) << names[i];
      return renamed == set;
    });
    if (keeps_all)
      renamings_.push_back(names);
  } while (scope_.symmetry && std::next_permutation(names.begin(), end));
  PMMC_INVARIANT(renamings_.size() <= most_renamings, "a scope has at most 4 founders");
}

template <class Part>
renamed_hashes universe::hashes_of(const Part& part, std::uint64_t seed) const {
  renamed_hashes hashes{};
  for (unsigned r = 0; r < renamings_.size(); ++r) {
    const auto bytes = bytes_of(part, renamings_[r]);
    hashes[r] = XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  }
  return hashes;
}

part_id universe::intern(const envelope& e) {
  const auto [at, is_new] =
      message_ids_.emplace(bytes_of(e, no_renaming), static_cast<part_id>(messages_.size()));
  if (is_new)
    messages_.push_back({e, number_of(e.to), hashes_of(e, message_seed)});
  return at->second;
}

part_id universe::intern(server_process p) {
  const auto [at, is_new] =
      server_ids_.emplace(bytes_of(p, no_renaming), static_cast<part_id>(servers_.size()));
  if (is_new) {
    auto fact = fact_of(p);
    const auto saved = intern_snapshot(p.disk.log);
    const auto hashes = hashes_of(p, server_seed);
    servers_.push_back({std::move(p), std::move(fact), saved, hashes});
  }
  return at->second;
}

part_id universe::intern_snapshot(const raft::log& log) {
  if (log.base().index == 0)
    return no_part;
  std::string bytes;
  byte_writer writer{bytes, no_renaming};
  writer.put(log.base());
  writer.put(*log.base_members());
  const auto [at, is_new] =
      snapshot_ids_.emplace(std::move(bytes), static_cast<part_id>(snapshots_.size()));
  if (is_new)
    snapshots_.push_back({log.base(), log.base_members()});
  return at->second;
}

part_id universe::intern(const history& h) {
  const auto [at, is_new] =
      history_ids_.emplace(bytes_of(h, no_renaming), static_cast<part_id>(histories_.size()));
  if (is_new)
    histories_.push_back({h, hashes_of(h, history_seed)});
  return at->second;
}

part_id universe::forget_leaders(part_id history, std::uint32_t may_be_led) {
  const std::lock_guard lock{mutex_};
  auto h = histories_[history].contents;
  search::forget_leaders(h, may_be_led);
  return intern(h);
}

const history_result& universe::take_in(part_id history, part_id server) {
  const std::lock_guard lock{mutex_};
  const auto [at, is_new] =
      history_steps_.try_emplace(std::uint64_t{history} << 32 | server, history_result{});
  auto& result = at->second;
  if (is_new) {
    auto h = histories_[history].contents;
    const auto known = h.committed.size();
    result.fault = search::take_in(h, servers_[server].fact);
    if (h.committed.size() > known)
      result.committed_from = known + 1;
    result.after = intern(h);
  }
  return result;
}

const step_result& universe::step(const step_key& key) {
  const std::lock_guard lock{mutex_};
  if (const auto known = steps_.find(key); known != steps_.end())
    return known->second;
  auto result = run(key);
  return steps_.emplace(key, std::move(result)).first->second;
}

input universe::input_of(const step_key& key) const {
  switch (key.kind) {
  case input_kind::message:
    return &messages_[key.argument].message;
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

step_result universe::run(const step_key& key) {
  const auto& before = servers_[key.before].contents;
  const auto survives = key.cut == step_key::survives ? cut{} : cut{key.cut};
  auto out = driver_.step(before, input_of(key), survives);
  step_result result;
  result.fault = std::move(out.fault);
  if (!out.happened)
    return result;
  result.changes_nothing = false;
  if (result.fault.empty())
    result.fault = broken_invariant(before, out.after);
  if (!result.fault.empty())
    return result;
  for (const auto& e : out.sent)
    result.sent.push_back(intern(e));
  std::sort(result.sent.begin(), result.sent.end());
  result.sent.erase(std::unique(result.sent.begin(), result.sent.end()), result.sent.end());
  result.after = intern(std::move(out.after));
  result.fault = servers_[result.after].fact.broken;
  result.changes_nothing =
      result.after == key.before && result.sent.empty() && result.fault.empty();
  if (scope_.crashes && !scope_.slow_disks && !survives) {
    result.cuts = out.records;
    result.first_cut = out.sent_early ? 0 : 1;
  }
  return result;
}

} // namespace pmmc::raft::search
