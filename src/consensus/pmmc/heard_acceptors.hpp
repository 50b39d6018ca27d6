// Which acceptors a leader has heard, and what they say of an active one (paper, section 3).
#pragma once

#include "membership/configuration.hpp"

#include <map>

namespace pmmc {

/// Single-threaded; ticks are the leader's own.
class heard_acceptors {
public:
  /// `leader_ping`: see acceptor_vitals. Returns whether it is another one than before: the active
  /// leader of its ballot has been heard there meanwhile, or this is the acceptor's first word.
  bool hear(const role_id& acceptor, std::uint64_t leader_ping, std::uint64_t tick);
  /// It answered a scout.
  void hear(const role_id& acceptor, std::uint64_t tick) { news_[acceptor].heard_tick = tick; }
  /// Who is new counts as heard: it has time to show itself.
  void expect(const role_id& acceptor, std::uint64_t tick) {
    news_.try_emplace(acceptor, news{tick, 0});
  }
  /// Whether a majority of the acceptors of `config` has been heard since `tick`.
  bool has_quorum(const configuration& config, std::uint64_t tick) const;

private:
  struct news {
    std::uint64_t heard_tick = 0;
    std::uint64_t leader_ping = 0;
  };

  std::map<role_id, news> news_;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
