#include "node/file_limit.hpp"

#include <sys/resource.h>

namespace pmmc {

namespace {

std::size_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1'024;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); // if not, the old limit is what there is
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

} // namespace

const door::file_budget& own_file_budget() {
  static const auto budget = door::divide_files(raise_file_limit());
  return budget;
}

} // namespace pmmc
