// What the other servers have announced of themselves.
#pragma once

#include "consensus/simple/messages.hpp"
#include "consensus/simple/server_group.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

namespace pmmc::simple {

/// Not durable: the others announce it again. Single-threaded.
class peers {
public:
  explicit peers(std::shared_ptr<const server_group> servers) : servers_(std::move(servers)) {}

  void on(const announce& m) {
    if (!servers_->contains(m.server))
      return;
    auto& known = by_server_[m.server];
    known.done = std::max(known.done, m.done); // it is durable there, so an old message cannot err
    known.slot_out = m.slot_out;
    end_ = std::max(end_, m.end);
  }
  /// A server that cannot be reached is not asked for anything until it announces something.
  void on_peer_down(const role_id& server) {
    if (const auto known = by_server_.find(server); known != by_server_.end())
      known->second.slot_out = 0;
  }

  /// Min: no server needs the slots below. 0 until each of them has said what it is done with, so a
  /// server that is down holds up the forgetting at all of them.
  slot_num min(slot_num own_done) const {
    if (by_server_.size() + 1 < servers_->members().size())
      return 0;
    auto least = own_done;
    for (const auto& [server, known] : by_server_)
      least = std::min(least, known.done);
    return least;
  }
  /// Those who know more than all slots below `slot_out`.
  std::vector<role_id> ahead_of(slot_num slot_out) const {
    std::vector<role_id> ahead;
    for (const auto& [server, known] : by_server_)
      if (known.slot_out > slot_out)
        ahead.push_back(server);
    return ahead;
  }
  /// Slots from here on have not been used, as far as anybody has said.
  slot_num end() const { return end_; }

private:
  friend struct role_contents; // search/simple/contents.cpp

  struct state {
    slot_num done = 0;
    slot_num slot_out = 0;
  };

  std::shared_ptr<const server_group> servers_;
  std::map<role_id, state> by_server_;
  slot_num end_ = 0;
};

} // namespace pmmc::simple
