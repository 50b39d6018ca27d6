// Any file of an acceptor's directory may vanish, shrink or rot: the acceptor comes back with
// exactly what it acknowledged, or not at all. And a record torn by a crash, never acknowledged,
// does no harm.
#include "scratch.hpp"

#include "acceptor_fixture.hpp"
#include "storage/acceptor_db.hpp"

#include <random>

using namespace pmmc;
using namespace pmmc::storage;
using scratch::error_of;
namespace fs = std::filesystem;

namespace {

struct outcome {
  bool refused = false;
  bool exact = false;
  std::string error;
};

outcome reopen(const fs::path& dir, const acceptor_state& acknowledged) {
  outcome result;
  result.error = error_of([&] {
    const auto directory = scratch::open(dir, role_kind::acceptor);
    acceptor_store store{directory};
    result.exact = equal(store.take_recovered(), acknowledged);
  });
  result.refused = !result.error.empty();
  return result;
}

/// Damages a copy of `original` and demands one of the two legal outcomes. Returns whether refused.
bool survives(const fs::path& original, const acceptor_state& acknowledged, const std::string& what,
              const std::function<void(const fs::path&)>& damage) {
  scratch::directory tmp;
  fs::copy(original, tmp / "a1", fs::copy_options::recursive);
  damage(tmp / "a1");
  const auto result = reopen(tmp / "a1", acknowledged);
  CHECK_MESSAGE((result.refused || result.exact), what);
  if (result.refused) {
    INFO(what << ": " << result.error);
    CHECK(scratch::contains(result.error, "; "));    // says what to do next
    CHECK(reopen(tmp / "a1", acknowledged).refused); // and does not come round
  }
  return result.refused;
}

/// How many of the damages of each sort were refused, to show that the tests bite.
struct tally {
  int deleted = 0;
  int truncated = 0;
  int flipped = 0;
};

tally damage_everything(const fs::path& original, const acceptor_state& acknowledged) {
  std::mt19937_64 random{7};
  tally refused;
  for (const auto& file : scratch::files_in(original)) {
    const auto name = file.string();
    const auto size = fs::file_size(original / file);
    refused.deleted += survives(original, acknowledged, "deleted " + name,
                                [&](const fs::path& copy) { fs::remove(copy / file); });
    for (const auto keep : {size * 0, size / 2, size - std::min<std::uintmax_t>(size, 1)})
      refused.truncated +=
          survives(original, acknowledged, "truncated " + name + " to " + std::to_string(keep),
                   [&](const fs::path& copy) { fs::resize_file(copy / file, keep); });
    for (int i = 0; i < 12 && size > 0; ++i) {
      const auto offset = i == 11 ? size - 1 : random() % size;
      refused.flipped += survives(original, acknowledged,
                                  "flipped a bit of " + name + " at " + std::to_string(offset),
                                  [&](const fs::path& copy) {
                                    auto bytes = scratch::contents(copy / file);
                                    bytes[offset] = static_cast<char>(bytes[offset] ^ 1 << i % 8);
                                    scratch::overwrite(copy / file, bytes);
                                  });
    }
  }
  return refused;
}

fs::path find_manifest(const fs::path& dir) {
  for (const auto& file : scratch::files_in(dir / "db"))
    if (file.string().starts_with("MANIFEST"))
      return file;
  return {};
}

fs::path newest_log(const fs::path& dir) {
  fs::path newest;
  for (const auto& file : scratch::files_in(dir / "db"))
    if (file.extension() == ".log" && file > newest)
      newest = file;
  return dir / "db" / newest;
}

} // namespace

TEST_CASE("any damage of a young acceptor, all of it in the log, is refused or harmless") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 20; ++slot)
    a.write({accept_record{1, {{slot, "l1"}, slot, command{"value " + std::to_string(slot)}}}});
  a.write({collect_record{4}, promise_record{2, {9, "l2"}}});
  a.stop();
  const auto refused = damage_everything(tmp / "a1", a.acknowledged);
  CHECK(refused.deleted >= 5); // FORMAT, acknowledged, CURRENT, MANIFEST, log
  CHECK(refused.truncated >= 10);
  CHECK(refused.flipped >= 10);
}

TEST_CASE("any damage of an acceptor with tables and a log is refused or harmless") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 60; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(60000, 'a' + slot % 26)}}}});
  a.restart(); // puts the log into a table
  for (slot_num slot = 61; slot <= 70; ++slot)
    a.write({accept_record{1, {{2, "l1"}, slot, command{"late"}}}});
  a.write({collect_record{30}});
  a.stop();
  const auto refused = damage_everything(tmp / "a1", a.acknowledged);
  CHECK(refused.deleted >= 6);
  CHECK(refused.flipped >= 20);
}

TEST_CASE("a log cut at any place loses acknowledged records, so it is refused; bytes beyond do no "
          "harm") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 3; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{"v"}}}});
  a.stop();
  const auto size = fs::file_size(newest_log(tmp / "a1"));
  for (std::uintmax_t keep = 0; keep < size; keep += 5)
    CHECK(survives(tmp / "a1", a.acknowledged, "cut to " + std::to_string(keep),
                   [&](const fs::path& copy) { fs::resize_file(newest_log(copy), keep); }));
}

TEST_CASE("a record torn by a crash before it was acknowledged is dropped without a word") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({promise_record{1, {1, "l1"}}});
  a.restart(); // so that the log holds nothing but the torn record
  const auto acknowledged = a.acknowledged;
  a.write({accept_record{1, {{1, "l1"}, 5, command{"torn"}}}});
  a.stop();
  scratch::overwrite(tmp / "a1/acknowledged", a.mark_before_last_write);
  const auto whole = fs::file_size(newest_log(tmp / "a1"));
  REQUIRE(whole > 0);
  for (std::uintmax_t keep = 0; keep < whole; keep += 3)
    CHECK_FALSE(survives(tmp / "a1", acknowledged, "torn at " + std::to_string(keep),
                         [&](const fs::path& copy) { fs::resize_file(newest_log(copy), keep); }));
}

TEST_CASE("after a power cut the mark may lag: more than it tells is recovered, not refused") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  const auto old_mark = scratch::contents(tmp / "a1/acknowledged");
  for (slot_num slot = 1; slot <= 10; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{"v"}}}});
  a.stop();
  scratch::overwrite(tmp / "a1/acknowledged", old_mark);
  CHECK(reopen(tmp / "a1", a.acknowledged).exact);
}

TEST_CASE("a database put back from an old copy is refused") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  a.write({promise_record{1, {1, "l1"}}});
  a.stop();
  fs::copy(tmp / "a1/db", tmp / "old", fs::copy_options::recursive);
  a.start();
  a.write({promise_record{1, {2, "l1"}}});
  a.stop();
  fs::remove_all(tmp / "a1/db");
  fs::rename(tmp / "old", tmp / "a1/db");
  const auto result = reopen(tmp / "a1", a.acknowledged);
  CHECK(scratch::contains(result.error, "records that were acknowledged are missing"));
  CHECK(scratch::contains(result.error, "must not vote"));
}

TEST_CASE("damage in the middle of the log is refused even when the mark lags") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  const auto old_mark = scratch::contents(tmp / "a1/acknowledged");
  for (slot_num slot = 1; slot <= 10; ++slot)
    a.write({accept_record{1, {{1, "l1"}, slot, command{"value " + std::to_string(slot)}}}});
  a.stop();
  scratch::overwrite(tmp / "a1/acknowledged", old_mark);
  const auto log = newest_log(tmp / "a1");
  auto bytes = scratch::contents(log);
  bytes[bytes.find("value 5")] ^= 1;
  scratch::overwrite(log, bytes);
  CHECK(reopen(tmp / "a1", a.acknowledged).refused);
}

TEST_CASE("records that the database lost, or has from another time, are missed by the digest") {
  const auto lose = [](rocksdb::DB& db) { return db.Delete({}, pvalue_key(1, 3)); };
  const auto go_back = [](rocksdb::DB& db) {
    return db.Put({}, pvalue_key(1, 3), encode(pvalue{{1, "l1"}, 3, command{"old"}}));
  };
  const auto break_promise = [](rocksdb::DB& db) {
    return db.Put({}, ballot_key(1), encode(ballot_num{1, "l1"}));
  };
  using damage_function = std::function<rocksdb::Status(rocksdb::DB&)>;
  for (const auto& damage : std::vector<damage_function>{lose, go_back, break_promise}) {
    scratch::directory tmp;
    acceptor_fixture a{tmp / "a1"};
    for (slot_num slot = 1; slot <= 5; ++slot)
      a.write({accept_record{1, {{2, "l1"}, slot, command{"v"}}}});
    a.stop();
    CHECK(damage(*open_acceptor_db(tmp / "a1/db", db_mode::read_write)).ok());
    CHECK(scratch::contains(reopen(tmp / "a1", a.acknowledged).error, "do not add up"));
  }
}

TEST_CASE("a damaged table of contents is refused, and the directory stays as it was found") {
  scratch::directory tmp;
  acceptor_fixture a{tmp / "a1"};
  for (slot_num slot = 1; slot <= 50; ++slot) // several tables
    a.write({accept_record{1, {{1, "l1"}, slot, command{std::string(200000, 'v')}}}});
  a.stop();
  const auto manifest = "db" / find_manifest(tmp / "a1");
  for (auto keep = fs::file_size(tmp / "a1" / manifest); keep > 0;
       keep -= std::min<std::uintmax_t>(keep, 60)) {
    scratch::directory copy;
    fs::copy(tmp / "a1", copy / "a1", fs::copy_options::recursive);
    fs::resize_file(copy / "a1" / manifest, keep);
    const auto result = reopen(copy / "a1", a.acknowledged);
    CHECK((result.refused || result.exact));
    if (!result.refused)
      continue;
    // It stays as it was found, so that the file can be put back.
    fs::copy_file(tmp / "a1" / manifest, copy / "a1" / manifest,
                  fs::copy_options::overwrite_existing);
    CHECK(reopen(copy / "a1", a.acknowledged).exact);
  }
}
