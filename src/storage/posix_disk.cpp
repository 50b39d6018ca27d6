#include "storage/posix_disk.hpp"

#include "storage/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <random>
#include <span>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

/// Calls `f` again when a signal interrupted it.
template <class F>
auto uninterrupted(F f) {
  auto result = f();
  while (result < 0 && errno == EINTR)
    result = f();
  return result;
}

/// `flags` as for open(2); O_CLOEXEC is added.
unique_fd open_fd(const fs::path& path, int flags) {
  return unique_fd{uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); })};
}

unique_fd open_or_fail(const fs::path& path, int flags) {
  auto fd = open_fd(path, flags);
  if (!fd.valid())
    fail_errno("open", path, errno);
  return fd;
}

int flags_for(open_for what) {
  switch (what) {
  case open_for::reading:
    return O_RDONLY;
  case open_for::writing:
    return O_WRONLY;
  case open_for::creating:
    return O_WRONLY | O_CREAT;
  default:
    return O_WRONLY | O_CREAT | O_TRUNC;
  }
}

/// What is left of `parts` without their first bytes.
std::span<iovec> behind(std::span<iovec> parts, std::size_t bytes) {
  while (!parts.empty() && parts.front().iov_len <= bytes) {
    bytes -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (bytes > 0) {
    auto& [base, length] = parts.front();
    base = static_cast<char*>(base) + bytes;
    length -= bytes;
  }
  return parts;
}

class posix_file final : public disk_file {
public:
  posix_file(unique_fd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  std::uint64_t size() const override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0)
      fail_errno("look at", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  std::string read_at(std::uint64_t offset, std::size_t max_bytes) const override {
    const auto end = size(); // the bound may be far beyond, and memory that is touched costs time
    std::string bytes(end <= offset ? 0 : std::min<std::uint64_t>(max_bytes, end - offset), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto got = uninterrupted([&] {
        return ::pread(fd_.get(), bytes.data() + done, bytes.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (got < 0)
        fail_errno("read", path_, errno);
      if (got == 0)
        break;
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  void write_at(std::uint64_t offset, byte_pieces pieces) override {
    std::vector<iovec> parts;
    parts.reserve(pieces.size());
    for (const auto piece : pieces)
      parts.push_back({const_cast<char*>(piece.data()), piece.size()});
    for (auto rest = behind(parts, 0); !rest.empty();) {
      const auto at_once = rest.first(std::min<std::size_t>(rest.size(), IOV_MAX));
      const auto put = write_some(at_once, offset);
      if (put < 0)
        fail_errno("write", path_, errno);
      offset += static_cast<std::uint64_t>(put);
      rest = behind(rest, static_cast<std::size_t>(put));
    }
  }

  void sync() override {
    // Not called again after a failure: the kernel may have dropped the pages and call the next one
    // good.
    if (::fsync(fd_.get()) != 0)
      fail_errno("sync", path_, errno);
  }

  void sync_data() override {
    if (::fdatasync(fd_.get()) != 0) // final, as above
      fail_errno("sync", path_, errno);
  }

private:
  ssize_t write_some(std::span<const iovec> parts, std::uint64_t offset) {
    const auto at = static_cast<off_t>(offset);
    return uninterrupted([&] {
      return parts.size() == 1
                 ? ::pwrite(fd_.get(), parts[0].iov_base, parts[0].iov_len, at)
                 : ::pwritev(fd_.get(), parts.data(), static_cast<int>(parts.size()), at);
    });
  }

  unique_fd fd_;
  fs::path path_;
};

/// The lock goes with the descriptor.
class posix_lock final : public disk_lock {
public:
  explicit posix_lock(unique_fd fd) : fd_(std::move(fd)) {}

private:
  unique_fd fd_;
};

/// Open-file-description locks: like flock, but one can ask about them without taking them.
struct flock whole_file_lock() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET; // l_len 0: to the end, however long
  return lock;
}

long number_in(int fd) {
  char digits[64];
  const auto got = ::pread(fd, digits, sizeof digits, 0);
  long number = 0;
  if (got > 0 && std::from_chars(digits, digits + got, number).ptr == digits + got)
    return number;
  return 0;
}

class posix_disk final : public disk {
public:
  std::unique_ptr<disk_file> open(const fs::path& path, open_for what) override {
    return std::make_unique<posix_file>(open_or_fail(path, flags_for(what)), path);
  }

  std::unique_ptr<disk_file> open_if_there(const fs::path& path) override {
    auto fd = open_fd(path, O_RDONLY);
    if (!fd.valid() && errno == ENOENT)
      return nullptr;
    if (!fd.valid())
      fail_errno("open", path, errno);
    return std::make_unique<posix_file>(std::move(fd), path);
  }

  bool exists(const fs::path& path) const override {
    std::error_code error;
    const auto found = fs::status(path, error);
    if (found.type() == fs::file_type::none)
      fail_errno("look at", path, error.value());
    return fs::exists(found);
  }

  std::vector<std::string> list(const fs::path& path, std::error_code& error) const override {
    std::vector<std::string> names;
    for (fs::directory_iterator it{path, error}, end; !error && it != end; it.increment(error))
      names.push_back(it->path().filename().string());
    return names;
  }

  bool make_directory(const fs::path& path) override {
    if (::mkdir(path.c_str(), 0755) == 0)
      return true;
    if (errno != EEXIST)
      fail_errno("make directory", path, errno);
    return false;
  }

  void remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      fail_errno("remove", path, errno);
  }

  void remove_all(const fs::path& path) override {
    std::error_code error;
    fs::remove_all(path, error);
    if (error)
      fail_errno("remove", path, error.value());
  }

  void rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      fail_errno("rename " + from.string() + " to", to, errno);
  }

  void sync_directory(const fs::path& path) override {
    posix_file{open_or_fail(path, O_RDONLY | O_DIRECTORY), path}.sync();
  }

  std::unique_ptr<disk_lock> try_lock(const fs::path& file) override {
    auto fd = open_or_fail(file, O_RDWR | O_CREAT);
    auto whole = whole_file_lock();
    if (::fcntl(fd.get(), F_OFD_SETLK, &whole) != 0) {
      if (errno != EAGAIN && errno != EACCES)
        fail_errno("lock", file, errno);
      return nullptr;
    }
    const auto number = std::to_string(::getpid());
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), number.data(), number.size(), 0) < 0)
      fail_errno("write", file, errno);
    return std::make_unique<posix_lock>(std::move(fd));
  }

  long lock_holder(const fs::path& file) const override {
    const auto fd = open_fd(file, O_RDONLY);
    auto found = whole_file_lock();
    if (!fd.valid() || ::fcntl(fd.get(), F_OFD_GETLK, &found) != 0 || found.l_type == F_UNLCK)
      return -1;
    return number_in(fd.get());
  }

  std::unique_ptr<disk_lock> lock_directory(const fs::path& path) override {
    auto fd = open_or_fail(path, O_RDONLY | O_DIRECTORY);
    if (::flock(fd.get(), LOCK_EX) != 0)
      fail_errno("lock", path, errno);
    return std::make_unique<posix_lock>(std::move(fd));
  }

  std::uint64_t fresh_number() override {
    std::random_device random;
    return std::uint64_t{random()} << 32 | random();
  }
};

} // namespace

disk& real_disk() {
  static posix_disk disk;
  return disk;
}

} // namespace pmmc::storage
