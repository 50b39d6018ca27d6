#include "config/cluster_check.hpp"

#include "base/engine_kind.hpp"
#include "config/address.hpp"
#include "config/cluster_file.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace pmmc::config {

namespace {

constexpr std::array<std::string_view, 7> sections = {"cluster", "acceptor", "leader", "replica",
                                                      "server",  "redis",    "http"};

std::string in_line(std::size_t line) { return "in line " + std::to_string(line); }

std::string count_of(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string{what} + (count == 1 ? "" : "s");
}

class checker {
public:
  checker(const ini_file& file, findings& errors, findings& warnings)
      : file_(file), errors_(errors), warnings_(warnings) {}

  void run() {
    find_engine();
    check_sections();
    for (const auto& entry : file_.entries)
      check_entry(entry);
    // Ports come last: they name roles, which may stand below them.
    for (const auto& entry : file_.entries)
      if (is_repeated_.count(entry.line) == 0 &&
          (entry.section == "redis" || entry.section == "http"))
        check_port(entry);
    check_missing();
    if (errors_.empty())
      check_failures();
  }

private:
  /// A role that the file names, with what could be made out of its address.
  struct known_role {
    role_kind kind;
    std::size_t line;
    std::optional<address> where;
  };
  /// Who listens at an address.
  struct listener {
    std::string who;
    std::size_t line;
    std::string text; ///< the address as written
  };

  /// Before all else: which sections are right depends on it. Unless it is known, all are.
  void find_engine() {
    for (const auto& entry : file_.entries)
      if (entry.section == "cluster" && entry.key == "engine") {
        engine_ = to_engine_kind(entry.value);
        engine_line_ = entry.line;
        return;
      }
  }

  void check_sections() {
    for (const auto& section : file_.sections)
      check_section(section.line, section.name);
  }

  bool check_section(std::size_t line, const std::string& name) {
    const auto kind = to_member_kind(name);
    if (kind && is_of_other_engine(*kind))
      errors_.add(line, why_of_other_engine(*kind));
    if (std::find(sections.begin(), sections.end(), name) != sections.end())
      return true;
    errors_.add(line, "unknown section " + in_quotes("[" + name + "]") +
                          "; there are [cluster], [acceptor], [leader], [replica] or [server], "
                          "[redis] and [http]");
    return false;
  }

  bool is_of_other_engine(role_kind kind) const {
    return engine_ && !has_members_of(*engine_, kind);
  }

  std::string why_of_other_engine(role_kind kind) const {
    const auto where =
        engine_line_ == 0 ? "which it is without a line engine" : in_line(engine_line_);
    const std::string name{to_string(kind)};
    return "[" + name + "] has no place where the engine is " + std::string{to_string(*engine_)} +
           " (" + where + "), whose members are " + member_kinds_text(*engine_) +
           (kind == role_kind::server
                ? "; write engine = raft or engine = simple below [cluster], or name " +
                      member_kinds_text(*engine_)
                : "; name servers below [server], or leave engine out");
  }

  void check_entry(const ini_entry& entry) {
    if (entry.section.empty()) {
      errors_.add(entry.line, in_quotes(entry.key) +
                                  " is above the first section; put it below the section "
                                  "that it belongs to, such as [cluster]");
      return;
    }
    if (!file_.has_section(entry.section) && !check_section(entry.line, entry.section))
      return;
    auto [first, is_new] = first_lines_.try_emplace({entry.section, entry.key}, entry.line);
    if (!is_new) {
      is_repeated_.insert(entry.line);
      errors_.add(entry.line, in_quotes(entry.key) + " is already set " + in_line(first->second) +
                                  "; keep one of the two");
      return;
    }
    if (entry.section == "cluster")
      check_setting(entry);
    else if (auto kind = to_member_kind(entry.section))
      check_role(entry, *kind);
  }

  void check_setting(const ini_entry& entry) {
    if (entry.key == "name") {
      if (!is_valid_id(entry.value))
        errors_.add(entry.line, "the name " + in_quotes(entry.value) +
                                    " is not possible; write 1 to 31 of A-Z a-z 0-9 _ -");
    } else if (entry.key == "window") {
      auto window = text::parse_number<std::uint32_t>(entry.value);
      if (!window || *window == 0 || *window > max_window)
        errors_.add(entry.line, "the window " + in_quotes(entry.value) +
                                    " is not a number of slots; write 1 to " +
                                    std::to_string(max_window) + ", or leave it out for " +
                                    std::to_string(default_window));
    } else if (entry.key == "data") {
      if (entry.value.empty())
        errors_.add(entry.line, "data is empty; write a directory, such as data = var/local3");
    } else if (entry.key == "engine") {
      if (!engine_)
        errors_.add(entry.line, "there is no engine " + in_quotes(entry.value) +
                                    "; write pmmc, raft or simple, or leave it out for pmmc");
    } else {
      errors_.add(entry.line, "unknown key " + in_quotes(entry.key) +
                                  "; [cluster] has name, engine, window and data");
    }
  }

  // --- roles ------------------------------------------------------------------------------------

  void check_role(const ini_entry& entry, role_kind kind) {
    if (!is_valid_id(entry.key)) {
      errors_.add(entry.line, "the id " + in_quotes(entry.key) +
                                  " is not possible; write 1 to 31 of A-Z a-z 0-9 _ -");
      check_role_address(entry);
      ++counts_[kind];
      return;
    }
    auto [known, is_new] =
        roles_.try_emplace(entry.key, known_role{kind, entry.line, std::nullopt});
    ++counts_[kind];
    if (!is_new)
      errors_.add(entry.line, "the id " + in_quotes(entry.key) + " is already the " +
                                  std::string{to_string(known->second.kind)} + " " +
                                  in_line(known->second.line) +
                                  "; give every role an id of its own");
    auto where = check_role_address(entry);
    if (!where)
      return;
    if (is_new)
      known->second.where = where;
    claim_process(entry, kind, *where);
  }

  std::optional<address> check_role_address(const ini_entry& entry) {
    auto where = check_address(entry);
    if (!where || !is_wildcard(where->host))
      return where;
    errors_.add(entry.line, in_quotes(entry.value) +
                                " is an address that no other process can connect to; "
                                "write the host's own name or address");
    return std::nullopt;
  }

  std::optional<address> check_address(const ini_entry& entry) {
    std::string error;
    auto where = parse_address(entry.value, error);
    if (!where)
      errors_.add(entry.line, "the address " + in_quotes(entry.value) + " " + error);
    return where;
  }

  // Roles may share an address, which makes them one process.
  void claim_process(const ini_entry& entry, role_kind kind, const address& where) {
    auto who = std::string{to_string(kind)} + " " + entry.key;
    auto key = key_of(where.host, where.port);
    auto [other, is_first] = listeners_.try_emplace(key, listener{who, entry.line, entry.value});
    auto [twin, is_only] = kinds_.try_emplace({key, kind}, listener{who, entry.line, entry.value});
    if (!is_only)
      errors_.add(entry.line, who + " would share a process with " + twin->second.who + " " +
                                  in_line(twin->second.line) +
                                  ", and fail together with it; give it another address");
    else if (!is_first && other->second.text != entry.value)
      errors_.add(entry.line, in_quotes(entry.value) + " is the address of " + other->second.who +
                                  " " + in_line(other->second.line) +
                                  " written in another way; write " + other->second.text +
                                  " or choose another port");
  }

  // --- redis and http ---------------------------------------------------------------------------

  void check_port(const ini_entry& entry) {
    auto where = check_address(entry);
    auto role = roles_.find(entry.key);
    if (role == roles_.end()) {
      errors_.add(entry.line, "there is no role " + in_quotes(entry.key) + "; name " +
                                  (entry.section == "redis" ? redis_kinds() : "a role") +
                                  " of this file");
      return;
    }
    if (entry.section == "redis" && !serves_clients(role->second.kind) &&
        !is_of_other_engine(role->second.kind))
      errors_.add(entry.line, in_quotes(entry.key) + " is the " +
                                  std::string{to_string(role->second.kind)} + " " +
                                  in_line(role->second.line) + "; [redis] takes replicas");
    if (where && role->second.where)
      claim_port(entry, *where, *role->second.where);
  }

  std::string redis_kinds() const {
    return engine_ && has_members_of(*engine_, role_kind::server) ? "a server" : "a replica";
  }

  void claim_port(const ini_entry& entry, const address& where, const address& process) {
    auto process_key = key_of(process.host, process.port);
    auto who = "[" + entry.section + "] of " + entry.key;
    auto [other, is_first] = listeners_.try_emplace(
        key_of(is_wildcard(where.host) ? process.host : where.host, where.port),
        listener{who, entry.line, entry.value});
    if (!is_first)
      errors_.add(entry.line, in_quotes(entry.value) + " is already the address of " +
                                  other->second.who + " " + in_line(other->second.line) +
                                  "; choose another port");
    if (entry.section != "http")
      return;
    auto [twin, is_only] = http_.try_emplace(process_key, entry.line);
    if (!is_only)
      errors_.add(entry.line, "the process of " + entry.key + " already has its [http] address " +
                                  in_line(twin->second) + "; keep one of the two");
  }

  static std::string key_of(const std::string& host, std::uint16_t port) {
    return to_string(address{canonical_host(host), port});
  }

  // --- the whole --------------------------------------------------------------------------------

  void check_missing() {
    if (first_lines_.count({"cluster", "name"}) == 0)
      errors_.add(file_.line_of("cluster"),
                  "the cluster has no name; write one below [cluster], such as name = local3");
    if (!engine_ || has_members_of_another_only())
      return;
    for (const auto kind : member_kinds_of(*engine_)) {
      std::string section{to_string(kind)};
      if (counts_[kind] == 0)
        errors_.add(file_.line_of(section), "there are no " + section +
                                                "s; write at least one below [" + section +
                                                "], such as " + std::string{example_of(kind)});
    }
  }

  static std::string_view example_of(role_kind kind) {
    switch (kind) {
    case role_kind::acceptor:
      return "a1 = 127.0.0.1:7101";
    case role_kind::leader:
      return "l1 = 127.0.0.1:7201";
    case role_kind::replica:
      return "r1 = 127.0.0.1:7301";
    default:
      return "s1 = 127.0.0.1:7601";
    }
  }

  /// It is told already that its sections are those of another engine: one mistake, not four.
  bool has_members_of_another_only() {
    std::size_t own = 0, others = 0;
    for (const auto kind : all_member_kinds)
      (is_of_other_engine(kind) ? others : own) += counts_[kind];
    return own == 0 && others > 0;
  }

  void check_failures() {
    const bool has_servers = has_members_of(*engine_, role_kind::server);
    const auto voter = has_servers ? role_kind::server : role_kind::acceptor;
    const auto voters = counts_[voter];
    auto survived = (voters - 1) / 2;
    if (voters % 2 == 0)
      warnings_.add(file_.line_of(to_string(voter)),
                    count_of(voters, to_string(voter)) + " need a quorum of " +
                        std::to_string(voters / 2 + 1) + " and survive " +
                        count_of(survived, "failure") + ", no more than " +
                        count_of(voters - 1, to_string(voter)) + " would; make them " +
                        std::to_string(voters - 1) + " or " + std::to_string(voters + 1));
    if (has_servers)
      return;
    for (auto kind : {role_kind::leader, role_kind::replica})
      if (counts_[kind] <= survived)
        warnings_.add(file_.line_of(to_string(kind)),
                      count_of(counts_[kind], to_string(kind)) + " survive" +
                          (counts_[kind] == 1 ? "s " : " ") +
                          count_of(counts_[kind] - 1, "failure") + ", the acceptors survive " +
                          std::to_string(survived) + "; make them " + std::to_string(survived + 1) +
                          " or more");
  }

  const ini_file& file_;
  findings& errors_;
  findings& warnings_;
  std::optional<engine_kind> engine_ = default_engine; ///< none: the file names one that is none
  std::size_t engine_line_ = 0;                        ///< 0: it is not in the file
  std::map<std::pair<std::string, std::string>, std::size_t> first_lines_; ///< by section and key
  std::set<std::size_t> is_repeated_;                                      ///< lines
  std::map<std::string, known_role> roles_;                                ///< by id
  std::map<role_kind, std::size_t> counts_;
  std::map<std::string, listener> listeners_;                   ///< by canonical address
  std::map<std::pair<std::string, role_kind>, listener> kinds_; ///< by process and kind
  std::map<std::string, std::size_t> http_;                     ///< lines, by process
};

} // namespace

void check_cluster(const ini_file& file, findings& errors, findings& warnings) {
  checker{file, errors, warnings}.run();
}

} // namespace pmmc::config
