// kill -9 in the middle of writing: everything that was acknowledged is there, and nothing
// invented.
#include "scratch.hpp"

#include "storage/acceptor_store.hpp"

#include <csignal>

#include <sys/wait.h>

using namespace pmmc;
using namespace pmmc::storage;
namespace fs = std::filesystem;

namespace {

/// Some are long enough to leave from where they are.
command value_of(slot_num slot) {
  return command{std::string(slot * 997 % 40000, 'a' + slot % 26)};
}

/// Accepts slot after slot and tells each through `fd` when it is durable, until it is killed.
[[noreturn]] void accept_for_ever(const fs::path& path, slot_num slot, int fd) {
  const auto directory = scratch::open(path, role_kind::acceptor);
  acceptor_store store{directory};
  for (;; ++slot) {
    const acceptor_record record = accept_record{1, {{1, "l1"}, slot, value_of(slot)}};
    store.write({&record, 1});
    if (::write(fd, &slot, sizeof slot) != sizeof slot)
      ::_exit(1);
  }
}

/// Returns the last slot that was acknowledged.
slot_num run_and_kill(const fs::path& path, slot_num first, int acknowledgements) {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0)
    accept_for_ever(path, first, pipe[1]);
  ::close(pipe[1]);
  slot_num last = 0;
  for (int i = 0; i < acknowledgements; ++i)
    REQUIRE(::read(pipe[0], &last, sizeof last) == sizeof last);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(pipe[0], &last, sizeof last) == sizeof last)
    continue; // acknowledged before the signal came
  ::close(pipe[0]);
  return last;
}

} // namespace

TEST_CASE("an acceptor killed again and again remembers every vote it told of") {
  scratch::directory tmp;
  scratch::format(tmp / "a1", role_kind::acceptor);
  slot_num next = 1;
  for (int round = 0; round < 8; ++round) {
    const auto last = run_and_kill(tmp / "a1", next, 40 + 100 * round);
    const auto directory = scratch::open(tmp / "a1", role_kind::acceptor);
    acceptor_store store{directory};
    const auto state = store.take_recovered();
    const auto& accepted = state.by_version.at(1).accepted;
    next = accepted.rbegin()->first + 1;
    CHECK(next - 1 >= last);
    CHECK(next - 1 <= last + 1); // the one that was under way
    CHECK(accepted.size() == next - 1);
    for (const auto& [slot, held] : accepted)
      REQUIRE(held.value == value_of(slot));
  }
}
