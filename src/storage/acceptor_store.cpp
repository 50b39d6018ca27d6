#include "storage/acceptor_store.hpp"

#include "invariant.hpp"
#include "storage/acceptor_db.hpp"
#include "storage/mark_file.hpp"

#include <optional>

#include <rocksdb/convenience.h>
#include <rocksdb/write_batch.h>

namespace pmmc::storage {

namespace {

std::filesystem::path db_path(const std::filesystem::path& dir) { return dir / "db"; }
std::filesystem::path mark_path(const std::filesystem::path& dir) { return dir / "acknowledged"; }

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

} // namespace

struct acceptor_store::implementation {
  explicit implementation(const std::filesystem::path& dir);
  ~implementation();

  void write(std::span<const acceptor_record> records);
  void add(rocksdb::WriteBatch& batch, const promise_record& r);
  void add(rocksdb::WriteBatch& batch, const accept_record& r);
  void add(rocksdb::WriteBatch& batch, const collect_record& r);
  void set_ballot(rocksdb::WriteBatch& batch, config_version version, const ballot_num& ballot);
  void give_space_back();

  std::filesystem::path path;
  mark_file acknowledged;
  std::unique_ptr<rocksdb::DB> db;
  acceptor_state recovered;
  acceptor_digest digest;
  write_mark mark;
  slot_num watermark = 1;
  std::map<config_version, ballot_num> ballots;
  bool collected = false; ///< by the write at hand
  bool failed = false;
};

acceptor_store::implementation::implementation(const std::filesystem::path& dir)
    : path(db_path(dir)), acknowledged(mark_path(dir)) {
  const auto told = mark_file::read(mark_path(dir));
  // RocksDB tidies up when it opens for writing. So look first: what is refused stays as it was.
  load_acceptor(*open_acceptor_db(path, db_mode::read_only), path, told);
  db = open_acceptor_db(path, db_mode::read_write);
  auto loaded = load_acceptor(*db, path, told);
  recovered = std::move(loaded.state);
  digest = std::move(loaded.digest);
  mark = loaded.mark;
  watermark = recovered.watermark;
  for (const auto& [version, votes] : recovered.by_version)
    ballots[version] = votes.ballot;
  acknowledged.put(mark);
  acknowledged.sync();
}

acceptor_store::implementation::~implementation() {
  if (failed)
    return;
  try {
    acknowledged.sync();
  } catch (const storage_error&) {
    // The file is a lower bound, so one that lags is good enough.
  }
}

void acceptor_store::implementation::set_ballot(rocksdb::WriteBatch& batch, config_version version,
                                                const ballot_num& ballot) {
  const auto [held, is_new] = ballots.try_emplace(version);
  PMMC_INVARIANT(ballot >= held->second, "A1: ballot_num only grows");
  if (!is_new && held->second == ballot)
    return;
  held->second = ballot;
  const auto value = encode(ballot);
  batch.Put(ballot_key(version), value);
  digest.set_ballot(version, value);
}

void acceptor_store::implementation::add(rocksdb::WriteBatch& batch, const promise_record& r) {
  set_ballot(batch, r.version, r.ballot);
}

void acceptor_store::implementation::add(rocksdb::WriteBatch& batch, const accept_record& r) {
  PMMC_INVARIANT(r.value.slot >= watermark, "A3: nothing is accepted below the watermark");
  set_ballot(batch, r.version, r.value.ballot);
  const auto value = encode(r.value);
  batch.Put(pvalue_key(r.version, r.value.slot), value);
  digest.set_pvalue(r.version, r.value.slot, value);
}

void acceptor_store::implementation::add(rocksdb::WriteBatch& batch, const collect_record& r) {
  if (r.watermark <= watermark)
    return;
  // From the old watermark on, so that the deleted ranges never overlap.
  for (const auto& [version, ballot] : ballots)
    batch.DeleteRange(pvalue_key(version, watermark), pvalue_key(version, r.watermark));
  watermark = r.watermark;
  batch.Put(slice(watermark_key), encode_slot(watermark));
  digest.set_watermark(watermark);
  collected = true;
}

void acceptor_store::implementation::write(std::span<const acceptor_record> records) {
  rocksdb::WriteBatch batch;
  collected = false;
  for (const auto& record : records)
    std::visit([&](const auto& r) { add(batch, r); }, record);
  mark = {mark.writes + 1, digest.value()};
  batch.Put(slice(mark_key), encode(mark));
  check(db->Write(synced(), &batch), "write to", path);
  acknowledged.put(mark);
  if (collected)
    give_space_back();
}

/// Deletes whole tables below the watermark now, where compaction would come to them some day.
void acceptor_store::implementation::give_space_back() {
  for (const auto& [version, ballot] : ballots) {
    const auto first = pvalue_key(version, 0);
    const auto last = pvalue_key(version, watermark - 1);
    const rocksdb::Slice begin{first};
    const rocksdb::Slice end{last};
    check(rocksdb::DeleteFilesInRange(db.get(), db->DefaultColumnFamily(), &begin, &end),
          "delete collected tables in", path);
  }
}

void acceptor_store::create(const std::filesystem::path& dir) {
  acceptor_digest digest;
  digest.set_watermark(1);
  const write_mark first{1, digest.value()};
  {
    const auto db = open_acceptor_db(db_path(dir), db_mode::create);
    rocksdb::WriteBatch batch;
    batch.Put(slice(watermark_key), encode_slot(1));
    batch.Put(slice(mark_key), encode(first));
    check(db->Write(synced(), &batch), "write to", db_path(dir));
  }
  sync_directory(db_path(dir));
  mark_file::create(mark_path(dir), first);
}

acceptor_store::acceptor_store(const data_directory& directory) {
  PMMC_INVARIANT(directory.is_writable() && directory.info().kind == role_kind::acceptor,
                 "an acceptor's store opens in a locked directory of an acceptor");
  implementation_ = std::make_unique<implementation>(directory.path());
}

acceptor_store::~acceptor_store() = default;
acceptor_store::acceptor_store(acceptor_store&&) noexcept = default;
acceptor_store& acceptor_store::operator=(acceptor_store&&) noexcept = default;

acceptor_state acceptor_store::take_recovered() { return std::move(implementation_->recovered); }

void acceptor_store::write(std::span<const acceptor_record> records) {
  auto& self = *implementation_;
  if (self.failed)
    fail("write to", self.path, "an earlier write failed, so nobody knows what is on the disk",
         "stop this process; started again, it verifies its files");
  if (records.empty())
    return;
  self.failed = true; // until it is known that it did not
  self.write(records);
  self.failed = false;
}

} // namespace pmmc::storage
