#include "search/simple/search.hpp"

#include "search/breadth_first.hpp"
#include "search/simple/trace.hpp"

#include <algorithm>

namespace pmmc::simple::search {

namespace {

bool conflict(const server_fact& a, const server_fact& b) {
  return std::any_of(a.disk.votes.begin(), a.disk.votes.end(), [&](const auto& item) {
    const auto* other = b.vote(item.first);
    return other != nullptr && item.second.highest && other->highest &&
           item.second.highest->value != other->highest->value;
  });
}

/// The servers, as the search looks at them (see breadth_first.hpp).
class simple_model : public pmmc::search::server_model<scope, universe, search::successors> {
public:
  using server_model::server_model;

  std::string broken_by(const state&, const transition& t, const state& after) const {
    return search::broken_by(universe_, t, after);
  }
  std::string describe(const transition& t) const { return search::describe(universe_, t); }
  bool is_decided(const state& s) const {
    return universe_.past(s.past).contents.last_chosen() != 0;
  }
  bool has_conflict(const state& s) const {
    for (std::size_t a = 0; a < s.servers.size(); ++a)
      for (std::size_t b = 0; b < a; ++b)
        if (conflict(universe_.server(s.servers[a]).fact, universe_.server(s.servers[b]).fact))
          return true;
    return false;
  }
};

} // namespace

pmmc::search::search_result explore(const scope& s, const pmmc::search::search_options& options,
                                    const pmmc::search::search_progress& progress) {
  simple_model model{s};
  return pmmc::search::breadth_first<simple_model>{model, options, progress}.run();
}

} // namespace pmmc::simple::search
