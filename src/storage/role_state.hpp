// The little that a leader or replica must not forget: a small file, replaced as a whole.
#pragma once

#include "storage/data_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace pmmc::storage {

/// Not thread-safe. Every save is durable when it returns, and throws storage_error if it cannot
/// be; then every later save throws too: stop the process.
class role_state {
public:
  /// Writes the file of a role that has done nothing yet. For data_directory::format.
  static void create(const std::filesystem::path& dir);

  /// Throws storage_error if the file is missing or damaged: what was forgotten is unknown then.
  /// `directory` must be open for writing.
  explicit role_state(const data_directory& directory);

  /// Leaders: the least seqnum that no ballot has used; 0 after formatting.
  std::uint64_t load() const { return seqnum_; }
  /// The least seqnum that is free from now on. Call before the first p1a of a ballot with the one
  /// below it goes out (L3). Must not go back.
  void save(std::uint64_t seqnum);

  /// The format_id of every acceptor ever met. One that comes back under its id with another disk
  /// has lost its promises.
  const std::map<role_id, std::string>& known_disks() const { return known_disks_; }
  /// Remembers a first meeting. Returns true if `format_id` is the disk on record (now, or before);
  /// false, without writing, if `acceptor` was met with another one: don't count its votes.
  bool meet(const role_id& acceptor, const std::string& format_id);

private:
  void write();

  std::filesystem::path file_;
  std::uint64_t seqnum_ = 0;
  std::map<role_id, std::string> known_disks_;
  bool failed_ = false;
};

/// What the file says, for `inspect`; changes nothing.
struct role_state_contents {
  std::uint64_t seqnum = 0;
  std::map<role_id, std::string> known_disks;
};
role_state_contents read_role_state(const data_directory& directory);

} // namespace pmmc::storage
