// Histories that a store with one value a key could have given, with any overlap: linearizable by
// construction.
#pragma once

#include "check/history.hpp"

#include <random>

namespace pmmc::testing {

struct history_shape {
  std::size_t operations = 7;
  unsigned clients = 3; ///< each has one operation under way at a time
  unsigned keys = 1;
  unsigned values = 3;  ///< how many different ones are written; 0: each once
  double unknown = 0.1; ///< part of the operations that get no answer
  std::vector<check::operation_kind> kinds;
};

check::history random_history(std::mt19937_64& random, const history_shape& shape);

/// Changes what one operation was told, or when it was under way. The result may be linearizable.
void mutate(std::mt19937_64& random, check::history& all);

} // namespace pmmc::testing
