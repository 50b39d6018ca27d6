// Who says that a role's disk is wrong, and who of these counts.
#pragma once

#include "membership/known_disks.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace pmmc {

/// Only those count whom the role's process has introduced, members where the members are, and whom
/// the role itself has not refused. A copy of a member's directories that was started elsewhere is
/// a guest, and all that it remembers of the members is right but for which of the two is the copy.
/// Who is on a wrong disk may have met this role when that one was on a wrong one, too, and takes
/// the right one for wrong. Processes are named by their drivers, another way after each start.
class disk_refusals {
public:
  void introduced(const role_id& peer, const std::string& process);
  /// It is not connected any more, or it is refused.
  void lost(const role_id& peer) { processes_.erase(peer); }
  /// Who refuses may be faster than the process that introduces it: those few are kept until then.
  void hear(disk_refused m, const std::string& process);
  /// What has been said by those who count, since the last call.
  std::vector<disk_refused> take();

private:
  struct early {
    disk_refused said;
    std::string from;
  };
  static constexpr std::size_t most_early = 64;

  std::map<role_id, std::string> processes_;
  std::deque<early> early_;
  std::vector<disk_refused> counted_;
};

} // namespace pmmc
