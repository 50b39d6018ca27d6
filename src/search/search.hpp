// Breadth-first search of everything that can happen to PMMC's roles in a scope.
#pragma once

#include "search/scope.hpp"
#include "search/search_result.hpp"

namespace pmmc::search {

search_result explore(const scope& s, const search_options& options,
                      const search_progress& progress = {});

} // namespace pmmc::search
