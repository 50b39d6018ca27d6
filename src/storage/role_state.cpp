#include "storage/role_state.hpp"

#include "invariant.hpp"
#include "storage/checked_text.hpp"

namespace pmmc::storage {

namespace {

constexpr std::size_t max_state_bytes = 4 << 20;

std::filesystem::path state_path(const std::filesystem::path& dir) { return dir / "state"; }

std::string state_text(const role_state_contents& contents) {
  text_lines text;
  text.line({"seqnum", std::to_string(contents.seqnum)});
  for (const auto& [acceptor, format_id] : contents.known_disks)
    text.line({"disk", acceptor.str(), format_id});
  return text.sealed();
}

std::optional<role_state_contents> parse_state(std::string_view bytes) {
  const auto lines = unseal(bytes);
  if (!lines)
    return std::nullopt;
  role_state_contents contents;
  for (const auto& line : *lines) {
    const auto number = line.size() == 2 ? parse_number(line[1]) : std::nullopt;
    if (line.size() == 2 && line[0] == "seqnum" && number)
      contents.seqnum = *number;
    else if (line.size() == 3 && line[0] == "disk" && line[1].size() <= role_id::max_size)
      contents.known_disks[line[1]] = line[2];
    else
      return std::nullopt;
  }
  return contents;
}

} // namespace

role_state_contents read_role_state(const data_directory& directory) {
  const auto file = state_path(directory.path());
  const auto next = "what this " + std::string{to_string(directory.info().kind)} +
                    " did before is unknown. Put the file back if it was misplaced; otherwise " +
                    repair_advice(directory.info().kind);
  if (!std::filesystem::exists(file))
    fail("use", file, "the file is missing", next);
  auto contents = parse_state(read_file(file, max_state_bytes));
  if (!contents)
    fail("use", file, "its checksum is wrong", next);
  return std::move(*contents);
}

void role_state::create(const std::filesystem::path& dir) {
  replace_file(state_path(dir), state_text({}));
}

role_state::role_state(const data_directory& directory) : file_(state_path(directory.path())) {
  PMMC_INVARIANT(directory.is_writable(), "a role's state opens in a locked directory");
  auto contents = read_role_state(directory);
  seqnum_ = contents.seqnum;
  known_disks_ = std::move(contents.known_disks);
  std::error_code ignored;
  std::filesystem::remove(file_.string() + ".tmp", ignored); // of a crashed save
}

void role_state::write() {
  if (failed_)
    fail("write", file_, "an earlier write failed, so nobody knows what is on the disk",
         "stop this process; started again, it verifies its files");
  failed_ = true; // until it is known that it did not
  replace_file(file_, state_text({seqnum_, known_disks_}));
  failed_ = false;
}

void role_state::save(std::uint64_t seqnum) {
  PMMC_INVARIANT(seqnum >= seqnum_, "L3: ballots are never reused");
  if (seqnum == seqnum_ && !failed_)
    return;
  seqnum_ = seqnum;
  write();
}

bool role_state::meet(const role_id& acceptor, const std::string& format_id) {
  const auto [known, is_new] = known_disks_.try_emplace(acceptor, format_id);
  if (is_new || failed_)
    write();
  return known->second == format_id;
}

} // namespace pmmc::storage
