#include "storage/simulated_disk.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

/// The kernel writes back what nobody syncs, some time.
constexpr std::size_t most_unsynced = 64;

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
    disk_.note_read(*file_, offset, max_bytes);
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
  if (fits < bytes.size()) {
    ++hits_.writes_without_room;
    fail_errno("write", path, ENOSPC);
  }
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

// --- The process --------------------------------------------------------------------------------

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

} // namespace pmmc::storage
