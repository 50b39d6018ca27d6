// Assertions that stay on in release builds: a process that has broken an invariant of the protocol
// must stop before it tells anybody.
#pragma once

namespace pmmc {

/// Called instead of ending the process, by programs that look for broken invariants. It must not
/// return: it throws. Set it before there is a second thread; nullptr puts back the default.
using invariant_handler = void (*)(const char* condition, const char* meaning);
void set_invariant_handler(invariant_handler handler);

/// Prints the broken invariant to stderr and aborts the process.
[[noreturn]] void invariant_broken(const char* condition, const char* meaning, const char* file,
                                   int line);

} // namespace pmmc

/// Ends the process unless `condition` holds. `meaning` says what was promised, with the
/// invariant's name in docs/ARCHITECTURE.md where it has one.
#define PMMC_INVARIANT(condition, meaning)                                                         \
  (static_cast<bool>(condition)                                                                    \
       ? static_cast<void>(0)                                                                      \
       : ::pmmc::invariant_broken(#condition, meaning, __FILE__, __LINE__))
