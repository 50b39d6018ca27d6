// CAF's errors in words for the people who operate a cluster.
#pragma once

#include "membership/dial_troubles.hpp"

#include <caf/all.hpp>
#include <string>

namespace pmmc {

/// What went wrong when a process was dialled or asked: "nothing listens there", …
std::string explain(const caf::error& e, const caf::actor_system& system);

/// An answer to a request that cannot be done: explain() gives the words back.
caf::error refusal_in_words(std::string words);

} // namespace pmmc
