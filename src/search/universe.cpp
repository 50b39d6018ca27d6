#include "search/universe.hpp"

#include "base/invariant.hpp"
#include "search/encoding.hpp"
#include "search/role_names.hpp"
#include "search/scope_commands.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <xxhash.h>

namespace pmmc::search {

namespace {

part_kind part_kind_of(sub_role_kind kind) {
  return kind == sub_role_kind::scout ? part_kind::scout : part_kind::commander;
}

part_kind part_kind_of(role_kind kind) {
  switch (kind) {
  case role_kind::acceptor:
    return part_kind::acceptor;
  case role_kind::leader:
    return part_kind::leader;
  case role_kind::replica:
    return part_kind::replica;
  case role_kind::client:
  case role_kind::server:
    break;
  }
  return part_kind::none;
}

struct describe_process {
  process_part& part;

  void operator()(const acceptor_process& p) const {
    part.kind = part_kind::acceptor;
    part.number = p.number;
    part.durable = fact_of(p.number, p.disk);
  }
  void operator()(const leader_process& p) const {
    part.kind = part_kind::leader;
    part.number = p.number;
    part.leader = {p.number, p.disk.free_seqnum};
    // While passive it tells of another leader's ballot.
    const auto ballot = p.core.current_vitals().ballot;
    part.ballot = ballot == p.core.ballot() ? rank(ballot) : 0;
  }
  void operator()(const sub_process& p) const {
    part.id = p.core.id();
    child(part_kind_of(part.id.kind), p.leader);
    part.ballot = std::visit([](const auto& role) { return rank(role.ballot()); }, p.core.role());
  }
  void operator()(const report& p) const { child(part_kind::report, p.leader); }
  void operator()(const replica_process& p) const {
    part.kind = part_kind::replica;
    part.number = p.number;
    part.replica = {p.number, p.core.now().slot_out, p.core.now().fingerprint};
  }

private:
  void child(part_kind kind, unsigned leader) const {
    part.kind = kind;
    part.number = leader;
  }
};

/// Different seeds for messages and processes, so that the two never cancel out.
std::uint64_t hash_of(const std::string& bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

} // namespace

universe::universe(const scope& s) : scope_(s), driver_(s), kinds_(kinds_of(configurations_of(s))) {
  find_renamings();
  for (auto& p : driver_.first_processes())
    first_processes_.push_back(add(std::move(p)).id);
  for (const auto id : first_processes_)
    for (unsigned r = 0; r < renamings_.size(); ++r) {
      const auto& part = processes_[id];
      const auto to =
          part.kind == part_kind::acceptor ? first_processes_[renamings_[r][part.number]] : id;
      renamed_processes_[id][r] = to;
      processes_[id].hashes[r] = processes_[to].hashes[0];
    }
  for (const auto& m : driver_.first_messages())
    first_messages_.push_back(intern(m));
}

/// Those that leave every configuration's acceptors what they are, as a set.
void universe::find_renamings() {
  const auto members = version_table::of(configurations_of(scope_));
  renaming names(acceptors_of(scope_));
  std::iota(names.begin(), names.end(), 0U);
  do {
    const bool keeps_all =
        std::all_of(members.versions.begin(), members.versions.end(), [&](const auto& version) {
          std::uint32_t others = 0;
          for (unsigned i = 0; i < names.size(); ++i)
            others |= (version.acceptors >> i & 1U) << names[i];
          return others == version.acceptors;
        });
    if (keeps_all)
      renamings_.push_back(names);
  } while (scope_.symmetry && std::next_permutation(names.begin(), names.end()));
  PMMC_INVARIANT(renamings_.size() <= most_renamings, "a configuration has at most 3 acceptors");
}

part_kind universe::recipient(const envelope& e) const {
  const auto of_child = [](const auto& m) -> std::optional<part_kind> {
    if constexpr (requires { sub_roles::addressee(m); })
      return part_kind_of(sub_roles::addressee(m).kind);
    else
      return std::nullopt;
  };
  if (const auto child = std::visit(of_child, e.body))
    return *child;
  const auto known = kinds_.find(e.to);
  return known == kinds_.end() ? part_kind::none : part_kind_of(known->second);
}

role_id universe::renamed(const role_id& id, const renaming& by) const {
  const auto known = kinds_.find(id);
  return known != kinds_.end() && known->second == role_kind::acceptor
             ? id_of(role_kind::acceptor, by[number_of(id)])
             : id;
}

envelope universe::renamed(envelope e, const renaming& by) const {
  e.to = renamed(e.to, by);
  if (auto* promise = std::get_if<p1b>(&e.body))
    promise->acceptor = renamed(promise->acceptor, by);
  else if (auto* vote = std::get_if<p2b>(&e.body))
    vote->acceptor = renamed(vote->acceptor, by);
  else if (auto* answer = std::get_if<read_probe_reply>(&e.body))
    answer->acceptor = renamed(answer->acceptor, by);
  return e;
}

part_id universe::intern(const envelope& e) {
  std::string bytes;
  put(bytes, e);
  const auto [at, is_new] = message_ids_.emplace(bytes, static_cast<part_id>(messages_.size()));
  const auto id = at->second;
  if (!is_new)
    return id;
  auto& part = messages_.push_back({});
  part.message = e;
  part.fact = fact_of(e);
  part.to = recipient(e);
  part.number = part.to == part_kind::none ? 0 : number_of(e.to);
  renamed_messages_.emplace_back();
  for (unsigned r = 0; r < renamings_.size(); ++r) {
    const auto other = renamed(e, renamings_[r]);
    std::string other_bytes;
    put(other_bytes, other);
    part.hashes[r] = hash_of(other_bytes, 1);
    const auto to = intern(other);
    renamed_messages_[id][r] = to;
  }
  return id;
}

universe::found universe::add(process p) {
  const auto bytes = canonical_bytes(p);
  const auto [at, is_new] = process_ids_.emplace(bytes, static_cast<part_id>(processes_.size()));
  if (!is_new)
    return {at->second, false};
  process_part part{std::move(p)};
  std::visit(describe_process{part}, part.contents);
  part.hashes[0] = hash_of(bytes, 2);
  processes_.push_back(std::move(part));
  renamed_processes_.emplace_back();
  renamed_processes_.back().fill(at->second);
  return {at->second, true};
}

/// A scout or commander at its start knows no acceptor's answer: all renamings leave it as it is.
part_id universe::intern_first(process p) {
  const auto [id, is_new] = add(std::move(p));
  if (is_new)
    processes_[id].hashes.fill(processes_[id].hashes[0]);
  return id;
}

part_id universe::intern(process p, const step_key& reached_by) {
  const auto [id, is_new] = add(std::move(p));
  if (is_new)
    rename_all(id, reached_by);
  return id;
}

/// The renamed process is what the renamed step leads to from the renamed process before. So
/// nothing of the core is taken apart, and a core that treats acceptors differently shows up as a
/// difference between the searches with and without symmetry.
void universe::rename_all(part_id id, const step_key& reached_by) {
  for (unsigned r = 1; r < renamings_.size(); ++r) {
    auto key = reached_by;
    key.before = renamed_processes_[key.before][r];
    if (key.kind == input_kind::message)
      key.argument = renamed_messages_[key.argument][r];
    else if (key.kind == input_kind::report)
      key.argument = renamed_processes_[key.argument][r];
    const auto other = remembered(key).after;
    PMMC_INVARIANT(other != no_part, "all acceptors are treated alike");
    renamed_processes_[id][r] = other;
    processes_[id].hashes[r] = processes_[other].hashes[0];
  }
}

const step_result& universe::step(const step_key& key) {
  const std::lock_guard lock{mutex_};
  return remembered(key);
}

const step_result& universe::remembered(const step_key& key) {
  if (const auto known = steps_.find(key); known != steps_.end())
    return known->second;
  auto result = run(key);
  return steps_.insert_or_assign(key, std::move(result)).first->second;
}

step_result universe::run(const step_key& key) {
  const auto& before = processes_[key.before];
  input in = crash{};
  switch (key.kind) {
  case input_kind::message:
    in = &std::as_const(messages_[key.argument].message);
    break;
  case input_kind::report:
    in = &std::get<report>(std::as_const(processes_[key.argument].contents));
    break;
  case input_kind::crash:
    break;
  case input_kind::run_for_office:
    in = run_for_office{};
    break;
  case input_kind::lose_office:
    in = lose_office{};
    break;
  case input_kind::pass_time:
    in = pass_time{};
    break;
  case input_kind::hear_of:
    in = hear_of{key.argument};
    break;
  case input_kind::begin_read:
    in = begin_read{key.argument};
    break;
  }
  auto out = driver_.step(before.contents, in);
  step_result result;
  result.fault = std::move(out.fault);
  if (!out.happened)
    return result;
  result.changes_nothing = false;
  if (!result.fault.empty())
    return result;
  if (before.kind == part_kind::acceptor) {
    std::vector<message_fact> told;
    for (const auto& e : out.sent)
      told.push_back(fact_of(e));
    const auto live = [](const process& p) {
      const auto& a = std::get<acceptor_process>(p);
      return fact_of(a.number, a.core.state());
    };
    result.fault = broken_invariant(live(before.contents), live(out.after), told);
  }
  result.stops_sub_roles = out.stops_children;
  result.loses_sub_roles = out.loses_children;
  result.stopped = std::move(out.stopped);
  for (auto& p : out.started)
    result.started.push_back(intern_first(std::move(p)));
  result.sent = intern(out.sent);
  std::sort(result.sent.begin(), result.sent.end());
  result.sent.erase(std::unique(result.sent.begin(), result.sent.end()), result.sent.end());
  result.after = intern(std::move(out.after), key);
  result.changes_nothing = result.after == key.before && result.sent.empty() &&
                           result.started.empty() && !out.stops_children && !out.loses_children &&
                           result.stopped.empty();
  return result;
}

std::vector<part_id> universe::intern(const std::vector<envelope>& all) {
  std::vector<part_id> ids;
  for (const auto& e : all)
    ids.push_back(intern(e));
  return ids;
}

std::vector<command> universe::values_of(const std::vector<part_id>& decisions) const {
  std::vector<command> values;
  for (const auto id : decisions)
    values.push_back(std::get<decision>(messages_[id].message.body).value);
  return values;
}

config_version universe::version_after(const std::vector<part_id>& decisions) {
  const std::lock_guard lock{mutex_};
  return latest_of(reconfigurations_of(scope_), values_of(decisions));
}

std::vector<part_id> universe::reaction(const std::vector<part_id>& decisions) {
  const std::lock_guard lock{mutex_};
  return intern(driver_.reaction(values_of(decisions)));
}

std::vector<part_id> universe::announcement(slot_num slot_out) {
  const std::lock_guard lock{mutex_};
  return intern(driver_.announcement(slot_out));
}

} // namespace pmmc::search
