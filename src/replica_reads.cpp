// Linearizable reads without log entries (paper, section 4.5; docs/ARCHITECTURE.md, "The life of a
// read").
#include "codec.hpp"
#include "replica.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

void replica::on(const role_id& client, query m) {
  ++queries_waiting_;
  if (m.op.size() > options_.max_op_bytes)
    return answer(client, m, reply_status::refused,
                  too_large_text(m.op.size(), options_.max_op_bytes));
  if (queries_waiting_ > options_.max_queries)
    return answer(client, m, reply_status::busy,
                  "replica " + options_.id.str() + " has too many reads waiting");
  queries_.emplace_back(client, std::move(m));
}

/// One round serves all reads that have come in since the last one began. Only acceptors that are
/// asked after a read has come in can vouch for it.
void replica::start_read_round() {
  if (queries_.empty() || reading_)
    return;
  read_round round;
  round.number = ++read_round_number_;
  ++counters_.read_rounds;
  round.started_tick = tick_;
  round.queries.assign(std::make_move_iterator(queries_.begin()),
                       std::make_move_iterator(queries_.end()));
  queries_.clear();
  for (const auto* config : state_->configurations().from(slot_out()))
    round.answered.emplace(config->version, std::set<role_id>{});
  reading_ = std::move(round);
  ask_acceptors(*reading_);
}

void replica::ask_acceptors(const read_round& round) {
  for (const auto& [version, answered] : round.answered)
    if (const auto* config = state_->configurations().find(version))
      for (const auto& acceptor : config->acceptors)
        if (!answered.contains(acceptor.id))
          out_.send.push_back({acceptor.id, read_probe{options_.id, round.number, version}});
}

void replica::on(const read_probe_reply& m) {
  if (m.round == read_round_number_) { // late ones count here
    auto& highest = accepted_[m.acceptor];
    highest = std::max(highest, m.highest);
  }
  if (!reading_ || m.round != reading_->number)
    return;
  const auto asked = reading_->answered.find(m.version);
  const auto* config = state_->configurations().find(m.version);
  if (asked == reading_->answered.end() || config == nullptr || !config->has_acceptor(m.acceptor))
    return;
  asked->second.insert(m.acceptor);
  reading_->highest = std::max(reading_->highest, m.highest);
  finish_read_round();
}

/// What a configuration decided that is over shows in the state: its acceptors, which may be gone,
/// are not waited for.
void replica::finish_read_round() {
  for (const auto& [version, answered] : reading_->answered)
    if (const auto* config = state_->configurations().find(version);
        config != nullptr && answered.size() < config->quorum() &&
        state_->configurations().end_of(version) > slot_out())
      return;
  const auto highest = reading_->highest;
  wanted_slot_ = std::max(wanted_slot_, highest + 1);
  reads_[highest].push_back(std::move(*reading_));
  reading_.reset();
  answer_reads();
}

/// Answers the reads whose slots have been performed. If a configuration came up meanwhile that was
/// not asked, its acceptors may have accepted something newer: ask again. Large answers go out a
/// few at a time, so that nobody waits for all of them, and they do not fill the memory.
void replica::answer_reads() {
  if (reading_)
    finish_read_round(); // one of the configurations asked may just have ended
  while (has_reads_to_answer() && read_bytes_ < options_.read_bytes) {
    auto& rounds = reads_.begin()->second;
    answer_round(rounds.front());
    if (rounds.front().queries.empty())
      rounds.erase(rounds.begin());
    if (rounds.empty())
      reads_.erase(reads_.begin());
  }
}

void replica::answer_round(read_round& round) {
  const bool crossed = !round.answered.contains(state_->configurations().latest().version);
  while (!round.queries.empty() && read_bytes_ < options_.read_bytes) {
    auto [client, q] = std::move(round.queries.back());
    round.queries.pop_back();
    if (crossed) {
      queries_.emplace_back(client, std::move(q));
      continue;
    }
    auto body = state_->machine().query(q.op);
    read_bytes_ += body.size();
    if (q.max_reply != 0 && body.size() > q.max_reply) {
      std::string size;
      put_varint(size, body.size());
      answer(client, q, reply_status::too_large, std::move(size));
      continue;
    }
    answer(client, q, reply_status::ok, std::move(body));
  }
}

void replica::answer(const role_id& client, const query& q, reply_status status, std::string body) {
  --queries_waiting_;
  out_.send.push_back({client, query_reply{q.number, status, slot_out(), std::move(body), q.came}});
}

/// A round without a quorum is asked again and, in the end, given up; so is one whose slots do not
/// get decided. A read leaves nothing behind, so "unavailable" is the whole truth.
void replica::give_up_reads() {
  const auto refuse = [this](const read_round& round, const std::string& why) {
    for (const auto& [client, q] : round.queries)
      answer(client, q, reply_status::unavailable, why);
  };
  const auto too_old = [this](const read_round& round) {
    return tick_ >= round.started_tick + options_.query_ticks;
  };
  if (reading_ && too_old(*reading_)) {
    refuse(*reading_, acceptors_reached(*reading_));
    reading_.reset();
  } else if (reading_ && tick_ > reading_->started_tick &&
             (tick_ - reading_->started_tick) % options_.resend_ticks == 0) {
    ask_acceptors(*reading_);
  }
  for (auto it = reads_.lower_bound(slot_out()); it != reads_.end();) {
    for (const auto& round : it->second)
      if (too_old(round))
        refuse(round, "slot " + std::to_string(it->first) + " may have been decided, but replica " +
                          options_.id.str() + " has performed the slots below " +
                          std::to_string(slot_out()) + " only");
    std::erase_if(it->second, too_old);
    it = it->second.empty() ? reads_.erase(it) : std::next(it);
  }
}

std::string replica::acceptors_reached(const read_round& round) const {
  std::string text = "no quorum: acceptors that answered replica " + options_.id.str() + ":";
  for (const auto& [version, answered] : round.answered) {
    const auto* config = state_->configurations().find(version);
    if (config == nullptr)
      continue;
    text += " " + std::to_string(answered.size()) + " of " +
            std::to_string(config->acceptors.size()) +
            " (needed: " + std::to_string(config->quorum()) + "), no answer from";
    for (const auto& acceptor : config->acceptors)
      if (!answered.contains(acceptor.id))
        text += " " + acceptor.id.str() + " at " + acceptor.address;
  }
  return text;
}

} // namespace pmmc
