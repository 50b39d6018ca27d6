// Who meets in tests of admission: the process of host1, and what that of a2 says to it.
#pragma once

#include "cluster_facts_samples.hpp"
#include "core_helpers.hpp"
#include "membership/admission.hpp"
#include "membership/reconfiguration.hpp"

#include <set>
#include <string>
#include <string_view>

namespace pmmc::test {

inline constexpr cluster_identity ours = 0x1111, others = 0x2222;

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

inline introduced_role role(role_kind kind, const role_id& id, std::string disk = "disk") {
  return {id, kind, std::move(disk)};
}

/// The process of host1 with a1 and r1.
inline process_identity host1() {
  return {"test",
          "host1:1",
          {role(role_kind::acceptor, "a1"), role(role_kind::replica, "r1")},
          {"host1:1", "host2:1", "contact:1"},
          "test.conf",
          some_facts()};
}

inline membership three(cluster_identity identity = ours) {
  return membership{config_history{make_config()}, 1, identity};
}

/// Version 2 of it, with a4 in the place of a2, live from there.
inline membership without_a2() {
  auto known = three();
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.acceptors[1] = {"a4", "host4:1", "disk4"};
  known.configurations.add(next);
  known.live_from = 2;
  return known;
}

/// Version 2 of it, without r2, whose disk was known as `disk`.
inline membership without_r2(const std::string& disk) {
  auto first = make_config();
  first.replicas[1].disk = disk;
  auto next = first;
  next.version = 2;
  next.first_slot = 10;
  next.replicas.erase(next.replicas.begin() + 1);
  membership known{config_history{first}, 1, ours};
  known.configurations.add(next);
  known.live_from = 2;
  return known;
}

/// What a2's process says.
inline introduction a2_says() {
  return {"test", "host2:1", {role(role_kind::acceptor, "a2")}, ours, 1, false, some_facts()};
}

inline introduction_reply welcome_of(const introduction& m) {
  return {{}, false, m.cluster, m.roles, three(), m.facts};
}

} // namespace pmmc::test
