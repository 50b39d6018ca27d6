// The disk of the simulator keeps what a real one must keep, and loses whatever that may lose.
#include "scratch.hpp"

#include "storage/simulated_disk.hpp"

#include <set>

using namespace pmmc;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;

namespace {

void put(simulated_disk& disk, const std::string& path, std::string_view bytes) {
  disk.open(path, open_for::replacing)->write_at(0, bytes);
}

/// A file that is durable, with its name.
void put_durably(simulated_disk& disk, const std::string& path, std::string_view bytes) {
  const auto file = disk.open(path, open_for::replacing);
  file->write_at(0, bytes);
  file->sync();
  disk.sync_directory("/");
}

/// "-" if there is none.
std::string content(simulated_disk& disk, const std::string& path) {
  return disk.exists(path) ? read_file(disk, path, 1 << 20) : "-";
}

void cut_power(simulated_disk& disk) {
  disk.stop();
  disk.restart(true);
}

/// What is found after `f` and a power cut, for some hundred seeds.
std::set<std::string> after_power_cuts(const std::function<void(simulated_disk&)>& f,
                                       const std::function<std::string(simulated_disk&)>& look) {
  std::set<std::string> found;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    simulated_disk disk{seed};
    f(disk);
    cut_power(disk);
    found.insert(look(disk));
  }
  return found;
}

using outcomes = std::set<std::string>;

} // namespace

TEST_CASE("simulated disk: what is written is read, and what is synced stays") {
  simulated_disk disk{1};
  CHECK(disk.make_directory("/d"));
  CHECK_FALSE(disk.make_directory("/d"));
  disk.sync_directory("/");
  const auto file = disk.open("/d/f", open_for::creating);
  file->write_at(0, "abc");
  file->write_at(5, "f");
  CHECK(file->size() == 6);
  CHECK(file->read_at(2, 100) == std::string{"c\0\0f", 4});
  file->sync_data();
  disk.sync_directory("/d");
  cut_power(disk);
  CHECK(content(disk, "/d/f") == std::string{"abc\0\0f", 6});
  CHECK(contains(error_of([&] { disk.open("/d/g", open_for::writing); }), "No such file"));
  CHECK(disk.open_if_there("/d/g") == nullptr);
}

TEST_CASE("simulated disk: a power cut keeps any part of what was not synced") {
  const auto overwrite = [](simulated_disk& disk) {
    put_durably(disk, "/f", std::string(6000, 'a'));
    disk.open("/f", open_for::writing)->write_at(0, std::string(6000, 'b'));
  };
  const auto found =
      after_power_cuts(overwrite, [](simulated_disk& disk) { return read_file(disk, "/f", 6000); });
  const auto has = [&](const std::string& bytes) { return found.contains(bytes); };
  CHECK(has(std::string(6000, 'a')));
  CHECK(has(std::string(6000, 'b')));
  CHECK(has(std::string(4096, 'b') + std::string(1904, 'a'))); // pages
  CHECK(has(std::string(4096, 'a') + std::string(1904, 'b')));
  CHECK(found.size() > 20); // and any beginning

  CHECK(after_power_cuts(
            [](simulated_disk& disk) {
              put_durably(disk, "/f", "0");
              const auto file = disk.open("/f", open_for::writing);
              file->write_at(1, "1");
              file->write_at(2, "2");
            },
            [](simulated_disk& disk) { return content(disk, "/f"); }) ==
        outcomes{"0", "01", "012", std::string{"0\0002", 3}}); // in any order
}

TEST_CASE("simulated disk: a process that dies loses nothing but what it did not do") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    simulated_disk disk{seed};
    const auto file = disk.open("/f", open_for::creating);
    file->write_at(0, "abc");
    disk.stop_after(1);
    disk.rename("/f", "/g");
    CHECK_THROWS_AS(file->write_at(3, "defg"), disk_stopped);
    CHECK_THROWS_AS(file->sync(), disk_stopped);
    CHECK_THROWS_AS(disk.remove("/g"), disk_stopped);
    disk.restart(false);
    const auto found = content(disk, "/g");
    CHECK(std::string_view{"abcdefg"}.starts_with(found));
    CHECK(found.size() >= 3);
  }
}

TEST_CASE("simulated disk: a name is as durable as its directory") {
  const auto both = [](simulated_disk& disk) { return content(disk, "/f") + content(disk, "/g"); };
  const auto create = [](simulated_disk& disk) {
    put(disk, "/f", "a");
    disk.open("/f", open_for::writing)->sync();
  };
  CHECK(after_power_cuts(create, both) == outcomes{"--", "a-"});
  CHECK(after_power_cuts(
            [](simulated_disk& disk) {
              put_durably(disk, "/f", "new");
              put_durably(disk, "/g", "old");
              disk.rename("/f", "/g");
            },
            both) == outcomes{"newold", "-new"});
  CHECK(after_power_cuts(
            [](simulated_disk& disk) {
              put_durably(disk, "/f", "new");
              rename_durably(disk, "/f", "/g");
            },
            both) == outcomes{"-new"});
  CHECK(after_power_cuts(
            [](simulated_disk& disk) {
              put_durably(disk, "/f", "1");
              put_durably(disk, "/g", "2");
              disk.remove("/f");
              disk.remove("/g");
            },
            both) == outcomes{"12", "1-", "-2", "--"}); // in any order
}

TEST_CASE("simulated disk: after a sync that failed, the next one is good and says nothing") {
  const auto found = after_power_cuts(
      [](simulated_disk& disk) {
        put_durably(disk, "/f", "old");
        const auto file = disk.open("/f", open_for::writing);
        file->write_at(0, "new");
        disk.fail_sync(false);
        CHECK(contains(error_of([&] { file->sync(); }), "cannot sync /f: Input/output error"));
        CHECK(content(disk, "/f") == "new");
        file->sync();
      },
      [](simulated_disk& disk) { return content(disk, "/f"); });
  CHECK(found == outcomes{"old", "new"});

  simulated_disk disk{1};
  disk.fail_sync(true);
  for (int i = 0; i < 3; ++i)
    CHECK(contains(error_of([&] { disk.sync_directory("/"); }), "cannot sync"));
  CHECK_FALSE(disk.is_sound());
  disk.mend_errors();
  CHECK(disk.is_sound());
  disk.sync_directory("/");
}

TEST_CASE("simulated disk: a full one takes a part, and says so") {
  simulated_disk disk{1};
  put(disk, "/f", "abc");
  disk.fill_up(2);
  const auto file = disk.open("/f", open_for::writing);
  file->write_at(0, "xyz"); // needs no room
  CHECK(contains(error_of([&] { file->write_at(2, "zuvw"); }), "No space left on device"));
  CHECK(content(disk, "/f") == "xyzuv");
  disk.mend_errors();
  file->write_at(5, "w");
  CHECK(content(disk, "/f") == "xyzuvw");
}

TEST_CASE("simulated disk: a bit that was flipped is mended") {
  simulated_disk disk{3};
  put_durably(disk, "/f", std::string{"abc\0\0", 5});
  CHECK(disk.flip_bit() == "f");
  CHECK(content(disk, "/f") != std::string{"abc\0\0", 5});
  CHECK(content(disk, "/f").substr(3) == std::string(2, '\0'));
  cut_power(disk);
  disk.mend_flips();
  CHECK(content(disk, "/f") == std::string{"abc\0\0", 5});
}

TEST_CASE("simulated disk: what went wrong is counted where it hit") {
  simulated_disk::tally all;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    simulated_disk disk{seed};
    put_durably(disk, "/f", std::string(6000, 'a'));
    put_durably(disk, "/new", "n");
    cut_power(disk);
    CHECK(disk.hits().writes_lost + disk.hits().names_lost + disk.hits().renames_lost == 0);
    disk.open("/f", open_for::writing)->write_at(0, std::string(6000, 'b'));
    disk.rename("/new", "/f2");
    disk.remove("/f2");
    cut_power(disk);
    const auto& hits = disk.hits();
    const auto left = content(disk, "/f");
    CHECK(hits.writes_lost == (left == std::string(6000, 'a')));
    CHECK(hits.writes_torn == (left.find('a') != left.npos && left.find('b') != left.npos));
    CHECK(hits.renames_lost + hits.names_lost <= 2);
    all.renames_lost += hits.renames_lost;
    all.names_lost += hits.names_lost;
  }
  CHECK(all.renames_lost > 0);
  CHECK(all.names_lost > 0);

  simulated_disk disk{1};
  put_durably(disk, "/f", "abc");
  disk.flip_bit();
  CHECK(disk.hits().flips_read == 0);
  content(disk, "/f");
  content(disk, "/f");
  CHECK(disk.hits().flips_read == 1);
  disk.fill_up(0);
  disk.fail_sync(false);
  CHECK(disk.hits().writes_without_room + disk.hits().syncs_failed_once == 0);
  CHECK_THROWS_AS(disk.sync_directory("/"), storage_error);
  CHECK_THROWS_AS(put(disk, "/g", "x"), storage_error);
  disk.fail_sync(true);
  CHECK_THROWS_AS(disk.sync_directory("/"), storage_error);
  CHECK_THROWS_AS(disk.sync_directory("/"), storage_error);
  CHECK(disk.hits().writes_without_room == 1);
  CHECK(disk.hits().syncs_failed_once == 1);
  CHECK(disk.hits().syncs_failed_for_good == 2);
}

TEST_CASE("simulated disk: a file is locked once, until its process dies") {
  simulated_disk disk{1};
  auto held = disk.try_lock("/LOCK");
  REQUIRE(held);
  CHECK(disk.lock_holder("/LOCK") == 0);
  CHECK_FALSE(disk.try_lock("/LOCK"));
  held.reset();
  CHECK(disk.lock_holder("/LOCK") == -1);
  CHECK(disk.try_lock("/LOCK"));
}
