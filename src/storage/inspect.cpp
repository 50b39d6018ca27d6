#include "storage/inspect.hpp"

#include "base/engine_kind.hpp"
#include "storage/acceptor_recovery.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"
#include "storage/raft_recovery.hpp"
#include "storage/role_state.hpp"
#include "storage/simple_recovery.hpp"
#include "storage/snapshot_folder.hpp"
#include "storage/snapshot_reader.hpp"
#include "storage/voter_log.hpp"

#include <algorithm>
#include <set>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

/// Runs `look`; what it throws becomes a problem.
template <class F>
bool problem_free(inspection& report, F look) try {
  look();
  return true;
} catch (const std::exception& e) {
  report.problems.emplace_back(e.what());
  return false;
}

/// What `load` gives of the log.
template <class Load>
auto load_beside_writer(disk& on, const inspection& report, voter whose, Load load) {
  // A running voter may give back a segment that was just listed, or be writing a record that was
  // just read. Then look again.
  constexpr int attempts = 40;
  for (int attempt = 1;; ++attempt) {
    try {
      const auto told = voter_log::acknowledged_in(on, report.path, whose); // the log goes on
      return load(on, voter_log::folder_in(report.path), told);
    } catch (const storage_error&) {
      if (report.running_as < 0 || attempt == attempts)
        throw;
    }
  }
}

inspected_version summary(config_version version, const acceptor_state::votes& votes) {
  inspected_version out{.version = version, .ballot = votes.ballot};
  for (const auto& [slot, held] : votes.accepted)
    out.command_bytes += held.value.size();
  out.pvalues = votes.accepted.size();
  if (out.pvalues > 0) {
    out.lowest = votes.accepted.begin()->first;
    out.highest = votes.accepted.rbegin()->first;
  }
  return out;
}

void inspect_acceptor(disk& on, inspection& report) {
  const auto loaded = load_beside_writer(on, report, voter::acceptor, load_acceptor);
  inspected_acceptor out{
      .watermark = loaded.state.watermark, .writes = loaded.mark.writes, .versions = {}};
  for (const auto& [version, votes] : loaded.state.by_version)
    out.versions.push_back(summary(version, votes));
  report.acceptor = std::move(out);
}

void inspect_raft(disk& on, inspection& report) {
  const auto loaded = load_beside_writer(on, report, voter::server, load_server);
  const auto& state = loaded.state;
  const auto last = state.log.last();
  report.raft = inspected_raft{.writes = loaded.mark.writes,
                               .term = state.term,
                               .voted_for = state.voted_for,
                               .in_snapshot = state.log.base().index,
                               .last = last.index,
                               .last_term = last.term,
                               .log_bytes = state.log.size_bytes()};
}

void inspect_simple(disk& on, inspection& report) {
  const auto loaded = load_beside_writer(on, report, voter::simple_server, load_simple_acceptor);
  const auto& votes = loaded.state.votes;
  inspected_simple out{
      .min = loaded.state.min, .writes = loaded.mark.writes, .promised = votes.size()};
  for (const auto& [slot, vote] : votes)
    if (vote.highest) {
      ++out.accepted;
      out.command_bytes += vote.highest->value.size();
    }
  out.highest = votes.empty() ? 0 : votes.rbegin()->first;
  report.simple = out;
}

void inspect_snapshots(disk& on, inspection& report, const inspect_check& check) {
  const auto folder = snapshot_folder::path_in(report.path);
  problem_free(report, [&] { snapshot_folder::check_newest(on, folder, report.format->kind); });
  for (const auto slot : snapshot_folder::slots_in(on, folder)) {
    const auto file = snapshot_folder::file_of(folder, slot);
    inspected_snapshot found{.slot = slot};
    std::error_code error;
    found.file_bytes = fs::file_size(file, error);
    if (error)
      continue; // removed meanwhile by the running replica
    found.good = problem_free(report, [&] {
      snapshot_reader snapshot{on, file, report.format->cluster, slot, report.format->kind};
      check(snapshot, report.format->facts);
      snapshot.finish();
    });
    report.snapshots.push_back(found);
  }
}

void list_files(inspection& report) {
  std::error_code error;
  for (fs::recursive_directory_iterator it{report.path, error}, end; !error && it != end;
       it.increment(error)) {
    std::error_code vanished;
    if (it->is_regular_file(vanished) && !vanished)
      if (const auto bytes = it->file_size(vanished); !vanished)
        report.files.push_back({fs::relative(it->path(), report.path, vanished).string(), bytes});
  }
  std::sort(report.files.begin(), report.files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

void inspect_role(inspection& report, const data_directory& directory, const inspect_check& check) {
  if (directory.info().kind == role_kind::acceptor)
    problem_free(report, [&] { inspect_acceptor(directory.files(), report); });
  const auto& engine = directory.info().facts.engine;
  if (engine == to_string(engine_kind::raft))
    problem_free(report, [&] { inspect_raft(directory.files(), report); });
  if (engine == to_string(engine_kind::simple))
    problem_free(report, [&] { inspect_simple(directory.files(), report); });
  problem_free(report, [&] {
    const auto contents = read_role_state(directory);
    report.known_disks = contents.known.format_ids();
    for (const auto& [id, peer] : contents.known.all())
      report.known_records[id] = peer.records;
    report.lives = contents.lives.current().number;
    if (directory.info().kind == role_kind::leader)
      report.seqnum = contents.seqnum;
  });
  problem_free(report, [&] { read_members(directory.files(), directory.path()); });
  if (serves_clients(directory.info().kind))
    inspect_snapshots(directory.files(), report, check);
}

/// By any file that each kind of role has, so that a damaged one is looked at, too.
bool is_a_roles(const fs::path& path) {
  std::error_code not_there;
  for (const auto* file : {"FORMAT", "acknowledged", "state", "members"})
    if (fs::is_regular_file(path / file, not_there))
      return true;
  return false;
}

/// What to name instead: the roles' directories in this one, if there are any.
std::string advice_instead(const fs::path& path) {
  constexpr int most = 20;
  std::set<std::string> found;
  std::error_code unreadable;
  for (fs::directory_iterator it{path, unreadable}, end; !unreadable && it != end;
       it.increment(unreadable))
    if (is_a_roles(it->path()))
      found.insert(it->path().string());
  if (found.empty())
    return "name that of a role, `<data>/<id>`";
  std::string text = "name one of";
  int named = 0;
  for (const auto& directory : found)
    if (named++ < most)
      text += " " + directory;
  return text + (named > most ? " ..." : "");
}

} // namespace

inspection inspect(const fs::path& path, const inspect_check& check) {
  if (!fs::is_directory(path))
    fail("inspect", path,
         fs::exists(path) ? "it is a file, and no directory" : "there is no such directory",
         "name the data directory of a role, `<data>/<id>`");
  if (!is_a_roles(path))
    fail("inspect", path, "it is no data directory", advice_instead(path));
  inspection report;
  report.path = path;
  report.running_as = lock_holder(real_disk(), path);
  problem_free(report, [&] {
    const auto directory = data_directory::open_read_only(real_disk(), path);
    report.format = directory.info();
    inspect_role(report, directory, check);
  });
  report.disk_bytes = disk_bytes(path);
  list_files(report);
  return report;
}

} // namespace pmmc::storage
