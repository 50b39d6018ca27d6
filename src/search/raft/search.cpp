#include "search/raft/search.hpp"

#include "search/breadth_first.hpp"
#include "search/raft/trace.hpp"

#include <algorithm>

namespace pmmc::raft::search {

namespace {

bool conflict(const log_fact& a, const log_fact& b) {
  for (auto i = std::max(a.base.index, b.base.index) + 1; i <= std::min(a.last(), b.last()); ++i)
    if (a.at(i) != b.at(i))
      return true;
  return false;
}

/// Raft's servers, as the search looks at them (see breadth_first.hpp).
class raft_model : public pmmc::search::server_model<scope, universe, search::successors> {
public:
  using server_model::server_model;

  std::string broken_by(const state&, const transition& t, const state& after) const {
    return search::broken_by(universe_, t, after);
  }
  std::string describe(const transition& t) const { return search::describe(universe_, t); }
  bool is_decided(const state& s) const {
    return !universe_.past(s.past).contents.committed.empty();
  }
  bool has_conflict(const state& s) const {
    for (std::size_t a = 0; a < s.servers.size(); ++a)
      for (std::size_t b = 0; b < a; ++b)
        if (conflict(universe_.server(s.servers[a]).fact.log,
                     universe_.server(s.servers[b]).fact.log))
          return true;
    return false;
  }
};

} // namespace

pmmc::search::search_result explore(const scope& s, const pmmc::search::search_options& options,
                                    const pmmc::search::search_progress& progress) {
  raft_model model{s};
  return pmmc::search::breadth_first<raft_model>{model, options, progress}.run();
}

} // namespace pmmc::raft::search
