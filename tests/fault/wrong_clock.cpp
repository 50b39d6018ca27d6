// Preloaded into a process under test (LD_PRELOAD): its wall clock is off by as many milliseconds
// as the file PMMC_CLOCK_OFFSET_FILE says at that moment; by none if there is no such file. The
// clocks that only grow stay as they are. Nothing of this is in the program itself.
#include "preload.hpp"

#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

long long offset_ms() {
  static const char* const path = std::getenv("PMMC_CLOCK_OFFSET_FILE");
  const int fd = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0)
    return 0;
  char text[32]{};
  const auto size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  return size > 0 ? std::atoll(text) : 0;
}

} // namespace

extern "C" {

int clock_gettime(clockid_t which, timespec* into) noexcept {
  static auto* const real = next<int(clockid_t, timespec*)>("clock_gettime");
  const int result = real(which, into);
  if (result != 0 || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE))
    return result;
  const auto ms = offset_ms();
  into->tv_sec += ms / 1000;
  into->tv_nsec += ms % 1000 * 1'000'000;
  if (into->tv_nsec < 0) {
    into->tv_nsec += 1'000'000'000;
    --into->tv_sec;
  } else if (into->tv_nsec >= 1'000'000'000) {
    into->tv_nsec -= 1'000'000'000;
    ++into->tv_sec;
  }
  return result;
}

int gettimeofday(timeval* into, void*) noexcept {
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0)
    return -1;
  *into = {now.tv_sec, static_cast<suseconds_t>(now.tv_nsec / 1000)};
  return 0;
}

std::time_t time(std::time_t* into) noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (into)
    *into = now.tv_sec;
  return now.tv_sec;
}
}
