#include "storage/simulated_disk.hpp"

#include "invariant.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t page_bytes = 4096;
/// The kernel writes back what nobody syncs, some time.
constexpr std::size_t most_unsynced = 64;
constexpr std::size_t for_ever = std::numeric_limits<std::size_t>::max();

} // namespace

class simulated_file final : public disk_file {
public:
  simulated_file(simulated_disk& on, simulated_disk::node_ptr file, fs::path path)
      : disk_(on), file_(std::move(file)), path_(std::move(path)) {}

  std::uint64_t size() const override {
    disk_.demand_running(path_);
    return file_->content.size();
  }
  std::string read_at(std::uint64_t offset, std::size_t max_bytes) const override {
    disk_.demand_running(path_);
    return file_->content.substr(std::min<std::size_t>(offset, file_->content.size()), max_bytes);
  }
  void write_at(std::uint64_t offset, byte_pieces pieces) override {
    if (pieces.size() == 1)
      return disk_.write_file(*file_, path_, offset, pieces.front());
    std::string bytes;
    for (const auto piece : pieces)
      bytes += piece;
    disk_.write_file(*file_, path_, offset, bytes);
  }
  void sync() override { disk_.sync_file(*file_, path_); }
  void sync_data() override { disk_.sync_file(*file_, path_); }

private:
  simulated_disk& disk_;
  simulated_disk::node_ptr file_;
  fs::path path_;
};

/// Goes with the process.
class simulated_lock final : public disk_lock {
public:
  simulated_lock(simulated_disk& on, simulated_disk::node_ptr what)
      : disk_(on), what_(std::move(what)) {}
  ~simulated_lock() override { disk_.locked_.erase(what_.get()); }

private:
  simulated_disk& disk_;
  simulated_disk::node_ptr what_;
};

simulated_disk::simulated_disk(std::uint64_t seed)
    : root_(std::make_shared<node>()), chance_(seed) {
  root_->is_directory = true;
}

// --- Copies -------------------------------------------------------------------------------------

simulated_disk::contents simulated_disk::copy(const contents& of) {
  auto made = std::make_shared<node>();
  made->is_directory = of->is_directory;
  made->content = made->durable = of->content;
  for (const auto& [name, what] : of->names)
    made->names[name] = copy(what);
  made->durable_names = made->names;
  return made;
}

simulated_disk::contents simulated_disk::exchange(contents others) {
  PMMC_INVARIANT(locked_.empty(), "what is in use stays where it is");
  flips_.clear();
  return std::exchange(root_, std::move(others));
}

// --- Names --------------------------------------------------------------------------------------

simulated_disk::node_ptr simulated_disk::find(const fs::path& path) const {
  demand_running(path);
  auto at = root_;
  for (const auto& name : path.relative_path()) {
    if (name.empty() || name == ".")
      continue;
    const auto next = at->names.find(name.string());
    if (next == at->names.end())
      return nullptr;
    at = next->second;
  }
  return at;
}

simulated_disk::node_ptr simulated_disk::directory_of(const fs::path& path) const {
  auto parent = find(path.parent_path());
  if (!parent || !parent->is_directory)
    fail_errno("open", path, ENOENT);
  return parent;
}

void simulated_disk::apply(const naming& n, std::map<std::string, node_ptr>& names) {
  if (const auto old = names.find(n.from); old != names.end() && old->second == n.what)
    names.erase(old);
  if (!n.to.empty())
    names[n.to] = n.what;
}

void simulated_disk::change_name(node& directory, naming change) {
  apply(change, directory.names);
  directory.unsynced_names.push_back(std::move(change));
}

bool simulated_disk::exists(const fs::path& path) const { return find(path) != nullptr; }

std::vector<std::string> simulated_disk::list(const fs::path& path, std::error_code& error) const {
  const auto directory = find(path);
  std::vector<std::string> names;
  error.clear();
  if (!directory)
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  else if (!directory->is_directory)
    error = std::make_error_code(std::errc::not_a_directory);
  else
    for (const auto& [name, what] : directory->names)
      names.push_back(name);
  return names;
}

bool simulated_disk::make_directory(const fs::path& path) {
  if (find(path))
    return false;
  const auto parent = directory_of(path);
  begin_change(path);
  auto made = std::make_shared<node>();
  made->is_directory = true;
  change_name(*parent, {"", path.filename().string(), std::move(made)});
  return true;
}

void simulated_disk::remove(const fs::path& path) {
  auto what = find(path);
  if (!what)
    return;
  begin_change(path);
  change_name(*directory_of(path), {path.filename().string(), "", std::move(what)});
}

/// What is in it goes with it.
void simulated_disk::remove_all(const fs::path& path) { remove(path); }

void simulated_disk::rename(const fs::path& from, const fs::path& to) {
  PMMC_INVARIANT(from.parent_path() == to.parent_path(), "names change within a directory");
  auto what = find(from);
  if (!what)
    fail_errno("rename " + from.string() + " to", to, ENOENT);
  begin_change(to);
  change_name(*directory_of(from),
              {from.filename().string(), to.filename().string(), std::move(what)});
}

void simulated_disk::sync_directory(const fs::path& path) {
  const auto directory = find(path);
  if (!directory || !directory->is_directory)
    fail_errno("open", path, ENOENT);
  begin_change(path);
  if (sync_fails())
    fail_errno("sync", path, EIO);
  directory->durable_names = directory->names;
  directory->unsynced_names.clear();
}

// --- Files --------------------------------------------------------------------------------------

simulated_disk::node_ptr simulated_disk::find_file(const fs::path& path, open_for what) {
  auto file = find(path);
  if (file && file->is_directory)
    fail_errno("open", path, EISDIR);
  if (!file && (what == open_for::reading || what == open_for::writing))
    fail_errno("open", path, ENOENT);
  if (!file) {
    const auto parent = directory_of(path);
    begin_change(path);
    file = std::make_shared<node>();
    change_name(*parent, {"", path.filename().string(), file});
  } else if (what == open_for::replacing && !file->content.empty()) {
    begin_change(path);
    truncate(*file);
  }
  return file;
}

std::unique_ptr<disk_file> simulated_disk::open(const fs::path& path, open_for what) {
  return std::make_unique<simulated_file>(*this, find_file(path, what), path);
}

std::unique_ptr<disk_file> simulated_disk::open_if_there(const fs::path& path) {
  return find(path) ? open(path, open_for::reading) : nullptr;
}

std::unique_ptr<disk_lock> simulated_disk::try_lock(const fs::path& file) {
  auto what = find_file(file, open_for::creating);
  if (!locked_.insert(what.get()).second)
    return nullptr;
  return std::make_unique<simulated_lock>(*this, std::move(what));
}

long simulated_disk::lock_holder(const fs::path& file) const {
  return stopped_ || !locked_.contains(find(file).get()) ? -1 : 0;
}

std::unique_ptr<disk_lock> simulated_disk::lock_directory(const fs::path& path) {
  auto what = find(path);
  PMMC_INVARIANT(what && locked_.insert(what.get()).second, "there is nobody to wait for");
  return std::make_unique<simulated_lock>(*this, std::move(what));
}

void simulated_disk::apply(const write& w, std::string& content) {
  if (w.truncates)
    return content.clear();
  if (content.size() < w.offset + w.bytes.size())
    content.resize(w.offset + w.bytes.size());
  content.replace(w.offset, w.bytes.size(), w.bytes);
}

void simulated_disk::put(node& file, std::uint64_t offset, std::string_view bytes) {
  write w{offset, std::string{bytes}, false};
  apply(w, file.content);
  file.unsynced.push_back(std::move(w));
  if (file.unsynced.size() > most_unsynced) {
    apply(file.unsynced.front(), file.durable);
    file.unsynced.pop_front();
  }
}

void simulated_disk::truncate(node& file) {
  file.content.clear();
  file.unsynced.push_back({0, {}, true});
}

void simulated_disk::write_file(node& file, const fs::path& path, std::uint64_t offset,
                                std::string_view bytes) {
  const bool dies = changes_left_ == 0;
  if (dies && !stopped_)
    put(file, offset, bytes.substr(0, chance_.below(bytes.size() + 1)));
  begin_change(path);
  const auto end = offset + bytes.size();
  const auto more = end - std::min<std::uint64_t>(end, file.content.size());
  const auto fits =
      room_ && more > *room_ ? bytes.size() - std::min(bytes.size(), more - *room_) : bytes.size();
  put(file, offset, bytes.substr(0, fits));
  if (room_)
    *room_ -= std::min(*room_, more);
  if (fits < bytes.size())
    fail_errno("write", path, ENOSPC);
}

void simulated_disk::sync_file(node& file, const fs::path& path) {
  begin_change(path);
  const bool fails = sync_fails();
  for (const auto& w : std::exchange(file.unsynced, {}))
    if (!fails || chance_.below(2) == 0)
      apply(w, file.durable);
  if (fails)
    fail_errno("sync", path, EIO);
}

// --- What goes wrong ----------------------------------------------------------------------------

void simulated_disk::demand_running(const fs::path& path) const {
  if (stopped_)
    throw disk_stopped{"cannot use " + path.string() + ": its process has died; start it again"};
}

void simulated_disk::begin_change(const fs::path& path) {
  if (changes_left_ && (*changes_left_)-- == 0) {
    changes_left_.reset();
    stopped_ = true;
  }
  demand_running(path);
}

void simulated_disk::fail_sync(bool for_good) { failing_syncs_ = for_good ? for_ever : 1; }

bool simulated_disk::sync_fails() {
  if (failing_syncs_ == 0)
    return false;
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
      w.bytes.resize(chance_.below(w.bytes.size() + 1));
      apply(w, file.durable);
    } else if (kept == pages) {
      for (std::size_t at = 0; at < w.bytes.size();) {
        const auto bytes = std::min(w.bytes.size() - at, page_bytes - (w.offset + at) % page_bytes);
        if (chance_.below(2) == 0)
          apply({w.offset + at, w.bytes.substr(at, bytes), false}, file.durable);
        at += bytes;
      }
    }
  }
  file.unsynced.clear();
  file.content = file.durable;
}

void simulated_disk::lose_names(node& directory) {
  enum : std::uint64_t { none, all, some, first };
  const auto kept = chance_.below(4);
  const auto whole = kept == first ? chance_.below(directory.unsynced_names.size() + 1) : 0;
  for (std::size_t i = 0; i < directory.unsynced_names.size(); ++i)
    if (kept == all || i < whole || (kept == some && chance_.below(2) == 0))
      apply(directory.unsynced_names[i], directory.durable_names);
  directory.unsynced_names.clear();
  directory.names = directory.durable_names;
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
                    static_cast<char>(1 << chance_.below(8))});
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
