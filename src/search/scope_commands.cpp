#include "search/scope_commands.hpp"

#include "membership/reconfiguration.hpp"
#include "service/batch.hpp"
#include "service/sessions.hpp"

#include <algorithm>
#include <string>

namespace pmmc::search {

namespace {

command replica_command(const scope& s, unsigned leader, slot_num slot, std::string operation) {
  const auto session = session_opened_at(slot, 0);
  request wanted{request_kind::operation, session, 1, 0, std::move(operation)};
  if (leader == 0 && slot <= s.reconfigure) {
    const auto configs = configurations_of(s);
    reconfiguration change{slot, {}, {}};
    change.remove.push_back({role_kind::acceptor, configs[slot - 1].acceptors.front().id});
    change.add.push_back({role_kind::acceptor, configs[slot].acceptors.front()});
    wanted.kind = request_kind::reconfigure;
    wanted.op = encode(change);
  }
  const request opening{request_kind::open_session, 0, leader + 1, 0, ""};
  return encode_batch(std::vector<request>{opening, wanted});
}

} // namespace

command own_command(const scope& s, unsigned number, slot_num slot) {
  auto text = static_cast<char>('A' + number) + std::to_string(slot);
  return s.replicas != 0 ? replica_command(s, number, slot, std::move(text))
                         : command{std::move(text)};
}

std::vector<command> reconfigurations_of(const scope& s) {
  std::vector<command> all;
  for (slot_num slot = 1; slot <= s.reconfigure; ++slot)
    all.push_back(own_command(s, 0, slot));
  return all;
}

/// Behind a command that does not change the members, the next change names a version that is not
/// there.
config_version latest_of(const std::vector<command>& changes,
                         const std::vector<command>& performed) {
  const auto differs =
      std::mismatch(changes.begin(), changes.end(), performed.begin(), performed.end());
  return 1 + static_cast<config_version>(differs.first - changes.begin());
}

} // namespace pmmc::search
