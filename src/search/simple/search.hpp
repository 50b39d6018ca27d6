// Breadth-first search of everything that can happen to the servers of engine `simple` in a scope.
#pragma once

#include "search/search_result.hpp"
#include "search/simple/scope.hpp"

namespace pmmc::simple::search {

/// As pmmc::search::explore(). Something is decided where a value is chosen, and values compete
/// where two acceptors have accepted different ones in a slot last; process states are the
/// servers'.
pmmc::search::search_result explore(const scope& s, const pmmc::search::search_options& options,
                                    const pmmc::search::search_progress& progress = {});

} // namespace pmmc::simple::search
