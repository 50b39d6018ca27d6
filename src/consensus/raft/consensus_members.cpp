// Changes of the set of servers (Raft paper, section 6; thesis, chapter 4), and of who leads
// (thesis, 3.10).
#include "base/invariant.hpp"
#include "consensus/raft/consensus.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft {

bool consensus::is_changing() const {
  return change_ || members().is_joint() || log().members_index() > commit_;
}

/// The log says who votes from now on: the leader sends to them, to those that catch up, and, until
/// C-new is committed, to those that leave, so that they learn of it.
void consensus::follow_members() {
  if (!is_leader())
    return;
  for (const auto& server : members().all())
    if (server != options_.id)
      followers_.try_emplace(server, log().last().index + 1, tick_);
}

std::string consensus::why_no_change() const {
  if (!is_leader() || handover_)
    return "this server does not lead";
  if (is_changing())
    return "another change of the servers is under way";
  if (log().term_at(commit_) != term()) // the known flaw of changes by new leaders
    return "the leader has not committed an entry of its term yet";
  return {};
}

bool consensus::may_change() const { return why_no_change().empty(); }

std::string consensus::change(config_version replaces, std::vector<member> servers, command value) {
  if (auto why = why_no_change(); !why.empty())
    return why;
  if (members().version != replaces)
    return "version " + std::to_string(members().version) + " is the latest one";
  PMMC_INVARIANT(!servers.empty(), "somebody votes");
  server_set next{replaces + 1, std::move(servers), members().servers};
  change_.emplace(std::move(next), std::move(value), log().last().index, tick_);
  for (const auto& m : change_->newcomers())
    followers_.try_emplace(m.id, log().last().index + 1, tick_);
  go_on_changing();
  return {};
}

/// C-all goes into the log when the newcomers have caught up.
void consensus::go_on_changing() {
  if (!is_leader() || !change_)
    return;
  slot_num match = log().last().index;
  for (const auto& m : change_->newcomers()) {
    const auto& progress = followers_.at(m.id);
    if (tick_ > progress.heard_tick() + options_.newcomer_ticks)
      return drop_change("server " + m.id.str() + " was not reached");
    if (!change_->comes_further(m.id, progress.match(), tick_, options_.catch_up_ticks))
      return drop_change("server " + m.id.str() + " does not catch up");
    match = std::min(match, progress.match());
  }
  if (change_->caught_up_to(match, log().last().index, tick_, options_.election_ticks)) {
    append(change_->joint_entry(term()));
    out_.logged_change = log().last();
    change_.reset();
  } else if (change_->has_tried_for_long()) {
    drop_change("the log grows faster than the newcomers catch up");
  }
}

void consensus::drop_change(std::string why) {
  out_.dropped_change = std::move(why);
  for (const auto& gone : change_->newcomers())
    followers_.erase(gone.id);
  change_.reset();
}

void consensus::note_piece(const role_id& server, slot_num snapshot, std::uint64_t offset) {
  if (change_ && change_->has_newcomer(server))
    change_->asked_for_piece(server, snapshot, offset, tick_);
}

/// C-all is committed: C-new may stand alone. C-new is committed: who is not in it is done.
void consensus::finish_change() {
  if (log().members_index() > commit_)
    return;
  if (members().is_joint()) {
    auto next = members();
    next.outgoing.clear();
    append({term(), {}, std::make_shared<const server_set>(std::move(next))});
    return advance_commit();
  }
  if (change_)
    return; // its newcomers are followers
  for (auto it = followers_.begin(); it != followers_.end();) {
    if (is_voter(it->first)) {
      ++it;
      continue;
    }
    send_to(it->first, it->second); // the last thing that it hears: what is committed
    it = followers_.erase(it);
  }
  retire_if_left();
}

/// A leader that is not in C-new leads until that is committed, and does not count itself. The most
/// advanced server is told to take over, so that nobody has to wait for it.
void consensus::retire_if_left() {
  if (is_voter(options_.id))
    return;
  const auto best =
      std::max_element(followers_.begin(), followers_.end(), [](const auto& a, const auto& b) {
        return a.second.match() < b.second.match();
      });
  send_all_due();
  if (best != followers_.end())
    reply(best->first, timeout_now{options_.id, term()});
  follow(term(), {});
}

std::string consensus::transfer(const role_id& to) {
  if (!is_leader())
    return "this server does not lead";
  if (to == options_.id)
    return {};
  if (!is_voter(to) || !followers_.contains(to))
    return to.str() + " does not vote";
  if (handover_)
    return "office is being handed to " + handover_->to.str();
  handover_ = handover{to, tick_ + options_.election_ticks, false};
  go_on_handing_over();
  return {};
}

void consensus::go_on_handing_over() {
  if (!is_leader() || !handover_)
    return;
  const auto to = followers_.find(handover_->to);
  if (tick_ >= handover_->until_tick || to == followers_.end())
    return handover_.reset();
  if (to->second.match() < log().last().index || std::exchange(handover_->was_told, true))
    return;
  reply(handover_->to, timeout_now{options_.id, term()});
}

} // namespace pmmc::raft
