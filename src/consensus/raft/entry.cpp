#include "consensus/raft/entry.hpp"

#include <algorithm>

namespace pmmc::raft {

bool is_up_to_date(const position& candidates_last, const position& own_last) {
  if (candidates_last.term != own_last.term)
    return candidates_last.term > own_last.term;
  return candidates_last.index >= own_last.index;
}

const member* server_set::find(const role_id& id) const {
  for (const auto* set : {&servers, &outgoing})
    for (const auto& m : *set)
      if (m.id == id)
        return &m;
  return nullptr;
}

std::vector<role_id> server_set::all() const {
  auto ids = ids_of(servers);
  for (const auto& m : outgoing)
    if (std::find(ids.begin(), ids.end(), m.id) == ids.end())
      ids.push_back(m.id);
  return ids;
}

std::size_t server_set::size_bytes() const {
  constexpr std::size_t overhead_bytes = 8;
  std::size_t bytes = overhead_bytes;
  for (const auto* set : {&servers, &outgoing})
    for (const auto& m : *set)
      bytes += m.id.view().size() + m.address.size() + m.disk.size() + overhead_bytes;
  return bytes;
}

bool operator==(const entry& a, const entry& b) {
  const bool same_members =
      a.members == b.members || (a.members && b.members && *a.members == *b.members);
  return a.term == b.term && a.value == b.value && same_members;
}

} // namespace pmmc::raft
