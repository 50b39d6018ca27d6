// `pmmc check`: which check is meant.
#include "check.hpp"
#include "check_exhaustive.hpp"

namespace pmmc::cli {

int check(const arguments& a) {
  a.expect_words(0, 0);
  if (a.options.count("history") > 0 && a.options.count("exhaustive") > 0)
    throw command_error{bad_usage, "--history or --exhaustive: one of them at a time"};
  for (const char* option : {"jobs", "states"})
    if (a.options.count("history") > 0 && !a.options[option].defaulted())
      throw command_error{bad_usage, "--" + std::string{option} + " goes with --exhaustive only"};
  if (a.options.count("history") > 0)
    return check_history_files(a);
  if (a.options.count("exhaustive") > 0)
    return check_exhaustive(a);
  throw command_error{bad_usage, "what is to be checked? --history FILE says whether a recorded "
                                 "history is linearizable (docs/HISTORY.md); --exhaustive SCOPE "
                                 "searches everything that can happen in a scope, --exhaustive "
                                 "list names the scopes (docs/TESTING.md)"};
}

} // namespace pmmc::cli
