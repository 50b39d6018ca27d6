#include "consensus/raft/persistent_state.hpp"

#include "base/invariant.hpp"

#include <utility>

namespace pmmc::raft {

namespace {

void apply_to(persistent_state& s, const term_record& r) {
  PMMC_INVARIANT(r.term > s.term || (r.term == s.term && s.voted_for.empty()),
                 "a term does not decrease, and a vote is not changed in it (Election Safety)");
  s.term = r.term;
  s.voted_for = r.voted_for;
}

void apply_to(persistent_state& s, const append_record& r) {
  PMMC_INVARIANT(r.index == s.log.last().index + 1, "entries are appended without gaps");
  s.log.append(r.what);
}

void apply_to(persistent_state& s, const truncate_record& r) { s.log.truncate(r.from); }

void apply_to(persistent_state& s, const base_record& r) {
  if (s.log.has(r.base))
    s.log.compact(r.base.index);
  else
    s.log = raft::log{r.base, r.members};
}

} // namespace

void persistent_state::apply(const record& r) {
  std::visit([this](const auto& body) { apply_to(*this, body); }, r);
}

persistent_state founding_state(server_set first) {
  persistent_state s;
  s.log = raft::log{{}, std::make_shared<const server_set>(std::move(first))};
  return s;
}

} // namespace pmmc::raft
