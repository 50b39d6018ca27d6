// The cluster file: the INI file that seeds a cluster's membership (docs of the format: the
// comments in config/separate3.conf). Flags and environment are not looked at here.
#pragma once

#include "base/engine_kind.hpp"
#include "membership/configuration.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::config {

/// Whether `id` may name a role: 1 to 31 characters out of A-Z a-z 0-9 _ -.
bool is_valid_id(std::string_view id);

struct role {
  role_id id;
  role_kind kind = role_kind::acceptor;
  std::string address; ///< as in the file, "HOST:PORT"

  friend bool operator==(const role&, const role&) = default;
};

/// The roles that name one address live in one process: at most one of each kind.
struct process {
  std::string address;
  std::vector<role> roles; ///< in the order acceptor, leader, replica; or a server

  /// "a1 l1 r1".
  std::string ids() const;
};

inline constexpr std::uint32_t default_window = 128;
inline constexpr std::uint32_t max_window = 65536;

/// A cluster file without mistakes.
struct cluster_file {
  std::filesystem::path path; ///< absolute
  std::string name;
  engine_kind engine = default_engine;
  std::uint32_t window = default_window; ///< WINDOW, in slots
  std::filesystem::path data;            ///< absolute; role a1 keeps its data in data/"a1"
  configuration first;                   ///< version 1, first slot 1, members in file order
  std::map<role_id, std::string> redis; ///< replica or server → address of its process's Redis port
  std::map<role_id, std::string> http; ///< role id → address of its process's HTTP port
  /// What is allowed but doubtful if the file founds a cluster, as lines like those of load_result.
  std::vector<std::string> warnings;
};

/// `file` is there if and only if there are no errors. Errors are whole lines without a newline,
/// "FILE:LINE: what is wrong; what would be right", in the order of the file's lines.
struct load_result {
  std::optional<cluster_file> file;
  std::vector<std::string> errors;
};

/// Reads the cluster file at `path`. An unreadable file is an error in the result too; nothing
/// throws but std::bad_alloc.
load_result load_cluster_file(const std::filesystem::path& path);

/// The same for the file's contents; `path` is used for messages and to resolve `data`.
load_result parse_cluster_file(std::string_view contents, const std::filesystem::path& path);

/// Every role of `c`: acceptors, leaders, replicas, servers, each in file order.
std::vector<role> roles_of(const configuration& c);

/// The roles of `c` grouped by address, in the order in which the addresses first occur in
/// roles_of.
std::vector<process> processes_of(const configuration& c);

/// The role called `id`.
std::optional<role> find_role(const configuration& c, const role_id& id);

} // namespace pmmc::config
