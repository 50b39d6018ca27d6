#include "consensus/simple/consensus.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pmmc::simple {

server_core::server_core(settings options, acceptor_state recovered, slot_num start)
    : servers_(std::make_shared<const server_group>(options.servers, options.id)),
      options_(std::move(options)), random_(options_.seed),
      acceptor_(options_.id, std::move(recovered)), learner_(start, options_.window),
      proposals_(servers_, options_.proposing, random_.next()), peers_(servers_),
      stalls_(options_.stalled_ticks, random_.next()),
      barriers_(servers_, options_.reading, random_.next()), done_(start) {}

// --- Inputs -------------------------------------------------------------------------------------

void server_core::on(const message& m) {
  std::visit([this](const auto& body) { handle(body); }, m);
  settle();
}

bool server_core::propose(command value) {
  const bool is_taken = proposals_.add(std::move(value));
  settle();
  return is_taken;
}

bool server_core::barrier(std::uint64_t number) {
  const bool is_taken = barriers_.add(number);
  settle();
  return is_taken;
}

void server_core::on_tick() {
  proposals_.on_tick(acceptor_);
  barriers_.on_tick();
  watch_progress();
  if (++ticks_ % options_.announce_ticks == 0)
    tell_progress();
  settle();
}

void server_core::done(slot_num slot) {
  PMMC_INVARIANT(slot <= learner_.slot_out(), "G1: a snapshot reflects slots that are known");
  done_ = std::max(done_, slot);
  collect();
  settle();
}

void server_core::installed(slot_num slot) {
  const bool skips = slot > learner_.slot_out();
  learner_.install(slot);
  done_ = std::max(done_, slot);
  const auto unresolved = proposals_.abandon_below(slot);
  out_.unresolved.insert(out_.unresolved.end(), unresolved.begin(), unresolved.end());
  for (; skips && !won_.empty() && won_.begin()->first < slot; won_.erase(won_.begin()))
    out_.unresolved.push_back(won_.begin()->second); // chosen behind a gap, and never told
  collect();
  settle();
}

outputs server_core::take() {
  out_.chosen = learner_.take();
  won_.erase(won_.begin(), won_.lower_bound(learner_.slot_out()));
  out_.reads = barriers_.take_readable(learner_.slot_out());
  return std::exchange(out_, {});
}

// --- Messages -----------------------------------------------------------------------------------

/// What is known to be chosen is told at once: no other value can come out of the slot.
void server_core::handle(const prepare& m) {
  if (const auto* value = learner_.find(m.slot); value != nullptr)
    send_.push_back({m.proposer, chosen{m.slot, *value}});
  else if (servers_->is_owner(m.proposer, m.number))
    acceptor_.on(m);
}

void server_core::handle(const accept& m) {
  if (const auto* value = learner_.find(m.slot); value != nullptr)
    send_.push_back({m.proposer, chosen{m.slot, *value}});
  else if (servers_->is_owner(m.proposer, m.what.number))
    acceptor_.on(m);
}

void server_core::handle(const reject& m) {
  if (m.promised.value <= numbering::largest)
    proposals_.on(m);
}

void server_core::handle(const learn_request& m) {
  if (m.from_slot < learner_.first())
    send_.push_back({m.learner, collected{options_.id, m.from_slot, done_}});
  else if (m.from_slot < learner_.slot_out())
    send_.push_back({m.learner, learn_reply{options_.id, m.from_slot, learner_.slot_out(),
                                            learner_.page(m.from_slot, options_.page_bytes)}});
}

void server_core::handle(const learn_reply& m) {
  const auto slot_out_before = learner_.slot_out();
  auto slot = m.from_slot;
  for (const auto& value : m.values)
    learn(slot++, value);
  if (learner_.slot_out() > slot_out_before && learner_.slot_out() < m.slot_out)
    send_.push_back({m.server, learn_request{options_.id, learner_.slot_out()}});
}

void server_core::handle(const announce& m) {
  peers_.on(m);
  collect();
}

void server_core::handle(const collected& m) {
  if (m.server == options_.id || m.snapshot_slot <= learner_.slot_out() ||
      (out_.fetch && out_.fetch->slot >= m.snapshot_slot))
    return;
  out_.fetch = fetch_wish{m.server, m.snapshot_slot};
}

// --- What follows from them ---------------------------------------------------------------------

/// After each input: the server's own messages to itself are delivered at once, so that its own
/// acceptor's promise is among the records of the same outputs as the prepares to the others.
void server_core::settle() {
  const auto sent_before = out_.send.size();
  for (;;) {
    publish_outcomes();
    start_proposals();
    auto sends = gather_sends();
    if (sends.empty())
      break;
    for (auto& e : sends) {
      if (e.to == options_.id)
        std::visit([this](const auto& body) { handle(body); }, e.body);
      else
        out_.send.push_back(std::move(e));
    }
  }
  check_numbers(sent_before);
}

/// L3: a number that leaves the process is one that its own acceptor will still know after a
/// restart (proposer.hpp).
void server_core::check_numbers(std::size_t first) const {
  for (auto i = first; i < out_.send.size(); ++i)
    if (const auto* asked = std::get_if<prepare>(&out_.send[i].body))
      PMMC_INVARIANT(acceptor_.promised(asked->slot) >= asked->number,
                     "L3: numbers are never used again, not even after a restart");
}

std::vector<envelope> server_core::gather_sends() {
  auto sends = std::exchange(send_, {});
  const auto add = [](auto& to, auto from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  auto of_acceptor = acceptor_.take();
  add(out_.persist, std::move(of_acceptor.persist));
  add(sends, std::move(of_acceptor.send));
  add(sends, proposals_.take());
  add(sends, barriers_.take());
  return sends;
}

/// Section 2.3: acceptors answer the proposer, which acts as the distinguished learner and informs
/// all others. Those that miss it ask.
void server_core::publish_outcomes() {
  for (const auto& outcome : proposals_.outcomes()) {
    send_to_others(outcome);
    learn(outcome.slot, outcome.value);
  }
}

void server_core::learn(slot_num slot, const command& value) {
  learner_.learn(slot, value);
  if (proposals_.settle(slot, value))
    won_[slot] = value;
}

/// Commands go to the first slot behind all that are in use, so that proposers meet in one seldom.
/// Slots that are left behind are filled with no-ops (section 3), once there was a stall.
void server_core::start_proposals() {
  auto next = std::max(end_of_use(), proposals_.end());
  for (; proposals_.can_start() && learner_.has_room_for(next); ++next)
    proposals_.start_next(next, acceptor_);
  auto slot = std::max(learner_.slot_out(), acceptor_.state().min);
  for (; slot < fill_end_ && proposals_.can_fill() && learner_.has_room_for(slot); ++slot)
    if (learner_.find(slot) == nullptr && !proposals_.contains(slot))
      proposals_.fill(slot, acceptor_);
}

void server_core::watch_progress() {
  const auto slot_out = learner_.slot_out();
  const auto ahead = peers_.ahead_of(slot_out);
  switch (stalls_.on_tick(slot_out, end_of_use(), !ahead.empty())) {
  case remedy::ask:
    send_.push_back({ahead[random_.below(ahead.size())], learn_request{options_.id, slot_out}});
    break;
  case remedy::fill:
    fill_end_ = end_of_use();
    break;
  case remedy::none:
    break;
  }
}

void server_core::tell_progress() {
  send_to_others(announce{options_.id, done_, learner_.slot_out(), end_of_use()});
}

/// Min: what all servers are done with is forgotten.
void server_core::collect() {
  const auto min = peers_.min(done_);
  if (min <= acceptor_.state().min)
    return;
  acceptor_.collect(min);
  learner_.forget_below(min);
}

/// Slots from here on are not in use, as far as this server knows.
slot_num server_core::end_of_use() const {
  return std::max({learner_.end(), acceptor_.end(), peers_.end(), barriers_.end()});
}

template <class Body>
void server_core::send_to_others(const Body& body) {
  for (const auto& server : servers_->members())
    if (server != options_.id)
      send_.push_back({server, body});
}

} // namespace pmmc::simple
