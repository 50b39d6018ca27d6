// `pmmc check`: which check is meant.
#include "check.hpp"

namespace pmmc::cli {

int check(const arguments& a) {
  a.expect_words(0, 0, "check --history FILE");
  if (a.options.count("history") > 0)
    return check_history_files(a);
  throw command_error{bad_usage, "what is to be checked? pmmc check --history FILE says whether a "
                                 "recorded history is linearizable (docs/HISTORY.md)"};
}

} // namespace pmmc::cli
