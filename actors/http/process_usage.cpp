#include "http/process_usage.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace pmmc {

namespace {

/// When the machine was started, in seconds since 1970.
std::optional<double> boot_time() {
  std::ifstream in{"/proc/stat"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("btime "))
      return std::stod(line.substr(6));
  return std::nullopt;
}

/// The fields of /proc/self/stat from the third one on (proc(5)). The second one is the program's
/// name in brackets, which may hold blanks.
std::optional<std::array<double, 22>> stat_from_third() {
  std::ifstream in{"/proc/self/stat"};
  std::string line;
  if (!std::getline(in, line) || line.rfind(')') == std::string::npos)
    return std::nullopt;
  std::istringstream rest{line.substr(line.rfind(')') + 2)};
  std::string state;
  rest >> state;
  std::array<double, 22> fields{};
  for (std::size_t i = 1; i < fields.size(); ++i)
    if (!(rest >> fields[i]))
      return std::nullopt;
  return fields;
}

} // namespace

std::optional<process_usage> own_usage() {
  const auto boot = boot_time();
  const auto stat = stat_from_third();
  if (!boot || !stat)
    return std::nullopt;
  const auto field = [&](std::size_t number) { return (*stat)[number - 3]; }; // as in proc(5)
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  process_usage u;
  u.cpu_seconds = (field(14) + field(15)) / ticks;
  u.threads = static_cast<std::uint64_t>(field(20));
  u.start_time_seconds = *boot + field(22) / ticks;
  u.virtual_bytes = static_cast<std::uint64_t>(field(23));
  u.resident_bytes =
      static_cast<std::uint64_t>(field(24)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::error_code error;
  for (std::filesystem::directory_iterator fd{"/proc/self/fd", error}, end; !error && fd != end;
       fd.increment(error))
    ++u.open_fds;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0)
    u.max_fds = files.rlim_cur;
  return u;
}

} // namespace pmmc
