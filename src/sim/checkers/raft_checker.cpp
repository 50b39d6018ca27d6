#include "sim/checkers/raft_checker.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace pmmc::sim {

raft_checker::raft_checker(std::function<std::size_t(const role_id&)> number_of,
                           const raft::server_set& first)
    : number_of_(number_of), founders_(std::make_shared<const raft::server_set>(first)),
      log_(std::move(number_of), first) {}

raft_disk& raft_checker::disk_of(std::size_t server) {
  return disks_.try_emplace(server, founders_).first->second;
}

raft_checker::look& raft_checker::look_at(std::size_t server) { return looks_[server]; }

// --- The disk -----------------------------------------------------------------------------------

bool raft_checker::persisted(std::size_t server, const raft::record& r, slot_num snapshot) {
  auto& disk = disk_of(server);
  if (const auto* cut = std::get_if<raft::truncate_record>(&r))
    lost(disk, *cut);
  else if (const auto* base = std::get_if<raft::base_record>(&r))
    compacted(disk, *base, snapshot);
  else if (const auto* added = std::get_if<raft::append_record>(&r))
    log_.seen(added->index, disk.last().term, added->what);
  disk.write(r);
  const auto* added = std::get_if<raft::append_record>(&r);
  return added != nullptr && added->what.term == disk.term() &&
         log_.stored(server, {added->index, added->what.term});
}

/// What is committed is not taken back.
void raft_checker::lost(const raft_disk& disk, const raft::truncate_record& r) {
  ++seen_.truncations;
  for (auto index = std::max(r.from, disk.base().index + 1); index <= disk.last().index; ++index) {
    const raft::position gone{index, disk.term_at(index)};
    demand(!log_.is_committed(gone), [&] {
      return "Leader Completeness: " + text_of(gone) + " is committed, and taken back";
    });
  }
  const raft::position behind{r.from - 1, disk.term_at(r.from - 1)};
  if (log_.knows(behind) && log_.knows(disk.last()))
    seen_.taken_back += log_.voters_at(behind) != log_.voters_at(disk.last());
}

void raft_checker::compacted(const raft_disk& disk, const raft::base_record& r, slot_num snapshot) {
  ++seen_.compactions;
  demand(r.base.index >= disk.base().index && r.base.index + 1 <= std::max<slot_num>(snapshot, 1),
         [&] {
           return "D1: the log is forgotten up to " + text_of(r.base) +
                  ", and the snapshot is at slot " + std::to_string(snapshot);
         });
  demand(log_.is_committed(r.base), [&] {
    return "State Machine Safety: the log is forgotten up to " + text_of(r.base) +
           ", which is not committed";
  });
  demand(r.members != nullptr && *r.members == log_.voters_at(r.base), [&] {
    return "Configurations: others vote at " + text_of(r.base) + " than the snapshot says";
  });
}

void raft_checker::recovered(std::size_t server, const raft::persistent_state& state) {
  demand(holds(server, state),
         [] { return std::string{"D2: what is recovered is not what was made durable"}; });
  look_at(server) = {};
}

// --- What servers show --------------------------------------------------------------------------

/// Those that a leader has appended, and nobody has been told of.
void raft_checker::note_entries(const raft::log& log) {
  auto index = log.last().index;
  while (index > log.base().index && !log_.knows({index, *log.term_at(index)}))
    --index;
  for (++index; index <= log.last().index; ++index)
    log_.seen(index, *log.term_at(index - 1), log.at(index));
}

/// Election Safety.
void raft_checker::leads(raft::term_num term, const role_id& id) {
  const auto [leader, is_first] = leaders_.emplace(term, id);
  const auto& before = leader->second;
  demand(before == id, [&] {
    return "Election Safety: " + id.str() + " leads term " + std::to_string(term) + ", and " +
           before.str() + " has led it";
  });
}

/// Votes that are durable elect, of a majority of each set that the candidate's log names last; and
/// Leader Completeness.
void raft_checker::elected(const role_id& id, const raft::consensus& core) {
  ++seen_.offices;
  leads(core.term(), id);
  const auto& voters = log_.voters_at(core.log().last());
  const auto votes_for_it = [&](std::size_t server) {
    const auto disk = disks_.find(server);
    return disk != disks_.end() && disk->second.vote_in(core.term()) == id;
  };
  demand(log_.is_majority(voters, votes_for_it), [&] {
    return "Election Safety: " + id.str() + " leads term " + std::to_string(core.term()) +
           " without the votes of a majority";
  });
  const auto committed = log_.committed_before(core.term());
  demand(committed <= core.log().base().index || core.log().has(log_.committed_at(committed)), [&] {
    return "Leader Completeness: " + id.str() + " leads term " + std::to_string(core.term()) +
           " without " + text_of(log_.committed_at(committed)) + ", which is committed";
  });
}

bool raft_checker::handled(std::size_t server, const role_id& id, const raft::consensus& core) {
  auto& before = look_at(server);
  const auto& log = core.log();
  const bool has_led = before.led_term == core.term();
  // One that is alone leads before its vote is durable. If it crashes then, nobody knows of it.
  const bool in_office = core.is_leader() && disk_of(server).vote_in(core.term()) == id;
  bool is_more_committed = false;
  if (in_office) {
    note_entries(log);
    is_more_committed = log_.count_votes(core.term());
  }
  if (in_office && !has_led)
    elected(id, core);
  if (in_office && has_led)
    demand(before.last.index <= log.base().index || log.has(before.last), [&] {
      return "Leader Append-Only: " + id.str() + " has led and lost " + text_of(before.last);
    });
  const auto commit = core.commit();
  demand(commit >= before.commit,
         [&] { return "State Machine Safety: the commit index of " + id.str() + " goes back"; });
  demand(commit <= log_.committed() &&
             (commit <= log.base().index || log.has(log_.committed_at(commit))),
         [&] {
           return "State Machine Safety: " + id.str() + " takes index " + std::to_string(commit) +
                  " for committed, and it is not";
         });
  before = {in_office ? core.term() : 0, log.last(), commit};
  return is_more_committed;
}

// --- What they say ------------------------------------------------------------------------------

void raft_checker::sent(std::size_t server, const role_id& id, const role_id& to,
                        const pmmc::message& m) {
  std::visit(
      [&](const auto& body) {
        if constexpr (requires { hear(disk_of(server), id, to, body); })
          hear(disk_of(server), id, to, body);
      },
      m);
}

/// A candidate's own vote is on its disk before anybody hears of it.
void raft_checker::hear(const raft_disk& by, const role_id& id, const role_id&,
                        const raft::request_vote& m) {
  seen_.pre_votes += m.is_pre_vote;
  demand(m.is_pre_vote || by.vote_in(m.term) == id, [&] {
    return "D1: " + id.str() + " runs for office in term " + std::to_string(m.term) +
           ", and its own vote is not durable";
  });
}

void raft_checker::hear(const raft_disk& by, const role_id& id, const role_id& to,
                        const raft::vote& m) {
  seen_.votes_refused += !m.is_granted;
  demand(m.is_pre_vote || (m.is_granted ? by.vote_in(m.term) == to : m.term <= by.term()), [&] {
    return "D1: " + id.str() + " answers " + to.str() + " for term " + std::to_string(m.term) +
           " what is not durable";
  });
}

/// Of a leader. Entries may leave before they are on its disk; its term and vote may not.
void raft_checker::hear(const raft_disk& by, const role_id& id, const role_id&,
                        const raft::append_entries& m) {
  leads(m.term, id);
  demand(by.vote_in(m.term) == id, [&] {
    return "D1: " + id.str() + " leads term " + std::to_string(m.term) +
           ", and that is not durable";
  });
  demand(log_.knows(m.previous), [&] {
    return "Log Matching: entries are sent behind " + text_of(m.previous) + ", which nobody had";
  });
  auto before = m.previous;
  for (const auto& e : m.entries) {
    log_.seen(before.index + 1, before.term, e);
    before = {before.index + 1, e.term};
  }
  demand(m.commit <= log_.committed(), [&] {
    return "State Machine Safety: index " + std::to_string(m.commit) +
           " is said to be committed, and is not";
  });
}

void raft_checker::hear(const raft_disk& by, const role_id& id, const role_id&,
                        const raft::append_reply& m) {
  demand(m.term <= by.term(), [&] {
    return "D1: " + id.str() + " answers in term " + std::to_string(m.term) +
           ", which is not durable";
  });
  demand(!m.is_match || m.last <= by.most_in(m.term), [&] {
    return "D1: " + id.str() + " says that it has index " + std::to_string(m.last) + " in term " +
           std::to_string(m.term) + ", and that is not durable";
  });
}

void raft_checker::hear(const raft_disk&, const role_id& id, const role_id&,
                        const raft::snapshot_offer& m) {
  ++seen_.offers;
  leads(m.term, id);
  demand(log_.is_committed(m.base), [&] {
    return "State Machine Safety: a snapshot is offered up to " + text_of(m.base) +
           ", which is not committed";
  });
}

void raft_checker::hear(const raft_disk&, const role_id& id, const role_id&,
                        const raft::timeout_now& m) {
  ++seen_.transfers;
  leads(m.term, id);
}

} // namespace pmmc::sim
