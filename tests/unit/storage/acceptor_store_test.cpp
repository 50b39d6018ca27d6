// What an acceptor wrote is what it recovers, in bounded space, and a full disk is told of.
#include "scratch.hpp"

#include "acceptor_fixture.hpp"
#include "log_fixture.hpp"

#include <random>

using namespace pmmc;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;
namespace fs = std::filesystem;

TEST_CASE("a new acceptor has promised nothing") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  CHECK(a.recovered.by_version.empty());
  CHECK(a.recovered.watermark == 1);
  a.write({});
  a.restart();
}

TEST_CASE("promises, pvalues of several configurations and no-ops come back") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({promise_record{1, {3, "l1"}}});
  a.write({accept_record{1, {{3, "l1"}, 1, command{"one"}}},
           accept_record{1, {{3, "l1"}, 2, command{}}}, promise_record{2, {1, "l2"}},
           accept_record{2, {{4, "l2"}, 900, command{std::string("\0\xff", 2)}}}});
  a.restart();
  CHECK(a.recovered.by_version.at(1).accepted.at(2).value.is_noop());
  CHECK(a.recovered.by_version.at(2).ballot == ballot_num{4, "l2"});
  a.write({accept_record{1, {{5, "l2"}, 1, command{"another one"}}}}); // a higher ballot replaces
  a.stop();
  a.start();
  CHECK(a.recovered.by_version.at(1).accepted.at(1).value == command{"another one"});
}

TEST_CASE("what was collected stays away, through restarts and crashes") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 50; ++slot)
    a.write({accept_record{slot <= 25 ? 1u : 2u, {{1, "l1"}, slot, command{"v"}}}});
  a.write({collect_record{20}, accept_record{2, {{1, "l1"}, 51, command{"w"}}}});
  a.restart();
  CHECK(a.recovered.watermark == 20);
  CHECK(a.recovered.by_version.at(1).accepted.size() == 6);
  a.write({collect_record{40}, collect_record{45}, collect_record{44}});
  a.stop();
  a.start();
  CHECK(a.recovered.by_version.at(1).accepted.empty());
  CHECK(a.recovered.by_version.at(2).accepted.begin()->first == 45);
}

TEST_CASE("a thousand random histories end as they should") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  std::mt19937_64 random{42};
  std::uint64_t seqnum = 1;
  for (int step = 0; step < 1000; ++step) {
    std::vector<acceptor_record> records;
    const auto watermark = a.acknowledged.watermark;
    for (auto count = random() % 4; count-- > 0;)
      switch (random() % 8) {
      case 0:
        records.push_back(promise_record{1 + random() % 2, {++seqnum, "l1"}});
        break;
      default:
        records.push_back(accept_record{1 + random() % 2,
                                        {{++seqnum, "l2"},
                                         watermark + random() % 40,
                                         command{std::string(random() % 5000, 'x')}}});
      }
    if (random() % 10 == 0)
      records.push_back(collect_record{watermark + random() % 10});
    a.write(records);
    if (random() % 100 == 0)
      a.restart();
  }
}

TEST_CASE("the disk holds what is live and a few segments, however much went through it") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  std::uint64_t most = 0;
  for (slot_num slot = 1; slot <= 400000;) {
    std::vector<acceptor_record> records;
    for (int i = 0; i < 100; ++i, ++slot)
      records.push_back(accept_record{1, {{1, "l1"}, slot, command{std::string(200, 'v')}}});
    if (slot % 2000 == 1 && slot > 2000)
      records.push_back(collect_record{slot - 1000});
    a.write(records);
    if (slot % 10000 == 1)
      most = std::max(most, disk_bytes(tmp / "a1"));
  }
  CHECK(most <= 3 * segment_sizes{}.usual_bytes);
  a.restart();
}

TEST_CASE("segments that were given back are used again, and what is left in them is not read") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  const auto write = [&](slot_num slot, std::size_t bytes) {
    a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(bytes, 'v')}}}});
  };
  slot_num slot = 1;
  while (slot <= 80)
    write(slot++, 300000);
  a.write({collect_record{slot}});
  for (int i = 0; i < 10; ++i)
    write(slot++, 10); // each gives back one
  REQUIRE(scratch::spares(tmp / "a1").size() >= 3);
  a.restart(); // knows its spares
  const auto newest = scratch::newest_log(tmp / "a1");
  while (scratch::newest_log(tmp / "a1") == newest) {
    write(slot++, 100000);
    a.restart();
  }
  CHECK(scratch::used_bytes(scratch::newest_log(tmp / "a1")) > 1000000); // of its earlier use
  for (int i = 0; i < 5; ++i) {
    write(slot++, 10 + 10000 * i);
    a.restart();
  }
}

TEST_CASE("where nothing is collected, what newer ballots replaced does not pile up") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({accept_record{1, {{1, "l1"}, 1, command{"the oldest"}}}, promise_record{3, {7, "l3"}}});
  for (std::uint64_t seqnum = 1; seqnum <= 60; ++seqnum)
    for (slot_num slot = 2; slot <= 30; ++slot)
      a.write({accept_record{2, {{seqnum, "l1"}, slot, command{std::string(100000, 'v')}}}});
  constexpr std::uint64_t live = 29 * 100000;
  CHECK(disk_bytes(tmp / "a1") <= 2 * live + 11 * segment_sizes{}.usual_bytes);
  a.restart();
}

TEST_CASE("a write that is larger than a segment gets one of its size") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({accept_record{1, {{1, "l1"}, 1, command{std::string(20 << 20, 'v')}}}});
  a.write({accept_record{1, {{1, "l1"}, 2, command{"small"}}}});
  a.restart();
  a.write({collect_record{3}});
  for (slot_num slot = 3; slot <= 9; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(1 << 20, 'v')}}}});
  CHECK(disk_bytes(tmp / "a1") <= 4 * segment_sizes{}.usual_bytes);
  a.restart();
}

TEST_CASE("a left-over file or a segment that cannot be removed or renamed is named") {
  scratch::directory tmp;
  const auto block = [](const fs::path& path) { fs::create_directories(path / "in the way"); };
  {
    acceptor_fixture a{tmp / "a1"};
    a.stop();
    block(tmp / "a1/log/new.tmp");
    CHECK(contains(error_of([&] { a.start(); }),
                   "cannot remove " + (tmp / "a1/log/new.tmp").string()));
  }
  acceptor_fixture a{tmp / "a2"};
  slot_num slot = 1;
  const auto write = [&] {
    a.write({accept_record{1, {{1, "l1"}, slot++, command{std::string(1 << 20, 'v')}}}});
  };
  const auto oldest = [&] { return scratch::segments(tmp / "a2").front(); };
  while (fs::file_size(oldest()) < segment_sizes{}.usual_bytes) {
    write();
    a.write({collect_record{slot}});
  }
  const auto spare = fs::path{oldest()}.replace_extension(".spare");
  block(spare);
  CHECK(contains(error_of([&] {
                   for (int i = 0; i < 10; ++i) {
                     write();
                     a.write({collect_record{slot}});
                   }
                 }),
                 "to " + spare.string() + ": "));
}

TEST_CASE("a full disk: write() says so and stays failed; with room again all that was "
          "acknowledged is there") {
  scratch::directory tmp;
  const scratch::small_disk disk{tmp / "disk", "1m"};
  if (!disk.is_mounted()) {
    MESSAGE("skipped: a file system of 1 MiB cannot be mounted here");
    return;
  }
  acceptor_fixture a{tmp / "disk/a1"};
  const auto fill = [&] {
    for (slot_num slot = 1; slot <= 1000; ++slot)
      a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(10000, 'f')}}}});
  };
  const auto error = error_of(fill);
  CHECK(contains(error, "No space left"));
  CHECK(contains(error, "make room"));
  CHECK(a.acknowledged.by_version.at(1).accepted.size() > 10);
  const auto again = error_of([&] { a.write({promise_record{1, {2, "l1"}}}); });
  CHECK(contains(again, "an earlier write failed"));
  a.restart(); // for which there is room; checks that it recovers what was acknowledged
  CHECK(contains(error_of(fill), "No space left"));
  a.stop();
  REQUIRE(disk.grow("16m"));
  a.start();
  a.write({promise_record{1, {2, "l1"}}});
}
