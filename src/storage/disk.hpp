// The few operations on files that this layer needs. There is a real disk (posix_disk.hpp), and one
// that loses, tears and fails (simulated_disk.hpp), on which the simulator runs the same code.
#pragma once

#include "storage/byte_pieces.hpp"
#include "storage/storage_error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace pmmc::storage {

/// An open file. Its destructor closes it, which makes nothing durable. What fails throws
/// storage_error with the file's path, and is not done again: nobody knows what is on the disk.
class disk_file {
public:
  virtual ~disk_file() = default;

  virtual std::uint64_t size() const = 0;
  /// Up to `max_bytes` from `offset`; fewer only at the end of the file.
  virtual std::string read_at(std::uint64_t offset, std::size_t max_bytes) const = 0;
  virtual void write_at(std::uint64_t offset, byte_pieces pieces) = 0;
  void write_at(std::uint64_t offset, std::string_view bytes) {
    write_at(offset, byte_pieces{&bytes, 1});
  }
  /// The file, whole, is durable when it returns; its name need not be.
  virtual void sync() = 0;
  /// What was written, and what is needed to read it.
  virtual void sync_data() = 0;
};

/// How a file is opened. New ones are readable by all, writable by the owner.
enum class open_for : std::uint8_t {
  reading,
  writing,   ///< it must be there
  creating,  ///< writing; it need not be there
  replacing, ///< writing, from nothing
};

/// Held as long as the object lives.
class disk_lock {
public:
  virtual ~disk_lock() = default;
};

/// Names change at once and durably with the next sync of their directory. Errors as above.
class disk {
public:
  virtual ~disk() = default;

  virtual std::unique_ptr<disk_file> open(const std::filesystem::path& path, open_for what) = 0;
  /// For reading; nothing if it is not there.
  virtual std::unique_ptr<disk_file> open_if_there(const std::filesystem::path& path) = 0;
  /// Of a file or a directory.
  virtual bool exists(const std::filesystem::path& path) const = 0;
  /// Names of what is in the directory, in any order; with `error`, those that were read.
  virtual std::vector<std::string> list(const std::filesystem::path& path,
                                        std::error_code& error) const = 0;

  /// Whether it was not there.
  virtual bool make_directory(const std::filesystem::path& path) = 0;
  /// It need not be there.
  virtual void remove(const std::filesystem::path& path) = 0;
  /// With all that is in it. It need not be there.
  virtual void remove_all(const std::filesystem::path& path) = 0;
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual void sync_directory(const std::filesystem::path& path) = 0;

  /// Locks the file for this process, and leaves its number there; makes it if need be. Nothing if
  /// it is locked already.
  virtual std::unique_ptr<disk_lock> try_lock(const std::filesystem::path& file) = 0;
  /// The number of the process that has locked the file (0 if it did not leave one), or -1 if none
  /// has. Never throws.
  virtual long lock_holder(const std::filesystem::path& file) const = 0;
  /// Waits until no other process has locked the directory.
  virtual std::unique_ptr<disk_lock> lock_directory(const std::filesystem::path& path) = 0;

  /// 64 bits that nobody had before: for identities.
  virtual std::uint64_t fresh_number() = 0;
};

/// The whole file. Throws if it has more than `max_bytes`.
std::string read_file(disk& on, const std::filesystem::path& path, std::size_t max_bytes);
/// Renames and syncs the directory (both must lie in the same one).
void rename_durably(disk& on, const std::filesystem::path& from, const std::filesystem::path& to);
/// Replaces `path` by a file with these bytes: after a crash it is the old or the new one, whole.
void replace_file(disk& on, const std::filesystem::path& path, std::string_view bytes);
/// For a file that is only in the way, and where an earlier mistake is the one to tell.
void remove_if_possible(disk& on, const std::filesystem::path& path) noexcept;

} // namespace pmmc::storage
