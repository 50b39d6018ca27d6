#include "consensus/raft/consensus.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft {

std::string_view to_string(consensus::state s) {
  switch (s) {
  case consensus::state::follower:
    return "follower";
  case consensus::state::pre_candidate:
    return "pre-candidate";
  case consensus::state::candidate:
    return "candidate";
  case consensus::state::leader:
    return "leader";
  }
  return "";
}

consensus::consensus(settings options, persistent_state recovered)
    : options_(options), random_(options.seed), durable_(std::move(recovered)),
      commit_(durable_.log.base().index), delivered_(commit_), durable_term_(durable_.term),
      durable_last_(durable_.log.last().index) {
  PMMC_INVARIANT(durable_.log.members() != nullptr,
                 "a server knows who votes where its log begins");
  put_off_election();
}

void consensus::persist(record r) {
  durable_.apply(r);
  durable_last_ = std::min(durable_last_, log().last().index);
  out_.persist.push_back(std::move(r));
}

/// An entry that was truncated since, or another leader's in its place, is not what became durable.
void consensus::persisted(std::span<const record> records) {
  disk_tick_ = tick_;
  for (const auto& r : records) {
    if (const auto* t = std::get_if<term_record>(&r))
      durable_term_ = std::max(durable_term_, t->term);
    else if (const auto* a = std::get_if<append_record>(&r)) {
      if (durable_.log.has(position{a->index, a->what.term}))
        durable_last_ = a->index;
    } else if (const auto* cut = std::get_if<truncate_record>(&r))
      durable_last_ = std::min(durable_last_, cut->from - 1);
    else
      durable_last_ = std::max(durable_last_, std::get<base_record>(r).base.index);
  }
  if (is_leader())
    advance_commit();
}

void consensus::on_tick() {
  ++tick_;
  if (is_leader()) {
    check_quorum();
    check_disk();
    if (is_leader() && tick_ % options_.heartbeat_ticks == 0)
      send_heartbeats();
    go_on_changing();
    go_on_handing_over();
  } else if (tick_ >= election_tick_ && is_needed_in_office()) {
    run_for_office(true, false);
  }
  if (barrier_ && tick_ >= barrier_->asked_tick + options_.resend_ticks)
    barrier_->asked = {};
  ask_leader_to_read();
}

void consensus::on_peer_down(const role_id& peer) {
  if (const auto f = followers_.find(peer); f != followers_.end())
    f->second.lost();
  if (barrier_ && barrier_->asked == peer)
    barrier_->asked = {};
}

// --- The replicated log -------------------------------------------------------------------------

/// What its own disk does not have yet is in memory, and bounded.
bool consensus::may_propose() const {
  return is_leader() && !handover_ &&
         log().last().index < durable_last_ + options_.most_undurable &&
         log().bytes_behind(durable_last_) < options_.most_undurable_bytes;
}

std::optional<position> consensus::propose(command value) {
  if (!may_propose())
    return std::nullopt;
  append({term(), std::move(value), nullptr});
  return log().last();
}

void consensus::barrier(std::uint64_t number) {
  barrier_ = own_barrier{number, tick_, {}};
  ask_leader_to_read();
}

/// The leader may be this server itself.
void consensus::ask_leader_to_read() {
  if (!barrier_ || leader_.empty() || barrier_->asked == leader_)
    return;
  barrier_->asked = leader_;
  barrier_->asked_tick = tick_;
  if (is_leader())
    reads_.ask(options_.id, barrier_->number);
  else
    reply(leader_, read_index{options_.id, barrier_->number});
}

void consensus::on(const read_index& m) {
  if (is_leader() && followers_.contains(m.from))
    reads_.ask(m.from, m.number);
}

void consensus::on(const read_index_reply& m) {
  if (!barrier_ || barrier_->number != m.number)
    return;
  out_.readable.push_back({m.number, m.index});
  barrier_.reset();
}

void consensus::compact(slot_num index) {
  PMMC_INVARIANT(index <= delivered_, "a snapshot holds what was committed and performed");
  if (index <= log().base().index)
    return;
  const auto base = position{index, *log().term_at(index)};
  persist(base_record{base, log().members_at(index)});
}

/// What the log has behind `base` stays if it has an entry there: that is the leader's, then.
void consensus::installed(const position& base, std::shared_ptr<const server_set> members) {
  if (base.index <= commit_)
    return;
  if (base.term > term()) // it was fetched for long: somebody has led later terms since
    follow(base.term, {});
  persist(base_record{base, std::move(members)});
  commit_ = delivered_ = base.index;
  follow_members();
}

outputs consensus::take() {
  if (is_leader()) {
    finish_read_round();
    send_all_due();
  }
  for (; delivered_ < commit_; ++delivered_)
    out_.committed.push_back({delivered_ + 1, log().at(delivered_ + 1)});
  return std::exchange(out_, {});
}

} // namespace pmmc::raft
