#include "storage/members_file.hpp"

#include "storage/checked_text.hpp"

#include <charconv>

namespace pmmc::storage {

namespace {

/// More than all configurations and former members that are ever kept, of the largest ids,
/// addresses and disks, take: 34 times 3 times 64, and 4096, lines of less than 1.7 KiB.
constexpr std::size_t max_members_bytes = 32 << 20;

using words = std::vector<std::string>;

std::filesystem::path members_path(const std::filesystem::path& dir) { return dir / "members"; }

std::string members_text(const membership& known) {
  text_lines text;
  text.line({"live-from", std::to_string(known.live_from)});
  if (known.identity != 0)
    text.line({"identity", identity_text(known.identity)});
  for (const auto& [first_slot, config] : known.configurations.all()) {
    text.line({"configuration", std::to_string(config.version), std::to_string(first_slot)});
    for (const auto kind : all_member_kinds)
      for (const auto& m : config.members(kind))
        text.line({std::string{to_string(kind)}, m.id.str(), m.address, m.disk});
  }
  for (const auto& [id, f] : known.configurations.former_members())
    text.line({"former", std::string{to_string(f.kind)}, id.str(), f.address, f.disk,
               std::to_string(f.removed_in)});
  return text.sealed();
}

struct parts {
  config_version live_from = 1;
  cluster_identity identity = 0;
  std::vector<configuration> configurations;
  std::vector<former_member> former;

  bool take(const words& line) {
    if (line.size() == 2 && line[0] == "live-from")
      return take_number(line[1], live_from);
    if (line.size() == 2 && line[0] == "identity")
      return take_identity(line[1]);
    if (line.size() == 3 && line[0] == "configuration") {
      auto& config = configurations.emplace_back();
      return take_number(line[1], config.version) && take_number(line[2], config.first_slot);
    }
    if (line.size() == 6 && line[0] == "former") {
      const auto kind = to_member_kind(line[1]);
      config_version removed_in = 0;
      if (!kind || line[2].size() > role_id::max_size || !take_number(line[5], removed_in))
        return false;
      former.push_back({*kind, role_id{line[2]}, line[3], line[4], removed_in});
      return true;
    }
    const auto kind = line.size() == 4 ? to_member_kind(line[0]) : std::nullopt;
    if (!kind || configurations.empty() || line[1].size() > role_id::max_size)
      return false;
    configurations.back().members(*kind).push_back({role_id{line[1]}, line[2], line[3]});
    return true;
  }

private:
  bool take_identity(std::string_view word) {
    const auto* end = word.data() + word.size();
    const auto [read_to, error] = std::from_chars(word.data(), end, identity, 16);
    return error == std::errc{} && read_to == end;
  }
  static bool take_number(std::string_view word, std::uint64_t& into) {
    const auto number = parse_number(word);
    into = number.value_or(0);
    return number.has_value();
  }
};

std::optional<membership> parse_members(std::string_view bytes) {
  const auto lines = unseal(bytes);
  if (!lines)
    return std::nullopt;
  parts read;
  for (const auto& line : *lines)
    if (!read.take(line))
      return std::nullopt;
  membership known;
  known.live_from = read.live_from;
  known.identity = read.identity;
  if (!known.configurations.assign(std::move(read.configurations), std::move(read.former)))
    return std::nullopt;
  return known;
}

} // namespace

std::optional<membership> read_members(disk& on, const std::filesystem::path& dir) {
  const auto file = members_path(dir);
  if (!on.exists(file))
    return std::nullopt;
  auto known = parse_members(read_file(on, file, max_members_bytes));
  if (!known || known->configurations.empty())
    fail("use", file, "its checksum is wrong",
         "remove this one file: the role then asks the processes that its config file names");
  return known;
}

void write_members(disk& on, const std::filesystem::path& dir, const membership& known) {
  replace_file(on, members_path(dir), members_text(known));
}

} // namespace pmmc::storage
