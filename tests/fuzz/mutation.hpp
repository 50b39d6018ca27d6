// Seeded changes of an input.
#pragma once

#include "base/random.hpp"

#include <string>
#include <vector>

namespace pmmc::fuzz {

/// One of `seeds`, changed in a few places: bits, bytes, small and huge numbers, pieces left out,
/// doubled, or taken from another seed, the end cut off. Sometimes a mere string of random bytes.
/// At most `max_bytes` long. Precondition: seeds is not empty.
std::string mutate(random_source& random, const std::vector<std::string>& seeds,
                   std::size_t max_bytes);

} // namespace pmmc::fuzz
