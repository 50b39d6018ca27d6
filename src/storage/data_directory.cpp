#include "storage/data_directory.hpp"

#include "invariant.hpp"
#include "storage/acceptor_store.hpp"
#include "storage/checked_text.hpp"
#include "storage/format_file.hpp"
#include "storage/role_state.hpp"
#include "storage/snapshot_store.hpp"

#include <cerrno>
#include <random>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

std::string random_format_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int i = 0; i < 32; ++i)
    id.push_back(digits[random() % 16]);
  return id;
}

fs::path absolute_without_slash(const fs::path& path) {
  auto absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

/// Makes missing directories, each durable in its parent.
void make_directories(const fs::path& path) {
  if (path.empty() || fs::exists(path))
    return;
  make_directories(path.parent_path());
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    fail_errno("make directory", path, errno);
  sync_directory(path.parent_path());
}

void refuse_used(const fs::path& path) {
  if (!data_directory::is_unformatted(path))
    fail("format", path, "it exists and is not an empty directory",
         "formatting would destroy what it holds. If a role lives here, just start it; if nothing "
         "of "
         "it is needed, move it away first");
}

void build(const fs::path& dir, const format_info& info) {
  if (::mkdir(dir.c_str(), 0755) != 0)
    fail_errno("make directory", dir, errno);
  if (info.kind == role_kind::acceptor)
    acceptor_store::create(dir);
  role_state::create(dir);
  if (info.kind == role_kind::replica)
    snapshot_store::create(dir);
  sync_file(open_file(dir / "LOCK", O_WRONLY | O_CREAT), dir / "LOCK");
  replace_file(dir / "FORMAT", format_text(info));
  sync_directory(dir);
}

/// Open-file-description locks: like flock, but one can ask about them without taking them.
struct flock whole_file_lock() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET; // l_len 0: to the end, however long
  return lock;
}

long read_holder(const fs::path& path) {
  try {
    const auto pid = parse_number(read_file(path / "LOCK", 64));
    return pid ? static_cast<long>(*pid) : 0;
  } catch (const storage_error&) {
    return 0;
  }
}

unique_fd lock(const fs::path& path, const role_id& id) {
  const auto file = path / "LOCK";
  auto fd = open_file(file, O_RDWR | O_CREAT);
  auto whole = whole_file_lock();
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES)
      fail_errno("lock", file, errno);
    const auto pid = read_holder(path);
    fail("lock", path,
         id.str() + " is already running as process " +
             (pid > 0 ? std::to_string(pid) : "(unknown)"),
         "stop that one first, or leave it running");
  }
  if (::ftruncate(fd.get(), 0) != 0)
    fail_errno("write", file, errno);
  write_at(fd, file, 0, std::to_string(::getpid()));
  return fd;
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

void check_owner(const fs::path& path, const format_info& info, std::string_view cluster,
                 role_kind kind, const role_id& id) {
  const auto next = "correct `data` in the config file, or put the right directory here";
  if (info.cluster != cluster)
    fail("use", path,
         "it belongs to cluster '" + info.cluster + "', not to '" + std::string{cluster} + "'",
         next);
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
  const auto who = std::string{to_string(kind)};
  const auto lost =
      kind == role_kind::leader ? "it might use a ballot twice" : "it would forget its promises";
  return "leave this " + who +
         " down: the others go on while a majority is up. It must not be formatted again under its "
         "id, or " +
         lost +
         ". Replace it by one with another id (docs/RECONFIGURATION.md, \"replace a dead "
         "machine\")";
}

data_directory::data_directory(fs::path path, format_info info, unique_fd lock)
    : path_(std::move(path)), info_(std::move(info)), lock_(std::move(lock)) {}

void data_directory::demand_room() const {
  PMMC_INVARIANT(is_writable(), "only a locked directory is written to");
  constexpr std::size_t enough = 64 << 10; // the small files of a role, whole
  const auto trial = path_ / "room.tmp";
  {
    const auto file = open_file(trial, O_WRONLY | O_CREAT | O_TRUNC);
    try {
      write_all(file, trial, std::string(enough, 'x'));
      sync_file(file, trial);
    } catch (const storage_error&) {
      std::error_code ignored; // the first mistake is the one to tell
      std::filesystem::remove(trial, ignored);
      throw;
    }
  }
  remove_file(trial);
}

bool data_directory::is_unformatted(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  return !fs::exists(status) || (fs::is_directory(status) && fs::is_empty(path, error) && !error);
}

std::string data_directory::format(const fs::path& path, format_info info) try {
  const auto target = absolute_without_slash(path);
  refuse_used(target);
  if (info.format_id.empty())
    info.format_id = random_format_id();
  const auto parent = target.parent_path();
  make_directories(parent);
  // Locking the parent keeps two formatters of one path apart without leaving a file behind.
  const auto parent_fd = open_file(parent, O_RDONLY | O_DIRECTORY);
  if (::flock(parent_fd.get(), LOCK_EX) != 0)
    fail_errno("lock", parent, errno);
  refuse_used(target);
  auto temporary = parent / ".";
  temporary += target.filename();
  temporary += ".formatting";
  fs::remove_all(temporary); // of a formatter that crashed
  try {
    build(temporary, info);
    rename_durably(temporary, target);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
  return info.format_id;
} catch (const fs::filesystem_error& e) {
  fail("format", path, e.what(), disk_advice(e.what()));
}

data_directory data_directory::open(const fs::path& path, std::string_view cluster, role_kind kind,
                                    const role_id& id) {
  if (is_unformatted(path))
    fail("open", path, fs::exists(path) ? "the directory is empty" : "there is no such directory",
         first_format_advice(kind, id));
  auto info = read_format(path);
  check_owner(path, info, cluster, kind, id);
  auto held = lock(path, id);
  // What a crashed process renamed may not be durable yet; what is read from now on must be.
  sync_directory(path);
  return {path, std::move(info), std::move(held)};
}

data_directory data_directory::open_read_only(const fs::path& path) {
  if (is_unformatted(path))
    fail("open", path, fs::exists(path) ? "the directory is empty" : "there is no such directory",
         "name the data directory of a role, `<data>/<id>`");
  return {path, read_format(path), unique_fd{}};
}

long lock_holder(const fs::path& path) {
  const unique_fd fd{::open((path / "LOCK").c_str(), O_RDONLY | O_CLOEXEC)};
  auto found = whole_file_lock();
  if (!fd.valid() || ::fcntl(fd.get(), F_OFD_GETLK, &found) != 0 || found.l_type == F_UNLCK)
    return -1;
  return read_holder(path);
}

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
