#include "search/server_names.hpp"

#include "base/invariant.hpp"

#include <algorithm>

namespace pmmc::search {

namespace {

server_bits renamed(server_bits servers, const renaming& names) {
  server_bits others = 0;
  for (unsigned i = 0; i < most_servers; ++i)
    others |= (servers >> i & 1U) << names[i];
  return others;
}

} // namespace

std::string text_of(server_bits servers) {
  std::string text;
  for (unsigned i = 0; i < most_servers; ++i)
    if ((servers >> i & 1U) != 0)
      text += (text.empty() ? "" : " ") + id_of(i).str();
  return "{" + text + "}";
}

std::vector<renaming> renamings_that_keep(const std::vector<server_bits>& sets, unsigned servers,
                                          bool symmetry) {
  std::vector<renaming> all;
  auto names = no_renaming;
  do {
    if (std::all_of(sets.begin(), sets.end(),
                    [&](server_bits set) { return renamed(set, names) == set; }))
      all.push_back(names);
  } while (symmetry && std::next_permutation(names.begin(), names.begin() + servers));
  PMMC_INVARIANT(all.size() <= most_server_renamings, "a set of a scope has at most 4 servers");
  return all;
}

void name_writer::put_set(server_bits servers) { put(std::uint64_t{renamed(servers, names_)}); }

} // namespace pmmc::search
