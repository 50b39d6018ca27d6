#include "search/simple/contents.hpp"

#include "base/invariant.hpp"

#include <algorithm>

namespace pmmc::simple {

namespace {

search::server_bits bits_of(const std::set<role_id>& servers) {
  search::server_bits bits = 0;
  for (const auto& id : servers)
    bits |= search::server_bits{1} << search::number_of(id);
  return bits;
}

} // namespace

// --- What happens to a server -------------------------------------------------------------------

void role_contents::let_start(server_core& core, bool may_start) {
  const proposals::settings usual;
  core.proposals_.options_.pipeline_slots = may_start ? usual.pipeline_slots : 0;
  core.proposals_.options_.fill_slots = may_start ? usual.fill_slots : 0;
}

bool role_contents::try_next_number(server_core& core, slot_num slot) {
  auto& in_slots = core.proposals_.in_slots_;
  const auto at = in_slots.find(slot);
  if (at == in_slots.end() || at->second.phase_ != proposer::phase::waiting)
    return false;
  at->second.begin(core.acceptor_.promised(slot));
  core.settle();
  return true;
}

void role_contents::fill(server_core& core) {
  core.fill_end_ = core.end_of_use();
  core.settle();
}

void role_contents::tell_progress(server_core& core) {
  core.tell_progress();
  core.settle();
}

// --- What it does -------------------------------------------------------------------------------

std::vector<role_contents::attempt> role_contents::attempts_of(const server_core& core) {
  std::vector<attempt> all;
  for (const auto& [slot, p] : core.proposals_.in_slots_) {
    const auto now = p.phase_ == proposer::phase::preparing   ? phase::preparing
                     : p.phase_ == proposer::phase::accepting ? phase::accepting
                                                              : phase::waiting;
    all.push_back({slot, now, *p.number_, bits_of(p.answered_)});
  }
  return all;
}

std::optional<role_contents::probe_round> role_contents::probe_round_of(const server_core& core) {
  const auto& b = core.barriers_;
  return b.asking_.empty() ? std::nullopt
                           : std::optional{probe_round{b.round_, bits_of(b.answered_)}};
}

// --- What tells two servers apart ---------------------------------------------------------------

void role_contents::put(search::byte_writer& out, const acceptor& part) {
  const auto& [id, state, highest_accepted, unsent] = part;
  PMMC_INVARIANT(unsent.persist.empty() && unsent.send.empty(), "the search takes all outputs");
  out.put(state);
  out.put(highest_accepted);
}

void role_contents::put(search::byte_writer& out, const learner& part) {
  const auto& [window, slot_out, first, end, values, unsent] = part;
  PMMC_INVARIANT(unsent.empty(), "the search takes all outputs");
  for (const auto n : {slot_out, first, part.end()})
    out.put(n);
  out.put(values.size());
  for (const auto& [slot, value] : values) {
    out.put(slot);
    out.put(value);
  }
}

/// A number that it has seen matters to the next one that it takes, if it is above what its own
/// acceptor has promised. When it goes on is the search's choice.
void role_contents::put(search::byte_writer& out, const proposer& part,
                        const number_or_none& promised) {
  const auto& [servers, slot, own, options, backoff, phase, ticks, wait_ticks, number, seen,
               answered, highest, value, outcome, unsent] = part;
  PMMC_INVARIANT(unsent.empty() && !outcome, "the search takes all outputs");
  out.put(slot);
  out.put(own);
  out.put(static_cast<std::uint64_t>(phase));
  out.put(number);
  out.put(seen > promised ? seen : number_or_none{});
  if (phase == proposer::phase::waiting)
    return; // what came of the last number is over
  out.put_ids(answered);
  if (phase == proposer::phase::preparing)
    out.put(highest);
  else
    out.put(value);
}

void role_contents::put(search::byte_writer& out, const proposals& part, const acceptor& own) {
  const auto& [servers, options, random, queue, queued_bytes, in_slots, commands, numbers] = part;
  out.put(queue.size());
  for (const auto& value : queue)
    out.put(value);
  out.put(in_slots.size());
  for (const auto& [slot, p] : in_slots)
    put(out, p, own.promised(slot));
}

void role_contents::put(search::byte_writer& out, const peers& part) {
  const auto& [servers, by_server, end] = part;
  out.put_by_server(by_server, [&](const peers::state& known) {
    const auto& [done, slot_out] = known; // whom it asks is the search's choice
    out.put(done);
  });
  out.put(end);
}

void role_contents::put(search::byte_writer& out, const barriers& part) {
  const auto& [servers, options, queued, asking, round, ticks, answered, highest, end, complete,
               unsent] = part;
  PMMC_INVARIANT(unsent.empty(), "the search takes all outputs");
  for (const auto* numbers : {&queued, &asking}) {
    out.put(numbers->size());
    for (const auto number : *numbers)
      out.put(number);
  }
  out.put(round);
  out.put(end);
  if (!asking.empty()) {
    out.put_ids(answered);
    out.put(highest);
  }
  out.put(complete.size());
  for (const auto& [number, slot] : complete) {
    out.put(number);
    out.put(slot);
  }
}

void role_contents::put(search::byte_writer& out, const server_core& core) {
  const auto& [servers, options, random, acceptor, learner, proposals, peers, stalls, barriers,
               ticks, done, fill_end, won, unsent_inside, unsent] = core; // won: for its service
  PMMC_INVARIANT(unsent_inside.empty() && unsent.empty(), "the search takes all outputs");
  PMMC_INVARIANT(ticks == 0, "the search lets no time pass");
  put(out, acceptor);
  put(out, learner);
  put(out, proposals, acceptor);
  put(out, peers);
  put(out, barriers);
  out.put(done);
  out.put(fill_end > learner.slot_out() ? fill_end : 0);
}

} // namespace pmmc::simple
