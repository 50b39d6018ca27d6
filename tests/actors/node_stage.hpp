// The node of host1 in a test, with whom it meets played by the test.
#pragma once

#include "actors/played_handshake.hpp"
#include "actors/stage.hpp"
#include "cluster_facts_samples.hpp"
#include "core_helpers.hpp"
#include "node/node_actor.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

inline constexpr std::chrono::milliseconds beat{100};

/// a1 was at host9 in version 2; where it is now.
inline membership a1_at(const std::string& where) {
  membership known{config_history{make_config()}};
  for (config_version version = 2; version <= (where == "host9:1" ? 2u : 3u); ++version) {
    auto next = make_config();
    next.version = version;
    next.first_slot = 9 * version;
    next.acceptors[0].address = version == 2 ? "host9:1" : where;
    known.configurations.add(next);
    known.live_from = version;
  }
  return known;
}

/// The node of host1 with a1 and r1, and a recorder that plays the node of host2.
struct node_stage : stage {
  node_stage() {
    auto settings = std::make_shared<node_settings>();
    settings->cluster = "test";
    settings->address = "host1:1";
    settings->seed = 1;
    settings->roles = {a1.as(role_kind::acceptor, "disk"), r1.as(role_kind::replica)};
    settings->known = membership{make_config()};
    settings->facts = some_facts();
    node = spawn(node_actor, settings);
    settle();
    a1.forget();
    r1.forget();
  }

  played_hello hello_of(const recorder& peer, std::uint64_t incarnation) {
    return {"test", "host2:1", incarnation, peer.handle(), {l2.as(role_kind::leader)},
            0,      1,         false,       some_facts()};
  }

  static played_hello client_hello(const recorder& peer, const recorder& client,
                                   std::uint64_t incarnation) {
    return {"test", "",    incarnation, peer.handle(), {client.as(role_kind::client)}, 0,
            0,      false, {}};
  }

  played_welcome greet(recorder& peer, const played_hello& m) {
    send_from(peer, node, m);
    settle();
    const auto answers = take_told<welcome>(peer);
    REQUIRE(answers.size() == 1);
    return answers[0];
  }

  void beats(unsigned count) {
    for (; count > 0; --count) {
      advance(beat);
      settle();
    }
  }

  /// Both roles have heard of l2 being up or down, exactly once.
  template <class M>
  bool told_both() {
    return a1.take<M>().size() == 1 && r1.take<M>().size() == 1 && told_nobody();
  }
  bool told_nobody() const { return a1.has_heard_nothing() && r1.has_heard_nothing(); }

  recorder a1 = record("a1"), r1 = record("r1"), l2 = record("l2");
  recorder peer = record("node2"), peer_again = record("node2 again");
  caf::actor node;
};

} // namespace pmmc::test
