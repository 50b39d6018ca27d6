// A replica's snapshot is whole and durable, or it is not there; damage is told, never passed on.
#include "scratch.hpp"

#include "storage/bytes.hpp"
#include "storage/checksum.hpp"
#include "storage/format_file.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_store.hpp"

#include <random>

using namespace pmmc;
using namespace pmmc::storage;
using scratch::any_snapshot;
using scratch::contains;
using scratch::error_of;
namespace fs = std::filesystem;

namespace {

std::string random_bytes(std::size_t size) {
  std::mt19937_64 random{size};
  std::string bytes;
  while (bytes.size() < size)
    bytes.push_back(static_cast<char>(random()));
  return bytes;
}

void save(const snapshot_store& store, slot_num slot, const std::string& bytes) {
  auto writer = store.write(slot);
  writer.stream() << bytes;
  writer.commit(any_snapshot);
}

std::string load(const snapshot_store& store, slot_num slot) {
  auto reader = store.read(slot);
  std::string bytes{std::istreambuf_iterator<char>{reader.stream()}, {}};
  CHECK(reader.finish() == bytes.size());
  return bytes;
}

/// A formatted replica's directory with an open store.
struct replica_fixture {
  explicit replica_fixture(const fs::path& path)
      : directory(
            (scratch::format(path, role_kind::replica), scratch::open(path, role_kind::replica))),
        store(directory), folder(path / "snapshots") {}

  data_directory directory;
  snapshot_store store;
  fs::path folder;
};

} // namespace

TEST_CASE("what was written is read, whatever its size") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  CHECK_FALSE(r.store.latest().has_value());
  slot_num slot = 0;
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    const auto bytes = random_bytes(size);
    save(r.store, ++slot, bytes);
    CHECK(r.store.latest() == slot);
    CHECK(load(r.store, slot) == bytes);
  }
}

TEST_CASE("formatted output, small writes and flushes go through the stream too") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  auto writer = r.store.write(9);
  for (int i = 0; i < 20000; ++i)
    writer.stream() << i << '\n' << std::flush;
  writer.commit(any_snapshot);
  auto reader = r.store.read(9);
  int value = -1;
  for (int i = 0; i < 20000; ++i) {
    reader.stream() >> value;
    REQUIRE(value == i);
  }
  reader.finish();
}

TEST_CASE("without commit nothing is left; what a crash left goes at the next open") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  {
    auto writer = r.store.write(5);
    writer.stream() << random_bytes(100000);
  }
  CHECK(r.store.list().empty());
  CHECK(scratch::files_in(r.folder) == std::vector<fs::path>{"NEWEST"});
  scratch::overwrite(r.folder / "unfinished-1.tmp", "half");
  const snapshot_store again{r.directory};
  CHECK(scratch::files_in(r.folder) == std::vector<fs::path>{"NEWEST"});
}

TEST_CASE("the newest two are kept") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  for (const slot_num slot : {9, 10, 100, 1000}) { // not in the order of their names
    save(r.store, slot, "state");
    r.store.remove_older();
  }
  CHECK(r.store.list() == std::vector<slot_num>{100, 1000});
  r.store.remove_older(0); // never the last one
  CHECK(r.store.list() == std::vector<slot_num>{1000});
}

TEST_CASE("any damage of a snapshot is found before the reader comes to its end") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  const auto bytes = random_bytes(150000);
  save(r.store, 3, bytes);
  const auto file = r.folder / "snapshot-3";
  const auto good = scratch::contents(file);
  const auto error = [&] { return error_of([&] { load(r.store, 3); }); };
  std::mt19937_64 random{1};
  for (int i = 0; i < 300; ++i) {
    const auto offset = i < 100   ? i
                        : i < 200 ? good.size() - 1 - (i - 100)
                                  : random() % good.size();
    auto bad = good;
    bad[offset] = static_cast<char>(bad[offset] ^ 1 << i % 8);
    scratch::overwrite(file, bad);
    CHECK_MESSAGE(contains(error(), "snapshot-3"), "flipped a bit of byte " << offset);
    scratch::overwrite(file, good.substr(0, offset));
    CHECK_MESSAGE(contains(error(), "pmmc init"), "truncated to " << offset << " bytes");
  }
  scratch::overwrite(file, good + "x");
  CHECK(contains(error(), "goes on after its end"));
}

TEST_CASE("chunks in another order, of another snapshot or cluster, are refused") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  save(r.store, 3, std::string(65536, 'a') + std::string(65536, 'b'));
  const auto file = r.folder / "snapshot-3";
  auto bytes = scratch::contents(file);
  constexpr std::size_t chunk = 65536 + 12;
  const auto begin = bytes.size() - 28 - 2 * chunk;
  const auto first = bytes.substr(begin, chunk);
  bytes.replace(begin, chunk, bytes.substr(begin + chunk, chunk));
  bytes.replace(begin + chunk, chunk, first);
  scratch::overwrite(file, bytes);
  CHECK(contains(error_of([&] { load(r.store, 3); }), "chunk 1"));
  fs::rename(file, r.folder / "snapshot-4");
  CHECK(contains(error_of([&] { load(r.store, 4); }), "header"));
}

TEST_CASE("a snapshot of another format is told from a damaged one, wherever it comes from") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  save(r.store, 3, "state");
  const auto file = r.folder / "snapshot-3";
  auto bytes = scratch::contents(file);
  constexpr std::size_t version_at = 11; // its last byte
  bytes[version_at] ^= 1;
  scratch::overwrite(file, bytes);
  CHECK(contains(error_of([&] { load(r.store, 3); }), "its header is damaged"));

  const auto checked = snapshot_header(r.directory.info().cluster, 3).size() - 8;
  auto header = bytes.substr(0, checked);
  put_u64(header, checksum(header));
  bytes.replace(0, header.size(), header);
  scratch::overwrite(file, bytes);
  const auto other = "it has format version " + std::to_string(storage_format_version ^ 1);
  const auto error = error_of([&] { load(r.store, 3); });
  CHECK(contains(error, other));
  CHECK(contains(error, "reads version " + std::to_string(storage_format_version) +
                            "; run the program that wrote it"));

  replica_fixture to{tmp / "r2"};
  auto receiver = to.store.receive(3, bytes.size());
  receiver.append(0, bytes);
  CHECK_FALSE(receiver.commit(any_snapshot));
  CHECK(contains(receiver.problem(), other));
}

TEST_CASE("a newest snapshot that is missing is told; an older one does not take its place") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  save(r.store, 10, "old");
  save(r.store, 20, "new");
  fs::remove(r.folder / "snapshot-20");
  const auto error = error_of([&] { snapshot_store{r.directory}; });
  CHECK(contains(error, "snapshot-20"));
  CHECK(contains(error, "move the directory away"));
  fs::remove(r.folder / "NEWEST");
  CHECK(contains(error_of([&] { snapshot_store{r.directory}; }), "missing"));
}

TEST_CASE("the newest stays the newest, whatever is published after it") {
  scratch::directory tmp;
  {
    replica_fixture r{tmp / "r1"};
    save(r.store, 60, "newest");
    save(r.store, 50, "older, and later");
    fs::remove(r.folder / "snapshot-60");
  }
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  CHECK(contains(error_of([&] { snapshot_store{directory}; }), "snapshot-60"));
}

TEST_CASE("what cannot be read back is never seen") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  save(r.store, 5, "good");
  const auto refuse = [](snapshot_reader& s) { s.refuse("it is none"); };
  auto writer = r.store.write(9);
  writer.stream() << "no state";
  CHECK(contains(error_of([&] { writer.commit(refuse); }), "it is none"));
  const auto file = scratch::contents(r.folder / "snapshot-5");
  auto receiver = r.store.receive(5, file.size());
  receiver.append(0, file);
  CHECK_FALSE(receiver.commit(refuse));
  CHECK(contains(receiver.problem(), "it is none"));
  CHECK(r.store.list() == std::vector<slot_num>{5});
  CHECK(load(r.store, 5) == "good");
}

TEST_CASE("a snapshot goes to another replica in pieces that come twice, late and early") {
  scratch::directory tmp;
  replica_fixture from{tmp / "r1"};
  replica_fixture to{tmp / "r2"};
  const auto bytes = random_bytes(200000);
  save(from.store, 77, bytes);
  const auto total = from.store.read_raw(77, 0, 0)->total;
  {
    auto receiver = to.store.receive(77, total);
    CHECK_FALSE(receiver.append(5, "early"));
    while (!receiver.complete()) {
      const auto offset = receiver.offset();
      const auto piece = from.store.read_raw(77, offset - offset / 3, 30000 + offset / 3);
      CHECK(piece->total == total);
      CHECK(receiver.append(offset - offset / 3, piece->bytes));
      CHECK_FALSE(receiver.append(offset, "late"));
    }
    CHECK_FALSE(to.store.latest().has_value());
    CHECK(receiver.commit(any_snapshot));
  }
  CHECK(to.store.latest() == 77);
  CHECK(load(to.store, 77) == bytes);
  CHECK(from.store.read_raw(77, total, 10)->bytes.empty());
  CHECK_FALSE(from.store.read_raw(78, 0, 10).has_value());
}

TEST_CASE("pieces that came are gone on with after a restart, unless a newer snapshot is whole") {
  scratch::directory tmp;
  replica_fixture from{tmp / "r1"};
  replica_fixture to{tmp / "r2"};
  const auto bytes = random_bytes(200000);
  save(from.store, 77, bytes);
  const auto raw = from.store.read_raw(77, 0, 1 << 20)->bytes;
  to.store.receive(60, raw.size()).append(0, raw.substr(0, 5));
  to.store.receive(77, raw.size()).append(0, raw.substr(0, 90000));

  const snapshot_store again{to.directory};
  CHECK_FALSE(again.latest().has_value());
  auto part = again.unfinished();
  REQUIRE(part.has_value());
  CHECK(part->slot() == 77);
  CHECK(part->total() == raw.size());
  CHECK(part->offset() == 90000);
  CHECK(part->append(90000, raw.substr(90000)));
  CHECK(part->commit(any_snapshot));
  CHECK(load(again, 77) == bytes);
  CHECK_FALSE(again.unfinished().has_value());

  again.receive(76, raw.size()).append(0, raw.substr(0, 9));
  const snapshot_store restarted{to.directory};
  CHECK_FALSE(restarted.unfinished().has_value());
  CHECK(scratch::files_in(to.folder).size() == 2); // NEWEST and the snapshot
}

TEST_CASE("pieces that a power cut spoiled are thrown away when the last one has come") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  save(r.store, 7, random_bytes(70000));
  const auto raw = r.store.read_raw(7, 0, 1 << 20)->bytes;
  r.store.receive(9, raw.size()).append(0, std::string(40000, '\0'));
  auto part = r.store.unfinished();
  REQUIRE(part.has_value());
  CHECK(part->append(40000, raw.substr(40000)));
  CHECK_FALSE(part->commit(any_snapshot));
  CHECK(r.store.receive(9, raw.size()).offset() == 0);
}

TEST_CASE("what is received damaged, or of another slot, never becomes a snapshot") {
  scratch::directory tmp;
  replica_fixture r{tmp / "r1"};
  save(r.store, 7, random_bytes(70000));
  auto raw = r.store.read_raw(7, 0, 1 << 20)->bytes;
  auto other_slot = r.store.receive(8, raw.size());
  CHECK(other_slot.append(0, raw + "more than was agreed"));
  CHECK(other_slot.complete());
  CHECK_FALSE(other_slot.commit(any_snapshot));
  raw[40000] ^= 1;
  auto damaged = r.store.receive(9, raw.size());
  CHECK(damaged.append(0, raw));
  CHECK_FALSE(damaged.commit(any_snapshot));
  CHECK(r.store.list() == std::vector<slot_num>{7});
  CHECK(scratch::files_in(r.folder).size() == 2);
}

TEST_CASE(
    "a full disk while a snapshot is written is told out of the stream, and nothing is left") {
  scratch::directory tmp;
  const scratch::small_disk disk{tmp / "disk", "512k"};
  if (!disk.is_mounted()) {
    MESSAGE("skipped: a file system of 512 KiB cannot be mounted here");
    return;
  }
  replica_fixture r{tmp / "disk/r1"};
  save(r.store, 1, "good");
  const auto error = error_of([&] { save(r.store, 2, random_bytes(1 << 20)); });
  CHECK(contains(error, "No space left"));
  CHECK(contains(error, "make room"));
  CHECK(r.store.list() == std::vector<slot_num>{1});
  CHECK(load(r.store, 1) == "good");
}
