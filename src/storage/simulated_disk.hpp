// A disk in memory that keeps no more than a real one promises. What is written can be read at
// once; what is durable is another matter.
#pragma once

#include "base/random.hpp"
#include "storage/disk.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc::storage {

/// A function of its seed and of what is done with it. One thread at a time.
///
/// A file's bytes are durable after its sync, a name after the sync of its directory; either may be
/// so earlier. Of the rest a power cut keeps any part: none, all, some of the pages of some of the
/// writes, or a first part that ends at any byte; and of the changes of names any, each as a whole.
class simulated_disk final : public disk {
  struct node;

public:
  explicit simulated_disk(std::uint64_t seed);

  // --- Copies ---

  /// All files of a disk.
  using contents = std::shared_ptr<node>;
  /// As they are read now, all of it durable: also while they are in use, or after the process has
  /// died.
  contents copy() const { return copy(root_); }
  static contents copy(const contents& of);
  /// Puts other files in the place of all, and returns those. Nothing may be in use. Which bits of
  /// them were flipped is forgotten.
  contents exchange(contents others);

  // --- What goes wrong ---

  /// The process dies: everything throws from now on, and changes nothing.
  void stop() { stopped_ = true; }
  /// It dies within its next changes (writes, syncs, names): so many are done, and of the one after
  /// them a part.
  void stop_after(std::optional<std::size_t> changes) { changes_left_ = changes; }
  bool is_stopped() const { return stopped_; }
  /// The next process may begin. With `power_was_lost`, from what was durable.
  void restart(bool power_was_lost);

  /// The next sync throws; with `for_good`, all of them do until `mend_errors`. What it was to make
  /// durable still reads as it was written and counts as clean: parts of it are never written, and
  /// no later sync tells. Changes of names stay to be synced, as in a journal.
  void fail_sync(bool for_good);
  /// So many more bytes fit; a write that is larger is done in part and throws ENOSPC.
  void fill_up(std::uint64_t bytes_left) { room_ = bytes_left; }
  /// Flips a bit of some file that holds something, durably. Returns the file's name.
  std::string flip_bit();
  /// Whether nothing has gone wrong but that processes died, or all of it is mended.
  bool is_sound() const { return failing_syncs_ == 0 && !room_ && flips_.empty(); }
  bool has_flips() const { return !flips_.empty(); }
  /// Syncs are good again, and there is room.
  void mend_errors();
  /// The bits that were flipped are as before.
  void mend_flips();
  /// The bits that were flipped stay as they are.
  void forget_flips() { flips_.clear(); }

  /// What went wrong, counted where it hit somebody.
  struct tally {
    std::uint64_t writes_lost = 0;  ///< in a power cut, not synced: nothing of them is left…
    std::uint64_t writes_torn = 0;  ///< … or a part is
    std::uint64_t names_lost = 0;   ///< made or removed in a directory that was not synced
    std::uint64_t renames_lost = 0; ///< the same
    std::uint64_t flips_read = 0;   ///< bits
    std::uint64_t writes_without_room = 0;
    std::uint64_t syncs_failed_once = 0;
    std::uint64_t syncs_failed_for_good = 0;
  };
  /// Since it was made.
  const tally& hits() const { return hits_; }

  // --- disk ---

  std::unique_ptr<disk_file> open(const std::filesystem::path& path, open_for what) override;
  std::unique_ptr<disk_file> open_if_there(const std::filesystem::path& path) override;
  bool exists(const std::filesystem::path& path) const override;
  std::vector<std::string> list(const std::filesystem::path& path,
                                std::error_code& error) const override;
  bool make_directory(const std::filesystem::path& path) override;
  void remove(const std::filesystem::path& path) override;
  void remove_all(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void sync_directory(const std::filesystem::path& path) override;
  std::unique_ptr<disk_lock> try_lock(const std::filesystem::path& file) override;
  long lock_holder(const std::filesystem::path& file) const override;
  std::unique_ptr<disk_lock> lock_directory(const std::filesystem::path& path) override;
  std::uint64_t fresh_number() override { return chance_.next(); }

private:
  friend class simulated_file;
  friend class simulated_lock;

  using node_ptr = contents;
  struct write {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false; ///< to nothing
  };
  struct naming {
    std::string from; ///< empty: it is new
    std::string to;   ///< empty: it is removed
    node_ptr what;
  };
  struct node {
    bool is_directory = false;
    std::string content;                   ///< as it is read
    std::string durable;                   ///< as it is after a power cut at the worst
    std::deque<write> unsynced;            ///< what lies between, oldest first
    std::map<std::string, node_ptr> names; ///< of a directory; the same three
    std::map<std::string, node_ptr> durable_names;
    std::vector<naming> unsynced_names;
  };
  struct flip {
    node_ptr file;
    std::size_t at = 0;
    char bit = 0;
    bool was_read = false;
  };

  static void apply(const write& w, std::string& content);
  static void turn(const flip& f);
  static void apply(const naming& n, std::map<std::string, node_ptr>& names);

  node_ptr find(const std::filesystem::path& path) const;
  node_ptr directory_of(const std::filesystem::path& path) const;
  node_ptr find_file(const std::filesystem::path& path, open_for what);
  void change_name(node& directory, naming change);
  /// Whether a change of `path` may be done; if not, the process has died before it.
  void demand_running(const std::filesystem::path& path) const;
  void begin_change(const std::filesystem::path& path);
  bool sync_fails();
  void write_file(node& file, const std::filesystem::path& path, std::uint64_t offset,
                  std::string_view bytes);
  void truncate(node& file);
  void sync_file(node& file, const std::filesystem::path& path);
  void put(node& file, std::uint64_t offset, std::string_view bytes);
  void note_read(const node& file, std::uint64_t offset, std::size_t bytes);
  void lose(node& n);
  void lose_writes(node& file);
  void note_kept(const write& w, std::size_t bytes);
  void lose_names(node& directory);
  template <class F>
  void for_each_node(const F& f) const;

  node_ptr root_;
  random_source chance_;
  bool stopped_ = false;
  std::optional<std::size_t> changes_left_;
  std::size_t failing_syncs_ = 0;
  std::optional<std::uint64_t> room_;
  std::set<const node*> locked_;
  std::vector<flip> flips_;
  tally hits_;
};

/// The process that used the disk has died.
struct disk_stopped : storage_error {
  using storage_error::storage_error;
};

} // namespace pmmc::storage
