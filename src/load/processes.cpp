#include "load/processes.hpp"

#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <unistd.h>

namespace pmmc::load {

namespace {

/// The first IPv4 address of a host, in the order of the network; nothing if it has none.
std::optional<in_addr_t> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
    return std::nullopt;
  sockaddr_in first{};
  std::memcpy(&first, found->ai_addr, sizeof first);
  freeaddrinfo(found);
  return first.sin_addr.s_addr;
}

bool is_of_this_machine(in_addr_t address) {
  if ((ntohl(address) >> 24) == 127)
    return true;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0)
    return false;
  bool ours = false;
  for (auto* i = all; i != nullptr; i = i->ifa_next) {
    sockaddr_in own{};
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET)
      continue;
    std::memcpy(&own, i->ifa_addr, sizeof own);
    ours |= own.sin_addr.s_addr == address;
  }
  freeifaddrs(all);
  return ours;
}

/// As /proc/PID/fd names the listening sockets at this address, or at all addresses.
std::set<std::string> listening_sockets(in_addr_t address, unsigned port) {
  std::set<std::string> names;
  for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in{file};
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::istringstream words{line};
      std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
      words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
          timeout >> inode;
      const auto colon = local.find(':');
      if (state != "0A" || colon == std::string::npos ||
          std::stoul(local.substr(colon + 1), nullptr, 16) != port)
        continue;
      const auto host = local.substr(0, colon);
      char wanted[16];
      std::snprintf(wanted, sizeof wanted, "%08X", address); // both in the machine's order
      if (host == wanted || host.find_first_not_of('0') == std::string::npos)
        names.insert("socket:[" + inode + "]");
    }
  }
  return names;
}

std::optional<pid_t> holder_of(const std::set<std::string>& sockets) {
  std::error_code unreadable; // other users' processes, and those that have just ended
  for (const auto& process : std::filesystem::directory_iterator{"/proc", unreadable}) {
    const auto name = process.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr !=
        name.data() + name.size())
      continue;
    for (const auto& fd : std::filesystem::directory_iterator{process.path() / "fd", unreadable})
      if (sockets.contains(std::filesystem::read_symlink(fd.path(), unreadable).string()))
        return pid;
  }
  return std::nullopt;
}

} // namespace

std::optional<server_usage> usage_of(pid_t pid) {
  const auto folder = "/proc/" + std::to_string(pid);
  std::ifstream stat{folder + "/stat"};
  std::string line;
  if (!std::getline(stat, line) || line.rfind(')') == std::string::npos)
    return std::nullopt;
  std::istringstream fields{line.substr(line.rfind(')') + 2)}; // from the third one on, proc(5)
  std::string skipped;
  for (int field = 3; field < 14; ++field)
    fields >> skipped;
  double user = 0, system = 0;
  std::uint64_t virtual_pages = 0, resident_pages = 0;
  std::ifstream memory{folder + "/statm"};
  if (!(fields >> user >> system) || !(memory >> virtual_pages >> resident_pages))
    return std::nullopt;
  return server_usage{(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)),
                      resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))};
}

std::optional<pid_t> listener_of(const std::string& address, std::string& why) {
  const auto colon = address.rfind(':');
  const auto host = look_up(address.substr(0, colon));
  if (!host || !is_of_this_machine(*host)) {
    why = address + " is no IPv4 address of this machine";
    return std::nullopt;
  }
  const auto port = static_cast<unsigned>(std::strtoul(address.c_str() + colon + 1, nullptr, 10));
  const auto sockets = listening_sockets(*host, port);
  const auto pid = sockets.empty() ? std::nullopt : holder_of(sockets);
  if (!pid)
    why = sockets.empty() ? "nobody listens at " + address
                          : "the process that listens at " + address + " is another user's";
  return pid;
}

metric_sums parse_metrics(const std::string& page) {
  metric_sums sums;
  std::istringstream in{page};
  for (std::string line; std::getline(in, line);) {
    const auto name = line.find_first_of("{ ");
    const auto value = line.rfind(' ');
    if (line.starts_with('#') || name == std::string::npos)
      continue;
    sums[line.substr(0, name)] += std::strtod(line.c_str() + value, nullptr);
  }
  return sums;
}

} // namespace pmmc::load
