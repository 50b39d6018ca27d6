// What goes wrong with a simulated disk.
#include "storage/simulated_disk.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace pmmc::storage {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t for_ever = std::numeric_limits<std::size_t>::max();

} // namespace

void simulated_disk::fail_sync(bool for_good) { failing_syncs_ = for_good ? for_ever : 1; }

bool simulated_disk::sync_fails() {
  if (failing_syncs_ == 0)
    return false;
  ++(failing_syncs_ == for_ever ? hits_.syncs_failed_for_good : hits_.syncs_failed_once);
  if (failing_syncs_ != for_ever)
    --failing_syncs_;
  return true;
}

/// Of the files and directories that can be reached, or could be after a power cut; each once.
template <class F>
void simulated_disk::for_each_node(const F& f) const {
  std::vector<node_ptr> found{root_};
  std::set<const node*> seen{root_.get()};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto at = found[i];
    const auto add = [&](const node_ptr& n) {
      if (seen.insert(n.get()).second)
        found.push_back(n);
    };
    for (const auto& [name, n] : at->names)
      add(n);
    for (const auto& [name, n] : at->durable_names)
      add(n);
    for (const auto& change : at->unsynced_names)
      add(change.what);
  }
  for (const auto& n : found)
    f(n);
}

void simulated_disk::restart(bool power_was_lost) {
  if (power_was_lost)
    for_each_node([this](const node_ptr& n) { lose(*n); });
  stopped_ = false;
  changes_left_.reset();
  PMMC_INVARIANT(locked_.empty(), "a process that has died holds no lock");
}

void simulated_disk::lose(node& n) {
  if (n.is_directory)
    lose_names(n);
  else
    lose_writes(n);
}

/// Of a write this much is left.
void simulated_disk::note_kept(const write& w, std::size_t bytes) {
  const bool is_whole = bytes == w.bytes.size() && !w.truncates;
  hits_.writes_lost += !is_whole && bytes == 0;
  hits_.writes_torn += !is_whole && bytes > 0;
}

void simulated_disk::lose_writes(node& file) {
  enum : std::uint64_t { none, all, pages, beginning };
  const auto kept = chance_.below(4);
  const auto whole = kept == beginning ? chance_.below(file.unsynced.size() + 1) : 0;
  for (std::size_t i = 0; i < file.unsynced.size(); ++i) {
    auto& w = file.unsynced[i];
    if (kept == all || (kept == beginning && i < whole) ||
        (kept == pages && w.truncates && chance_.below(2) == 0)) {
      apply(w, file.durable);
    } else if (kept == beginning && i == whole && !w.truncates) {
      const auto left = chance_.below(w.bytes.size() + 1);
      note_kept(w, left);
      w.bytes.resize(left);
      apply(w, file.durable);
    } else if (kept == pages) {
      std::size_t left = 0;
      for (std::size_t at = 0; at < w.bytes.size();) {
        const auto bytes = std::min(w.bytes.size() - at, page_bytes - (w.offset + at) % page_bytes);
        if (chance_.below(2) == 0) {
          apply({w.offset + at, w.bytes.substr(at, bytes), false}, file.durable);
          left += bytes;
        }
        at += bytes;
      }
      note_kept(w, left);
    } else {
      note_kept(w, 0);
    }
  }
  file.unsynced.clear();
  file.content = file.durable;
}

void simulated_disk::lose_names(node& directory) {
  enum : std::uint64_t { none, all, some, first };
  const auto kept = chance_.below(4);
  const auto whole = kept == first ? chance_.below(directory.unsynced_names.size() + 1) : 0;
  for (std::size_t i = 0; i < directory.unsynced_names.size(); ++i) {
    const auto& change = directory.unsynced_names[i];
    if (kept == all || i < whole || (kept == some && chance_.below(2) == 0))
      apply(change, directory.durable_names);
    else
      ++(change.from.empty() || change.to.empty() ? hits_.names_lost : hits_.renames_lost);
  }
  directory.unsynced_names.clear();
  directory.names = directory.durable_names;
}

/// Each flip counts once.
void simulated_disk::note_read(const node& file, std::uint64_t offset, std::size_t bytes) {
  for (auto& f : flips_)
    if (f.file.get() == &file && f.at >= offset && f.at - offset < bytes &&
        !std::exchange(f.was_read, true))
      ++hits_.flips_read;
}

void simulated_disk::turn(const flip& f) {
  for (auto* bytes : {&f.file->content, &f.file->durable})
    if (f.at < bytes->size())
      (*bytes)[f.at] = static_cast<char>((*bytes)[f.at] ^ f.bit);
}

std::string simulated_disk::flip_bit() {
  std::vector<std::pair<std::string, node_ptr>> files;
  for_each_node([&](const node_ptr& n) {
    for (const auto& [name, what] : n->names)
      if (!what->content.empty())
        files.emplace_back(name, what);
  });
  if (files.empty())
    return {};
  const auto& [name, file] = files[chance_.below(files.size())];
  for (const auto& w : std::exchange(file->unsynced, {}))
    apply(w, file->durable);
  // Zeros at the end are room for what comes.
  const auto used = file->content.find_last_not_of('\0') + 1;
  flips_.push_back({file, chance_.below(used == 0 ? file->content.size() : used),
                    static_cast<char>(1 << chance_.below(8)), false});
  turn(flips_.back());
  return name;
}

void simulated_disk::mend_errors() {
  failing_syncs_ = 0;
  room_.reset();
}

void simulated_disk::mend_flips() {
  for (const auto& made : flips_)
    turn(made);
  flips_.clear();
}

} // namespace pmmc::storage
