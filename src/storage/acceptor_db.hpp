// RocksDB as the acceptor uses it: its settings, and loading a state with every check. Internal.
#pragma once

#include "acceptor.hpp"
#include "storage/acceptor_codec.hpp"
#include "storage/acceptor_digest.hpp"
#include "storage/storage_error.hpp"

#include <filesystem>
#include <memory>

#include <rocksdb/db.h>

namespace pmmc::storage {

enum class db_mode { create, read_write, read_only };

/// Throws storage_error. `read_only` changes nothing on the disk and works beside a writer.
std::unique_ptr<rocksdb::DB> open_acceptor_db(const std::filesystem::path& path, db_mode mode);

struct loaded_acceptor {
  acceptor_state state;
  acceptor_digest digest;
  write_mark mark;
};

/// Reads everything. Throws storage_error if a checksum is wrong, if the content does not add up to
/// the digest that was written with it, or if it falls short of `acknowledged`.
loaded_acceptor load_acceptor(rocksdb::DB& db, const std::filesystem::path& path,
                              const write_mark& acknowledged);

/// Throws "cannot `tried` PATH: STATUS; …" unless `status` is good.
void check(const rocksdb::Status& status, std::string_view tried,
           const std::filesystem::path& path);

} // namespace pmmc::storage
