#include "storage/format_file.hpp"

#include "storage/checked_text.hpp"

#include <map>
#include <tuple>

namespace pmmc::storage {

namespace {

constexpr std::size_t max_format_bytes = 1 << 20;

[[noreturn]] void damaged(const std::filesystem::path& file, std::string_view how) {
  fail("use", file, how,
       "it says whose directory this is, so nothing in here can be trusted. Restore this file from "
       "a copy. Without one: an acceptor, a leader or a server must stay down, and must not be "
       "formatted again under its id; for a replica, " +
           repair_advice(role_kind::replica));
}

void put_members(text_lines& text, const std::string& role, const std::vector<member>& members) {
  for (const auto& m : members)
    text.line({role, m.id.str(), m.address});
}

using words = std::vector<std::string>;

bool add_member(configuration& config, const words& line) {
  const std::map<std::string, std::vector<member>*> lists = {{"has-acceptor", &config.acceptors},
                                                             {"has-leader", &config.leaders},
                                                             {"has-replica", &config.replicas},
                                                             {"has-server", &config.servers}};
  const auto list = lists.find(line[0]);
  if (list == lists.end() || line.size() != 3 || line[1].size() > role_id::max_size)
    return false;
  list->second->push_back({line[1], line[2]});
  return true;
}

bool take_line(format_info& info, const words& line) {
  if (line.size() != 2)
    return !line.empty() && add_member(info.facts.first, line);
  const auto& [name, value] = std::tie(line[0], line[1]);
  const auto number = parse_number(value);
  if (name == "cluster")
    info.cluster = value;
  else if (name == "id" && value.size() <= role_id::max_size)
    info.id = value;
  else if (name == "format-id")
    info.format_id = value;
  else if (name == "protocol")
    info.facts.protocol = value;
  else if (name == "engine")
    info.facts.engine = value;
  else if (name == "state-machine")
    info.facts.machine = value;
  else if (name == "window" && number)
    info.facts.window = *number;
  else if (name == "configuration" && number)
    info.facts.first.version = *number;
  else if (name == "first-slot" && number)
    info.facts.first.first_slot = *number;
  else if (const auto kind = to_member_kind(value); name == "role" && kind)
    info.kind = *kind;
  else
    return false;
  return true;
}

} // namespace

std::string format_text(const format_info& info) {
  text_lines text;
  text.line({"pmmc-data", std::to_string(storage_format_version)})
      .line({"cluster", info.cluster})
      .line({"role", std::string{to_string(info.kind)}})
      .line({"id", info.id.str()})
      .line({"format-id", info.format_id})
      .line({"protocol", info.facts.protocol})
      .line({"engine", info.facts.engine})
      .line({"state-machine", info.facts.machine})
      .line({"window", std::to_string(info.facts.window)})
      .line({"configuration", std::to_string(info.facts.first.version)})
      .line({"first-slot", std::to_string(info.facts.first.first_slot)});
  put_members(text, "has-acceptor", info.facts.first.acceptors);
  put_members(text, "has-leader", info.facts.first.leaders);
  put_members(text, "has-replica", info.facts.first.replicas);
  put_members(text, "has-server", info.facts.first.servers);
  return text.sealed();
}

format_info read_format(disk& on, const std::filesystem::path& dir) {
  const auto file = dir / "FORMAT";
  if (!on.exists(file))
    damaged(file, "the file is missing, but the directory is not empty");
  const auto lines = unseal(read_file(on, file, max_format_bytes));
  if (!lines || lines->empty())
    damaged(file, "its checksum is wrong");
  const auto& head = lines->front();
  if (head.size() != 2 || head[0] != "pmmc-data")
    damaged(file, "it is not the FORMAT file of a pmmc data directory");
  if (head[1] != std::to_string(storage_format_version))
    fail("use", file, "it has format version " + head[1],
         "this program reads version " + std::to_string(storage_format_version) +
             "; run the program that wrote it");
  format_info info;
  for (std::size_t i = 1; i < lines->size(); ++i)
    if (!take_line(info, (*lines)[i]))
      damaged(file, "line " + std::to_string(i + 1) + " makes no sense");
  return info;
}

} // namespace pmmc::storage
