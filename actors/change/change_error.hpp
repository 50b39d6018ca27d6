// How a change of the cluster's members can fail.
#pragma once

#include <stdexcept>
#include <string>

namespace pmmc {

enum class change_failure {
  bad_words,    ///< it cannot be understood; nothing was changed
  refused,      ///< it must not be done, or not now; nothing was changed
  not_executed, ///< nobody was there to do it; nothing was changed
  busy,         ///< the same: a replica had too much to do
  unknown,      ///< it may have been decided, or was, and is not finished
};

struct change_error : std::runtime_error {
  change_error(change_failure k, const std::string& text) : std::runtime_error(text), kind(k) {}
  change_failure kind;
};

} // namespace pmmc
