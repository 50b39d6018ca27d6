// Every type that crosses the wire, filled with random contents (field_values.hpp).
#pragma once

#include "field_values.hpp"
#include "wire.hpp"

namespace pmmc::test {

using dice = value_dice<caf::actor>;

} // namespace pmmc::test
