// The core's own assertions, as findings of a search.
#pragma once

#include "base/invariant.hpp"

#include <stdexcept>
#include <string>

namespace pmmc::search {

/// What a broken assertion of the core throws, once throw_broken_assertions() was called.
struct broken_assertion : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Call it before there is a second thread.
inline void throw_broken_assertions() {
  set_invariant_handler([](const char* condition, const char* meaning) {
    throw broken_assertion{std::string{meaning} + " (the core's own assertion: " + condition + ")"};
  });
}

} // namespace pmmc::search
