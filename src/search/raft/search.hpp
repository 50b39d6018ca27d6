// Breadth-first search of everything that can happen to Raft's servers in a scope.
#pragma once

#include "search/raft/scope.hpp"
#include "search/search_result.hpp"

namespace pmmc::raft::search {

/// As pmmc::search::explore(). Something is decided where an entry is committed, and values compete
/// where two servers have different entries at an index; process states are the servers'.
pmmc::search::search_result explore(const scope& s, const pmmc::search::search_options& options,
                                    const pmmc::search::search_progress& progress = {});

} // namespace pmmc::raft::search
