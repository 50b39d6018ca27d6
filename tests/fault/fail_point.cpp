// Preloaded into a process under test (LD_PRELOAD): counts its calls of one kind, and kills it, or
// lets the calls fail, from the N-th on. Nothing of this is in the program itself.
//   PMMC_FAIL_CALL  create | write | sync | rename | send: which calls. create: open with O_CREAT;
//                   write and sync: of regular files but the log; send: of sockets
//   PMMC_FAIL_AT    N, from 1
//   PMMC_FAIL_WHEN  before | after: SIGKILL before the N-th call, or when it has been done;
//                   half: when the first half of its bytes has been written or sent;
//                   error: that call and all that follow fail;
//                   skip: that call and all that follow are not done, and said to be (sync only)
//   PMMC_FAIL_ERRNO error: a number; write and sync only
//   PMMC_FAIL_TOLD  a file that is made when it happens
#include "preload.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum class when { never, before, after, half, error, skip };

struct settings {
  const char* call = std::getenv("PMMC_FAIL_CALL");
  const char* told = std::getenv("PMMC_FAIL_TOLD");
  long at = number("PMMC_FAIL_AT");
  int error = static_cast<int>(number("PMMC_FAIL_ERRNO"));
  when what = parse(std::getenv("PMMC_FAIL_WHEN"));

  static long number(const char* name) {
    const char* text = std::getenv(name);
    return text ? std::atol(text) : 0;
  }
  static when parse(const char* word) {
    const auto is = [&](const char* other) { return word && std::strcmp(word, other) == 0; };
    return is("before")  ? when::before
           : is("after") ? when::after
           : is("half")  ? when::half
           : is("error") ? when::error
           : is("skip")  ? when::skip
                         : when::never;
  }
};

const settings& chosen() {
  static const settings s;
  return s;
}

void tell() {
  if (chosen().told)
    if (const int fd = ::open(chosen().told, O_CREAT | O_WRONLY | O_CLOEXEC, 0644); fd >= 0)
      ::close(fd);
}

[[noreturn]] void die() {
  tell();
  ::kill(::getpid(), SIGKILL);
  for (;;)
    ::pause();
}

bool is_kind(int fd, mode_t kind) {
  struct stat about {};
  return fd > 2 && ::fstat(fd, &about) == 0 && (about.st_mode & S_IFMT) == kind;
}

/// What is to happen with this call of the kind, which counts it.
when fate(const char* call) {
  static std::atomic<long> count{0};
  const auto& s = chosen();
  if (s.what == when::never || !s.call || std::strcmp(call, s.call) != 0)
    return when::never;
  const auto now = ++count;
  if (s.what == when::error || s.what == when::skip) {
    if (now == s.at)
      tell();
    return now >= s.at ? s.what : when::never;
  }
  return now == s.at ? s.what : when::never;
}

/// Does the call as its fate wants it. `half` does the first half of it.
template <class Whole, class Half>
auto run(const char* call, bool counts, Whole whole, Half half) -> decltype(whole()) {
  const auto what = counts ? fate(call) : when::never;
  switch (what) {
  case when::before:
    die();
  case when::half:
    half();
    die();
  case when::error:
    errno = chosen().error;
    return -1;
  case when::skip:
    return 0;
  default:
    break;
  }
  const auto result = whole();
  if (what == when::after)
    die();
  return result;
}

template <class Whole>
auto run(const char* call, bool counts, Whole whole) -> decltype(whole()) {
  return run(call, counts, whole, [] {});
}

/// Of their bytes, not of the parts.
std::vector<iovec> first_half(const iovec* parts, int count) {
  std::vector<iovec> half{parts, parts + count};
  std::size_t left = 0;
  for (const auto& part : half)
    left += part.iov_len;
  left /= 2;
  for (auto& part : half)
    left -= part.iov_len = std::min(part.iov_len, left);
  return half;
}

} // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* real = next<decltype(write)>("write");
  const bool socket = is_kind(fd, S_IFSOCK);
  return run(
      socket ? "send" : "write", socket || is_kind(fd, S_IFREG),
      [&] { return real(fd, bytes, size); }, [&] { return real(fd, bytes, size / 2); });
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* real = next<decltype(writev)>("writev");
  const bool socket = is_kind(fd, S_IFSOCK);
  return run(
      socket ? "send" : "write", socket || is_kind(fd, S_IFREG),
      [&] { return real(fd, parts, count); },
      [&] {
        auto half = first_half(parts, count);
        return real(fd, half.data(), static_cast<int>(half.size()));
      });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static auto* real = next<decltype(pwrite)>("pwrite");
  return run(
      "write", is_kind(fd, S_IFREG), [&] { return real(fd, bytes, size, at); },
      [&] { return real(fd, bytes, size / 2, at); });
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static auto* real = next<decltype(pwrite64)>("pwrite64");
  return run(
      "write", is_kind(fd, S_IFREG), [&] { return real(fd, bytes, size, at); },
      [&] { return real(fd, bytes, size / 2, at); });
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
  static auto* real = next<decltype(pwritev)>("pwritev");
  return run(
      "write", is_kind(fd, S_IFREG), [&] { return real(fd, parts, count, at); },
      [&] {
        auto half = first_half(parts, count);
        return real(fd, half.data(), static_cast<int>(half.size()), at);
      });
}

ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
  static auto* real = next<decltype(pwritev64)>("pwritev64");
  return run(
      "write", is_kind(fd, S_IFREG), [&] { return real(fd, parts, count, at); },
      [&] {
        auto half = first_half(parts, count);
        return real(fd, half.data(), static_cast<int>(half.size()), at);
      });
}

int open(const char* path, int flags, ...) {
  static auto* real = next<int(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    std::va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return run("create", (flags & O_CREAT) != 0, [&] { return real(path, flags, mode); });
}

int fsync(int fd) {
  static auto* real = next<decltype(fsync)>("fsync");
  return run("sync", true, [&] { return real(fd); });
}

int fdatasync(int fd) {
  static auto* real = next<decltype(fdatasync)>("fdatasync");
  return run("sync", true, [&] { return real(fd); });
}

int rename(const char* from, const char* to) noexcept {
  static auto* real = next<int(const char*, const char*)>("rename");
  return run("rename", true, [&] { return real(from, to); });
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static auto* real = next<decltype(send)>("send");
  return run(
      "send", true, [&] { return real(fd, bytes, size, flags); },
      [&] { return real(fd, bytes, size / 2, flags); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* real = next<decltype(sendmsg)>("sendmsg");
  return run("send", true, [&] { return real(fd, message, flags); });
}

} // extern "C"
