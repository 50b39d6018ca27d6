// How a checker says that something must not have happened.
#pragma once

#include <stdexcept>
#include <string>

namespace pmmc::sim {

/// An invariant of docs/ARCHITECTURE.md is broken. `what()` begins with its name and a colon.
/// Not a runtime_error: those are what the code under test may expect, and handle.
class violation : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

/// `explain` returns the text, and is called only if there is something to explain.
template <class Explain>
void demand(bool holds, const Explain& explain) {
  if (!holds) [[unlikely]]
    throw violation{explain()};
}

} // namespace pmmc::sim
