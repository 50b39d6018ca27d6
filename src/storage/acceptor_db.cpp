#include "storage/acceptor_db.hpp"

#include "storage/data_directory.hpp"

#include <rocksdb/options.h>
#include <rocksdb/table.h>

namespace pmmc::storage {

namespace {

/// What goes wrong comes back as a status. RocksDB's own log is a file on the same disk, and the
/// library, as Debian builds it, aborts when it goes on writing to a log that could not be written.
class silent_logger : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& how) {
  fail("recover the acceptor from", path, how,
       "what it has promised is UNKNOWN, so it must not vote. If files were moved or restored from "
       "an "
       "old copy, put the right ones back; otherwise " +
           repair_advice(role_kind::acceptor));
}

void bound_resources(rocksdb::Options& options) {
  constexpr std::size_t mib = 1 << 20;
  options.write_buffer_size = 2 * mib;
  options.max_write_buffer_number = 2;
  options.arena_block_size = 64 << 10;
  options.level0_file_num_compaction_trigger = 4;
  options.level0_slowdown_writes_trigger = 12; // these files outlive garbage collection
  options.level0_stop_writes_trigger = 24;
  options.target_file_size_base = 2 * mib;
  options.max_bytes_for_level_base = 8 * mib;
  options.max_background_jobs = 2;
  options.max_open_files = 64;
  options.max_file_opening_threads = 1;
  options.max_manifest_file_size = 1 * mib;
  options.allow_fallocate = false; // a preallocated log would count as used
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.compression = rocksdb::kNoCompression;
  options.allow_concurrent_memtable_write = false; // there is one writer
  options.enable_write_thread_adaptive_yield = false;
  rocksdb::BlockBasedTableOptions table;
  table.no_block_cache = true; // everything is read once, at the start
  table.checksum = rocksdb::kXXH3;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
}

rocksdb::Options options_for(db_mode mode) {
  rocksdb::Options options;
  options.create_if_missing = mode == db_mode::create;
  options.error_if_exists = mode == db_mode::create;
  // The default drops, without a word, all that follows damage in the middle of the log.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // What was read from the log may be in the page cache only (its sync may have failed): writing it
  // into a synced table before the acceptor votes makes it durable.
  options.avoid_flush_during_recovery = false;
  options.paranoid_checks = true;
  options.paranoid_file_checks = true; // tables are read back before the log that they replace goes
  options.max_bgerror_resume_count = 0; // a failed sync is final
  bound_resources(options);
  options.info_log = std::make_shared<silent_logger>();
  return options;
}

rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

std::string get(rocksdb::DB& db, const std::filesystem::path& path, std::string_view key) {
  std::string value;
  const auto status = db.Get(read_options(), rocksdb::Slice{key.data(), key.size()}, &value);
  if (status.IsNotFound())
    refuse(path, "records are missing that every acceptor has");
  check(status, "read", path);
  return value;
}

/// Takes one entry into the state and the digest; false if it makes no sense.
bool take_entry(loaded_acceptor& into, std::string_view key, std::string_view value) {
  if (key == mark_key || key == watermark_key)
    return true; // read beforehand
  if (const auto version = parse_ballot_key(key)) {
    const auto ballot = parse_ballot(value);
    if (ballot)
      into.state.by_version[*version].ballot = *ballot;
    into.digest.set_ballot(*version, value);
    return ballot.has_value();
  }
  const auto position = parse_pvalue_key(key);
  if (!position)
    return false;
  if (position->slot < into.state.watermark)
    return true; // collected; still in some table
  auto held = parse_pvalue(position->slot, value);
  if (!held)
    return false;
  into.digest.set_pvalue(position->version, position->slot, value);
  into.state.by_version[position->version].accepted[position->slot] = std::move(*held);
  return true;
}

void check_mark(const loaded_acceptor& loaded, const std::filesystem::path& path,
                const write_mark& acknowledged) {
  if (loaded.digest.value() != loaded.mark.digest)
    refuse(path, "its records do not add up: some are lost, or from another time");
  if (loaded.mark.writes < acknowledged.writes)
    refuse(path, "records that were acknowledged are missing: it was told of write " +
                     std::to_string(acknowledged.writes) + " and holds writes up to " +
                     std::to_string(loaded.mark.writes));
  if (loaded.mark.writes == acknowledged.writes && loaded.mark != acknowledged)
    refuse(path, "it is not the database that the file `acknowledged` belongs to");
}

} // namespace

void check(const rocksdb::Status& status, std::string_view tried,
           const std::filesystem::path& path) {
  if (status.ok())
    return;
  if (status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound() ||
      status.IsInvalidArgument())
    refuse(path, status.ToString());
  fail(tried, path, status.ToString(), disk_advice(status.ToString()));
}

std::unique_ptr<rocksdb::DB> open_acceptor_db(const std::filesystem::path& path, db_mode mode) try {
  rocksdb::DB* db = nullptr;
  const auto options = options_for(mode);
  const auto status = mode == db_mode::read_only
                          ? rocksdb::DB::OpenForReadOnly(options, path.string(), &db)
                          : rocksdb::DB::Open(options, path.string(), &db);
  check(status, mode == db_mode::create ? "make the database" : "open the database", path);
  return std::unique_ptr<rocksdb::DB>{db};
} catch (const storage_error&) {
  throw;
} catch (const std::exception& e) { // RocksDB throws none but from the standard library
  refuse(path, e.what());
}

loaded_acceptor load_acceptor(rocksdb::DB& db, const std::filesystem::path& path,
                              const write_mark& acknowledged) {
  check(db.VerifyChecksum(read_options()), "verify", path);
  const auto mark = parse_mark(get(db, path, mark_key));
  const auto watermark = parse_slot(get(db, path, watermark_key));
  if (!mark || !watermark)
    refuse(path, "its bookkeeping records make no sense");
  loaded_acceptor loaded;
  loaded.mark = *mark;
  loaded.state.watermark = *watermark;
  loaded.digest.set_watermark(*watermark);
  const std::unique_ptr<rocksdb::Iterator> it{db.NewIterator(read_options())};
  for (it->SeekToFirst(); it->Valid(); it->Next())
    if (!take_entry(loaded, it->key().ToStringView(), it->value().ToStringView()))
      refuse(path, "it holds a record that makes no sense");
  check(it->status(), "read", path);
  check_mark(loaded, path, acknowledged);
  return loaded;
}

} // namespace pmmc::storage
