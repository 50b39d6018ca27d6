// The little that a role must not forget of itself and of others: a small file, replaced as a
// whole.
#pragma once

#include "membership/known_disks.hpp"
#include "storage/data_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace pmmc::storage {

/// What the file says.
struct role_state_contents {
  std::uint64_t seqnum = 0;
  life_history lives;
  known_disks known;
};

/// Not thread-safe. Every save is durable when it returns, and throws storage_error if it cannot
/// be; then every later save throws too: stop the process.
class role_state {
public:
  /// Writes the file of a role that has done nothing yet. For data_directory::format.
  static void create(disk& on, const std::filesystem::path& dir);

  /// Throws storage_error if the file is missing or damaged: what was forgotten is unknown then.
  /// `directory` must be open for writing.
  explicit role_state(const data_directory& directory);
  /// Saves what was noted, as far as it can.
  ~role_state();
  role_state(const role_state&) = delete;
  role_state& operator=(const role_state&) = delete;

  /// Leaders: the least seqnum that no ballot has used; 0 after formatting.
  std::uint64_t load() const { return contents_.seqnum; }
  /// The least seqnum that is free from now on. Call before the first p1a of a ballot with the one
  /// below it goes out (L3). Must not go back.
  void save(std::uint64_t seqnum);

  /// A new life of this role. Call before it tells anybody anything.
  void begin_life();
  const life_history& lives() const { return contents_.lives; }

  /// Every acceptor, leader and server ever met.
  const known_disks& known() const { return contents_.known; }
  /// Returns what `meet` does with them; its meetings are durable then.
  template <class Meeting>
  auto met(const Meeting& meet) {
    auto result = meet(contents_.known);
    if (contents_.known.unsaved() == known_disks::change::meetings)
      write();
    return result;
  }
  /// `peer` said that it holds so many records. Durable with the next save.
  void note_records(const role_id& peer, std::uint64_t records) {
    contents_.known.note_records(peer, records);
  }
  /// Makes what was noted durable.
  void save_notes();

private:
  void write();

  disk& disk_;
  std::filesystem::path file_;
  role_state_contents contents_;
  bool failed_ = false;
};

/// What the file says, for `inspect`; changes nothing.
role_state_contents read_role_state(const data_directory& directory);

} // namespace pmmc::storage
