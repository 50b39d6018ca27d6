// What the storage tests share: directories that vanish, and short names for making things.
#pragma once

#include "storage/acceptor_store.hpp"
#include "storage/data_directory.hpp"
#include "storage/posix_disk.hpp"
#include "storage/snapshot_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

namespace scratch {

namespace fs = std::filesystem;

/// A unique directory, in memory where that is possible, removed at the end.
class directory {
public:
  directory() {
    const std::string root =
        ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : fs::temp_directory_path();
    auto name = root + "/pmmc-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  directory(const directory&) = delete;
  directory& operator=(const directory&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }

private:
  fs::path path_;
};

/// For snapshots that hold no state.
inline void any_snapshot(pmmc::storage::snapshot_reader&) {}
inline void any_inspected(pmmc::storage::snapshot_reader&, const pmmc::cluster_facts&) {}

/// A small file system in memory, if one can be mounted here.
class small_disk {
public:
  small_disk(fs::path path, const char* size) : path_(std::move(path)) {
    fs::create_directory(path_);
    const auto options = std::string{"size="} + size;
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~small_disk() {
    if (mounted_)
      ::umount2(path_.c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  bool is_mounted() const { return mounted_; }
  bool grow(const char* size) const {
    const auto options = std::string{"size="} + size;
    return ::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, options.c_str()) == 0;
  }

private:
  fs::path path_;
  bool mounted_ = false;
};

inline pmmc::storage::format_info info_of(pmmc::role_kind kind, const std::string& id,
                                          const std::string& engine = "pmmc") {
  pmmc::configuration first;
  if (kind == pmmc::role_kind::server) {
    first.servers = {{"s1", "127.0.0.1:7601"}, {"s2", "[::1]:7602"}, {"s3", "host name:7603"}};
  } else {
    first.acceptors = {{"a1", "127.0.0.1:7101"}, {"a2", "[::1]:7102"}, {"a3", "host name:7103"}};
    first.leaders = {{"l1", "127.0.0.1:7201"}};
    first.replicas = {{"r1", "127.0.0.1:7301"}, {"r2", "127.0.0.1:7302"}};
  }
  return {.cluster = "test 100%",
          .kind = kind,
          .id = id,
          .format_id = "",
          .facts = {first, 128, engine, "pmmc/10", "kv/1"}};
}

inline void format(const fs::path& path, pmmc::role_kind kind, const std::string& engine = "pmmc") {
  pmmc::storage::data_directory::format(pmmc::storage::real_disk(), path,
                                        info_of(kind, path.filename().string(), engine));
}

inline pmmc::storage::data_directory open(const fs::path& path, pmmc::role_kind kind) {
  return pmmc::storage::data_directory::open(pmmc::storage::real_disk(), path, "test 100%", kind,
                                             path.filename().string());
}

inline std::string contents(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void overwrite(const fs::path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
}

/// The text of the storage_error that `f` throws, or "" if it throws none.
inline std::string error_of(const std::function<void()>& f) {
  try {
    f();
    return "";
  } catch (const pmmc::storage::storage_error& e) {
    return e.what();
  }
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Paths of all regular files below `dir`, relative to it, sorted.
inline std::vector<fs::path> files_in(const fs::path& dir) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator{dir})
    if (entry.is_regular_file())
      files.push_back(fs::relative(entry.path(), dir));
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace scratch
