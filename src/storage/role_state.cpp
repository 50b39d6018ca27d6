#include "storage/role_state.hpp"

#include "base/invariant.hpp"
#include "storage/checked_text.hpp"

namespace pmmc::storage {

namespace {

/// More than all members that a cluster remembers would need, with the longest ids and disks.
constexpr std::size_t max_state_bytes = 16 << 20;

using words = std::vector<std::string>;

std::filesystem::path state_path(const std::filesystem::path& dir) { return dir / "state"; }

std::string state_text(const role_state_contents& contents) {
  text_lines text;
  text.line({"seqnum", std::to_string(contents.seqnum)});
  words lives{"lives", std::to_string(contents.lives.first)};
  for (const auto nonce : contents.lives.nonces)
    lives.push_back(std::to_string(nonce));
  text.line(lives);
  for (const auto& [id, peer] : contents.known.all())
    text.line({"disk", id.str(), peer.format_id, std::to_string(peer.last.number),
               std::to_string(peer.last.nonce), std::to_string(peer.records),
               peer.was_refused ? "refused" : "good"});
  return text.sealed();
}

bool take_number(std::string_view word, std::uint64_t& into) {
  const auto number = parse_number(word);
  into = number.value_or(0);
  return number.has_value();
}

bool take_lives(const words& line, life_history& lives) {
  if (line.size() < 2 || line.size() > 2 + life_history::max_kept ||
      !take_number(line[1], lives.first) || lives.first == 0 ||
      lives.first > (std::uint64_t{1} << 62))
    return false;
  lives.nonces.resize(line.size() - 2);
  for (std::size_t i = 2; i < line.size(); ++i)
    if (!take_number(line[i], lives.nonces[i - 2]))
      return false;
  return true;
}

bool take_peer(const words& line, known_disks& known) {
  if (line.size() != 7 || line[1].size() > role_id::max_size ||
      (line[6] != "good" && line[6] != "refused"))
    return false;
  known_peer peer;
  peer.format_id = line[2];
  peer.was_refused = line[6] == "refused";
  if (!take_number(line[3], peer.last.number) || !take_number(line[4], peer.last.nonce) ||
      !take_number(line[5], peer.records))
    return false;
  known.restore(role_id{line[1]}, std::move(peer));
  return true;
}

bool take_line(const words& line, role_state_contents& contents) {
  if (line.empty())
    return false;
  if (line[0] == "seqnum")
    return line.size() == 2 && take_number(line[1], contents.seqnum);
  if (line[0] == "lives")
    return take_lives(line, contents.lives);
  return line[0] == "disk" && take_peer(line, contents.known);
}

std::optional<role_state_contents> parse_state(std::string_view bytes) {
  const auto lines = unseal(bytes);
  if (!lines)
    return std::nullopt;
  role_state_contents contents;
  for (const auto& line : *lines)
    if (!take_line(line, contents))
      return std::nullopt;
  return contents;
}

} // namespace

role_state_contents read_role_state(const data_directory& directory) {
  auto& disk = directory.files();
  const auto file = state_path(directory.path());
  const auto next = "what this " + std::string{to_string(directory.info().kind)} +
                    " did before is unknown. Put the file back if it was misplaced; otherwise " +
                    repair_advice(directory.info().kind);
  if (!disk.exists(file))
    fail("use", file, "the file is missing", next);
  auto contents = parse_state(read_file(disk, file, max_state_bytes));
  if (!contents)
    fail("use", file, "its checksum is wrong", next);
  return std::move(*contents);
}

void role_state::create(disk& on, const std::filesystem::path& dir) {
  replace_file(on, state_path(dir), state_text({}));
}

role_state::role_state(const data_directory& directory)
    : disk_(directory.files()), file_(state_path(directory.path())) {
  PMMC_INVARIANT(directory.is_writable(), "a role's state opens in a locked directory");
  contents_ = read_role_state(directory);
  remove_if_possible(disk_, file_.string() + ".tmp"); // of a crashed save
}

role_state::~role_state() {
  if (failed_)
    return;
  try {
    save_notes();
  } catch (const storage_error&) {
    // Lower bounds: those of before are right, too.
  }
}

void role_state::write() {
  if (failed_)
    fail("write", file_, "an earlier write failed, so nobody knows what is on the disk",
         "stop this process; started again, it verifies its files");
  failed_ = true; // until it is known that it did not
  replace_file(disk_, file_, state_text(contents_));
  failed_ = false;
  contents_.known.saved();
}

void role_state::save(std::uint64_t seqnum) {
  PMMC_INVARIANT(seqnum >= contents_.seqnum, "L3: ballots are never reused");
  if (seqnum == contents_.seqnum && !failed_)
    return;
  contents_.seqnum = seqnum;
  write();
}

void role_state::begin_life() {
  contents_.lives.begin(disk_.fresh_number());
  write();
}

void role_state::save_notes() {
  if (contents_.known.unsaved() != known_disks::change::none)
    write();
}

} // namespace pmmc::storage
