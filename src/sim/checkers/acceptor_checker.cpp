#include "sim/checkers/acceptor_checker.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>

namespace pmmc::sim {

acceptor_checker::disk& acceptor_checker::at(std::size_t acceptor) {
  if (acceptor >= disks_.size())
    disks_.resize(acceptor + 1);
  return disks_[acceptor];
}

const acceptor_checker::votes* acceptor_checker::find(const disk& d, config_version version) const {
  const auto it = d.by_version.find(version);
  return it == d.by_version.end() ? nullptr : &it->second;
}

// --- The disk -----------------------------------------------------------------------------------

void acceptor_checker::persisted(std::size_t acceptor, const acceptor_record& r) {
  std::visit([&](const auto& record) { write(acceptor, record); }, r);
}

void acceptor_checker::write(std::size_t acceptor, const promise_record& r) {
  auto& promise = at(acceptor).by_version[r.version].promise;
  demand(r.ballot >= promise,
         [&] { return "A1: " + to_string(r.ballot) + " is promised after " + to_string(promise); });
  promise = r.ballot;
}

void acceptor_checker::write(std::size_t acceptor, const accept_record& r) {
  auto& d = at(acceptor);
  auto& held = d.by_version[r.version];
  demand(r.value.ballot >= held.promise, [&] {
    return "A2: slot " + std::to_string(r.value.slot) + " is accepted at " +
           to_string(r.value.ballot) + ", and " + to_string(held.promise) + " is promised";
  });
  demand(r.value.slot >= d.watermark, [&] {
    return "A3: slot " + std::to_string(r.value.slot) + " is accepted below the watermark " +
           std::to_string(d.watermark);
  });
  held.promise = r.value.ballot;
  held.accepted.insert_or_assign(r.value.slot, vote{r.value.ballot, r.value.value});
}

void acceptor_checker::write(std::size_t acceptor, const collect_record& r) {
  auto& d = at(acceptor);
  demand(r.watermark >= d.watermark, [] { return std::string{"A3: the watermark goes back"}; });
  d.watermark = r.watermark;
  for (auto& [version, held] : d.by_version)
    held.accepted.erase(held.accepted.begin(), held.accepted.lower_bound(r.watermark));
}

bool acceptor_checker::holds(std::size_t acceptor, const acceptor_state& state) {
  const auto& d = at(acceptor);
  const auto same_vote = [](const auto& mine, const auto& theirs) {
    return mine.first == theirs.first && mine.second.ballot == theirs.second.ballot &&
           mine.second.value == theirs.second.value;
  };
  const auto same_votes = [&](const auto& mine, const auto& theirs) {
    const auto& a = mine.second.accepted;
    const auto& b = theirs.second.accepted;
    return mine.first == theirs.first && mine.second.promise == theirs.second.ballot &&
           std::equal(a.begin(), a.end(), b.begin(), b.end(), same_vote);
  };
  return d.watermark == state.watermark &&
         std::equal(d.by_version.begin(), d.by_version.end(), state.by_version.begin(),
                    state.by_version.end(), same_votes);
}

void acceptor_checker::recovered(std::size_t acceptor, const acceptor_state& state) {
  demand(holds(acceptor, state),
         [] { return std::string{"D2: what is recovered is not what was made durable"}; });
}

// --- What it says -------------------------------------------------------------------------------

void acceptor_checker::sent(std::size_t acceptor, const p1b& m) {
  const auto& d = at(acceptor);
  const auto* held = find(d, m.version);
  const auto promise = held == nullptr ? ballot_num{} : held->promise;
  demand(m.ballot <= promise, [&] {
    return "D1: a p1b tells of ballot " + to_string(m.ballot) + ", and " + to_string(promise) +
           " is durable";
  });
  demand(m.watermark <= d.watermark,
         [] { return std::string{"D1: a p1b tells of a watermark that is not durable"}; });
  if (m.ballot != m.asked || held == nullptr)
    return;
  for (const auto& p : m.accepted) {
    const auto it = held->accepted.find(p.slot);
    demand(p.slot < d.watermark || (it != held->accepted.end() && it->second.ballot >= p.ballot),
           [&] {
             return "D1: a p1b tells of a vote in slot " + std::to_string(p.slot) +
                    " that is not durable";
           });
  }
  // Votes at the ballot itself may be newer than the answer, which waited for the same sync.
  auto told = m.accepted.begin();
  for (auto it = held->accepted.lower_bound(m.from_slot);
       it != held->accepted.end() && (m.next_slot == 0 || it->first < m.next_slot); ++it) {
    while (told != m.accepted.end() && told->slot < it->first)
      ++told;
    demand(it->second.ballot >= m.asked || (told != m.accepted.end() && told->slot == it->first &&
                                            told->ballot == it->second.ballot),
           [&] {
             return "A3: a p1b for " + to_string(m.asked) + " leaves out the vote in slot " +
                    std::to_string(it->first);
           });
  }
}

void acceptor_checker::sent(std::size_t acceptor, const p2b& m) {
  auto& d = at(acceptor);
  const auto held = d.by_version.find(m.version);
  const bool has_promised = held != d.by_version.end();
  demand(m.ballot <= (has_promised ? held->second.promise : ballot_num{}), [&] {
    return "D1: a p2b tells of ballot " + to_string(m.ballot) + ", which is not durable";
  });
  demand(m.watermark <= d.watermark,
         [] { return std::string{"D1: a p2b tells of a watermark that is not durable"}; });
  if (m.ballot != m.asked || m.slot < m.watermark || m.slot < d.watermark)
    return;
  const auto is_durable = [&](const votes& v) {
    const auto it = v.accepted.find(m.slot);
    return it != v.accepted.end() && it->second.ballot >= m.asked;
  };
  demand(has_promised && is_durable(held->second), [&] {
    return "D1: a vote for slot " + std::to_string(m.slot) + " at " + to_string(m.asked) +
           " is sent, but not durable";
  });
  held->second.told_highest = std::max(held->second.told_highest, m.slot);
}

/// Votes that nobody has been told of yet may be missing: they wait for the same sync as the reply.
void acceptor_checker::sent(std::size_t acceptor, const read_probe_reply& m) {
  const auto* held = find(at(acceptor), m.version);
  demand(held == nullptr || m.highest >= held->told_highest,
         [] { return std::string{"A3: a read probe is told less than what was acknowledged"}; });
}

void acceptor_checker::sent(std::size_t acceptor, const pong& m) {
  demand(watermark_of(m.state) <= at(acceptor).watermark,
         [] { return std::string{"D1: a pong tells of a watermark that is not durable"}; });
}

} // namespace pmmc::sim
