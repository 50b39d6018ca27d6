// The shipped replica over the shipped replicated state, as a part that can be copied: it keeps
// what it has heard, and the replica is made anew from that whenever it hears something more.
#pragma once

#include "consensus/messages.hpp"
#include "consensus/part.hpp"
#include "membership/configuration.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc {
class replica;
}

namespace pmmc::search {

class replayed_replica {
public:
  struct settings {
    role_id id;
    configuration first_config;
    std::uint64_t window = 1;
  };
  /// What checks see of the replica, and what it does next is decided by.
  struct view {
    slot_num slot_out = 1;
    std::uint64_t fingerprint = 0;
    std::string state;          ///< every operation, in order: "A1 A2 "
    config_version version = 1; ///< of the latest configuration
    std::string bytes;          ///< the replica's canonical ones
  };

  /// In its first life it is 1. It begins with nothing.
  explicit replayed_replica(std::shared_ptr<const settings> options, unsigned life = 1);

  void on(const decision& m);
  void on(const read_probe_reply& m) { hear(m); }
  void on(const role_id& from, const query& m) { hear(client_query{from, m}); }
  /// Time is left out.
  void on_tick() {}
  void on_peer_down(const role_id&) {}
  outputs<> take() { return std::exchange(unsent_, {}); }

  unsigned life() const { return life_; }
  /// What it has heard, in this life.
  const std::map<slot_num, command>& decided() const { return decided_; }
  const view& now() const { return now_; }
  /// The same one in its next life.
  replayed_replica restarted() const { return replayed_replica{options_, life_ + 1}; }

private:
  struct client_query {
    role_id from;
    query what;
  };
  using event = std::variant<decision, read_probe_reply, client_query>;

  void hear(event e);
  std::unique_ptr<replica> replay() const;
  void look_at(const replica& core);

  std::shared_ptr<const settings> options_;
  unsigned life_;
  std::vector<event> heard_;            ///< in this life
  std::map<slot_num, command> decided_; ///< of that
  view now_;
  outputs<> unsent_;
};

} // namespace pmmc::search
