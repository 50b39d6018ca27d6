#include "storage/data_directory.hpp"

#include "base/engine_kind.hpp"
#include "base/invariant.hpp"
#include "storage/acceptor_store.hpp"
#include "storage/checked_text.hpp"
#include "storage/format_file.hpp"
#include "storage/raft_store.hpp"
#include "storage/role_state.hpp"
#include "storage/simple_store.hpp"
#include "storage/snapshot_store.hpp"
#include "storage/unknown_memory.hpp"

#include <cerrno>

#include <sys/stat.h>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

std::string new_format_id(disk& on) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (int half = 0; half < 2; ++half) {
    auto number = on.fresh_number();
    for (int i = 0; i < 16; ++i, number /= 16)
      id.push_back(digits[number % 16]);
  }
  return id;
}

fs::path lock_file(const fs::path& dir) { return dir / "LOCK"; }

fs::path absolute_without_slash(const fs::path& path) {
  auto absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

/// Makes missing directories, each durable in its parent.
void make_directories(disk& on, const fs::path& path) {
  if (path.empty() || on.exists(path))
    return;
  make_directories(on, path.parent_path());
  on.make_directory(path);
  on.sync_directory(path.parent_path());
}

void refuse_used(const disk& on, const fs::path& path) {
  if (!data_directory::is_unformatted(on, path))
    fail("format", path, "it exists and is not an empty directory",
         "formatting would destroy what it holds. If a role lives here, just start it; if nothing "
         "of "
         "it is needed, move it away first");
}

/// A server has the log of its engine.
void create_log(disk& on, const fs::path& dir, const format_info& info,
                const segment_sizes& sizes) {
  const auto& first = info.facts.first;
  if (info.kind == role_kind::acceptor)
    return acceptor_store::create(on, dir, sizes);
  if (info.kind != role_kind::server)
    return;
  if (info.facts.engine == to_string(engine_kind::raft))
    return raft_store::create(on, dir, {first.version, first.servers, {}}, sizes);
  if (info.facts.engine == to_string(engine_kind::simple))
    return simple_store::create(on, dir, sizes);
  fail("format", dir, "there is no log of servers of the engine '" + info.facts.engine + "'",
       "name the engine raft or simple in the config file");
}

void build(disk& on, const fs::path& dir, const format_info& info, const segment_sizes& sizes) {
  if (!on.make_directory(dir))
    fail_errno("make directory", dir, EEXIST);
  create_log(on, dir, info, sizes);
  role_state::create(on, dir);
  if (serves_clients(info.kind))
    snapshot_store::create(on, dir);
  on.open(lock_file(dir), open_for::creating)->sync();
  replace_file(on, dir / "FORMAT", format_text(info));
  on.sync_directory(dir);
}

std::unique_ptr<disk_lock> lock(disk& on, const fs::path& path, const role_id& id) {
  auto held = on.try_lock(lock_file(path));
  if (held)
    return held;
  const auto pid = on.lock_holder(lock_file(path));
  fail("lock", path,
       id.str() + " is already running as process " + (pid > 0 ? std::to_string(pid) : "(unknown)"),
       "stop that one first, or leave it running");
}

std::string first_format_advice(role_kind kind, const role_id& id) {
  auto text = "if this " + std::string{to_string(kind)} + " never ran, run `pmmc init --id " +
              id.str() + "`. If it did run, check the path and that the disk is mounted";
  if (kind == role_kind::replica)
    return text + "; if its data is gone for good, `pmmc init --id " + id.str() +
           "` makes it fetch the state from the other replicas";
  return text +
         ". WARNING: if its data is gone for good, never format it again under the same id: "
         "what it promised is lost with the data, and the cluster could decide two values for one "
         "slot. Instead, " +
         repair_advice(kind);
}

/// An engine has servers or none, so these words are of two engines.
void refuse_other_engine(const fs::path& path, const format_info& info, role_kind kind,
                         const role_id& id) {
  if ((info.kind == role_kind::server) != (kind == role_kind::server))
    fail("use", path,
         "it was made by the engine " + info.facts.engine + ", for " +
             std::string{to_string(info.kind)} + " " + info.id.str() + ", and not for " +
             std::string{to_string(kind)} + " " + id.str(),
         engine_stays);
}

void check_owner(const fs::path& path, const format_info& info, std::string_view cluster,
                 role_kind kind, const role_id& id) {
  const auto next = "correct `data` in the config file, or put the right directory here";
  if (info.cluster != cluster)
    fail("use", path,
         "it belongs to cluster '" + info.cluster + "', not to '" + std::string{cluster} + "'",
         next);
  refuse_other_engine(path, info, kind, id);
  if (info.kind != kind || info.id != id)
    fail("use", path,
         "it belongs to " + std::string{to_string(info.kind)} + " " + info.id.str() + ", not to " +
             std::string{to_string(kind)} + " " + id.str(),
         next);
}

} // namespace

std::string repair_advice(role_kind kind) {
  if (kind == role_kind::replica)
    return "move the directory away and run `pmmc init --id ID`: the replica then fetches the "
           "state "
           "from the other replicas";
  if (kind == role_kind::server)
    return server_advice();
  return replacement_advice(to_string(kind), kind == role_kind::leader
                                                 ? "it might use a ballot twice"
                                                 : "it would forget its promises");
}

data_directory::data_directory(disk& on, fs::path path, format_info info,
                               std::unique_ptr<disk_lock> lock)
    : disk_(&on), path_(std::move(path)), info_(std::move(info)), lock_(std::move(lock)) {}

void data_directory::demand_room() const {
  PMMC_INVARIANT(is_writable(), "only a locked directory is written to");
  constexpr std::size_t enough = 64 << 10; // the small files of a role, whole
  const auto trial = path_ / "room.tmp";
  const auto file = disk_->open(trial, open_for::replacing);
  try {
    file->write_at(0, std::string(enough, 'x'));
    file->sync();
  } catch (const storage_error&) {
    remove_if_possible(*disk_, trial);
    throw;
  }
  disk_->remove(trial);
}

bool data_directory::is_unformatted(const disk& on, const fs::path& path) {
  std::error_code error;
  const auto names = on.list(path, error);
  return error ? !on.exists(path) : names.empty();
}

std::string data_directory::format(disk& on, const fs::path& path, format_info info,
                                   const segment_sizes& sizes) try {
  const auto target = absolute_without_slash(path);
  refuse_used(on, target);
  if (info.format_id.empty())
    info.format_id = new_format_id(on);
  const auto parent = target.parent_path();
  make_directories(on, parent);
  // Locking the parent keeps two formatters of one path apart without leaving a file behind.
  const auto held = on.lock_directory(parent);
  refuse_used(on, target);
  auto temporary = parent / ".";
  temporary += target.filename();
  temporary += ".formatting";
  on.remove_all(temporary); // of a formatter that crashed
  try {
    build(on, temporary, info, sizes);
    rename_durably(on, temporary, target);
  } catch (...) {
    try {
      on.remove_all(temporary);
    } catch (const storage_error&) {
      // The first mistake is the one to tell.
    }
    throw;
  }
  return info.format_id;
} catch (const fs::filesystem_error& e) {
  fail("format", path, e.what(), disk_advice(e.what()));
}

data_directory data_directory::open(disk& on, const fs::path& path, std::string_view cluster,
                                    role_kind kind, const role_id& id) {
  if (is_unformatted(on, path))
    fail("open", path, on.exists(path) ? "the directory is empty" : "there is no such directory",
         first_format_advice(kind, id));
  auto info = read_format(on, path);
  check_owner(path, info, cluster, kind, id);
  auto held = lock(on, path, id);
  // What a crashed process renamed may not be durable yet; what is read from now on must be.
  on.sync_directory(path);
  return {on, path, std::move(info), std::move(held)};
}

data_directory data_directory::open_read_only(disk& on, const fs::path& path) {
  if (is_unformatted(on, path))
    fail("open", path, on.exists(path) ? "the directory is empty" : "there is no such directory",
         "name the data directory of a role, `<data>/<id>`");
  return {on, path, read_format(on, path), nullptr};
}

long lock_holder(const disk& on, const fs::path& path) { return on.lock_holder(lock_file(path)); }

std::uint64_t disk_bytes(const fs::path& path) {
  constexpr std::uint64_t block_bytes = 512; // of st_blocks, whatever the file system uses
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it{path, error}, end; it != end; it.increment(error)) {
    struct stat status {};
    if (::lstat(it->path().c_str(), &status) == 0)
      bytes += static_cast<std::uint64_t>(status.st_blocks) * block_bytes;
    if (error)
      break;
  }
  return bytes;
}

} // namespace pmmc::storage
