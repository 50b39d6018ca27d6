// Durable before told: what is synced before a call returns, and in which order. This file stands
// in for the C library's fsync, fdatasync and rename, writes them down and calls them.
#include "scratch.hpp"

#include "acceptor_fixture.hpp"
#include "log_fixture.hpp"
#include "storage/members_file.hpp"
#include "storage/role_state.hpp"
#include "storage/snapshot_store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>

using namespace pmmc;
using namespace pmmc::storage;

namespace {

using calls = std::vector<std::string>;

/// Of this thread, while somebody looks.
thread_local calls* seen = nullptr;

std::string file_of(int fd) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).filename().string();
}

/// Syncs of this thread until one fails, once; -1: none does. As after a disk that was away for a
/// moment: the next sync is good, and says nothing of what was lost.
thread_local int until_failure = -1;

bool fails_now() {
  if (until_failure < 0 || until_failure-- > 0)
    return false;
  errno = EIO;
  return true;
}

calls during(const std::function<void()>& f) {
  calls made;
  seen = &made;
  f();
  seen = nullptr;
  return made;
}

bool contains(const calls& made, const std::string& call) {
  return std::find(made.begin(), made.end(), call) != made.end();
}

} // namespace

extern "C" int fsync(int fd) {
  if (seen != nullptr)
    seen->push_back("sync " + file_of(fd));
  if (fails_now())
    return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int fdatasync(int fd) {
  if (seen != nullptr)
    seen->push_back("sync " + file_of(fd));
  if (fails_now())
    return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  if (seen != nullptr)
    seen->push_back("rename to " + std::filesystem::path{to}.filename().string());
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}

TEST_CASE("sync: an acceptor's write returns when its log is synced") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 3; ++slot) {
    const auto made = during([&] { a.write({accept_record{1, {{1, "l1"}, slot, command{"v"}}}}); });
    CHECK(std::count_if(made.begin(), made.end(), [](const auto& call) {
            return call.starts_with("sync ") && call.ends_with(".log");
          }) == 1);
  }
}

TEST_CASE("sync: what an acceptor finds in its log is durable before it votes on it") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({promise_record{1, {1, "l1"}}});
  a.stop();
  const auto log = scratch::newest_log(tmp / "a1");
  const auto before = std::filesystem::last_write_time(log);
  const auto made = during([&] { a.start(); });
  CHECK(std::count(made.begin(), made.end(), "sync " + log.filename().string()) == 1);
  CHECK(std::filesystem::last_write_time(log) >
        before); // a sync alone is none after one that failed
}

TEST_CASE("sync: a segment is whole before it has its name, and a file changes its name for good "
          "before it is written to") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  slot_num slot = 1;
  calls made;
  const auto write = [&] {
    made = during([&] {
      a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(60000, 'v')}}},
               collect_record{slot - std::min<slot_num>(slot, 20)}});
    });
    ++slot;
  };
  while (!contains(made, "sync new.tmp"))
    write();
  CHECK(made ==
        calls{"sync new.tmp", "rename to 0000000002.log", "sync log", "sync 0000000002.log"});
  while (!contains(made, "rename to 0000000008.spare"))
    write();
  while (!contains(made, "sync 0000000008.spare"))
    write();
  CHECK(made == calls{"sync log", "sync 0000000008.spare", "rename to 0000000010.log", "sync log",
                      "sync 0000000010.log"});
}

TEST_CASE("sync: a leader's seqnum is on the disk, under its name, before save returns") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  const auto directory = scratch::open(tmp / "l1", role_kind::leader);
  role_state state{directory};
  CHECK(during([&] { state.save(5); }) == calls{"sync state.tmp", "rename to state", "sync l1"});
}

TEST_CASE(
    "sync: a snapshot is whole before it has its name, and named before it counts as newest") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  const snapshot_store store{directory};
  auto writer = store.write(7);
  writer.stream() << "state";
  CHECK(during([&] { writer.commit(scratch::any_snapshot); }) ==
        calls{"sync unfinished-1.tmp", "rename to snapshot-7", "sync snapshots", "sync NEWEST.tmp",
              "rename to NEWEST", "sync snapshots"});
}

TEST_CASE("sync: the members that are known are whole before they have their name, and keep it") {
  scratch::directory tmp;
  scratch::format(tmp / "a1", role_kind::acceptor);
  const membership known{config_history{scratch::info_of(role_kind::acceptor, "a1").facts.first}};
  CHECK(during([&] { write_members(real_disk(), tmp / "a1", known); }) ==
        calls{"sync members.tmp", "rename to members", "sync a1"});
}

TEST_CASE("sync: one that fails is final, though the next one would be good") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({promise_record{1, {1, "l1"}}});
  until_failure = 0;
  const auto error = scratch::error_of([&] { a.write({promise_record{1, {2, "l1"}}}); });
  CHECK(scratch::contains(error, "cannot sync"));
  CHECK(until_failure == -1);
  CHECK(scratch::contains(scratch::error_of([&] {
                            a.write({promise_record{1, {3, "l1"}}});
                          }),
                          "an earlier write failed"));

  scratch::format(tmp / "l1", role_kind::leader);
  const auto directory = scratch::open(tmp / "l1", role_kind::leader);
  for (const int good_ones : {0, 1}) { // of the file, of the folder
    role_state state{directory};
    until_failure = good_ones;
    CHECK(scratch::contains(scratch::error_of([&] { state.save(7); }), "cannot sync"));
    CHECK(until_failure == -1);
    CHECK(scratch::contains(scratch::error_of([&] { state.save(8); }), "an earlier write failed"));
  }
}

TEST_CASE("sync: a snapshot whose sync failed once was not written") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  const snapshot_store store{directory};
  for (int good_ones = 0; good_ones < 4; ++good_ones) {
    auto writer = store.write(7);
    writer.stream() << "state";
    until_failure = good_ones;
    CHECK(scratch::contains(scratch::error_of([&] { writer.commit(scratch::any_snapshot); }),
                            "cannot sync"));
    CHECK(until_failure == -1);
  }
}
