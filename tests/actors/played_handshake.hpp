// Hellos and welcomes as tests write and read them: all that is in them, field by field.
#pragma once

#include "node/handshake.hpp"

#include <caf/actor.hpp>
#include <cstdint>
#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::test {

inline std::vector<introduced_role> introduced(const std::vector<hosted_role>& roles) {
  std::vector<introduced_role> result;
  for (const auto& role : roles)
    result.push_back(role.introduced());
  return result;
}

inline std::vector<caf::actor> handles(const std::vector<hosted_role>& roles) {
  std::vector<caf::actor> result;
  for (const auto& role : roles)
    result.push_back(role.handle);
  return result;
}

struct played_hello {
  std::string cluster;
  std::string address;
  std::uint64_t incarnation = 0;
  caf::actor node;
  std::vector<hosted_role> roles;
  cluster_identity identity = 0;
  config_version version = 0;
  bool rejoins = false;
  cluster_facts facts;

  hello as_sent() const {
    return write_hello(
        {cluster, address, introduced(roles), identity, version, rejoins, facts, incarnation}, node,
        handles(roles));
  }
};

struct played_welcome {
  std::string refusal;
  bool was_removed = false;
  std::string cluster;
  std::string address;
  std::uint64_t incarnation = 0;
  std::vector<hosted_role> roles;
  membership known;
  cluster_facts facts;

  welcome as_sent() const {
    return write_welcome(
        {refusal, was_removed, cluster, introduced(roles), known, facts, address, incarnation},
        handles(roles));
  }
};

inline played_hello as_told(const hello& m) {
  const auto heard = read(m);
  REQUIRE(heard);
  const auto& said = heard->said;
  return {said.cluster,  said.address, said.incarnation, m.node,    heard->roles,
          said.identity, said.version, said.rejoins,     said.facts};
}

inline played_welcome as_told(const welcome& m) {
  const auto heard = read(m);
  REQUIRE(heard);
  const auto& said = heard->said;
  return {said.refusal,     said.was_removed, said.cluster, said.address,
          said.incarnation, heard->roles,     said.known,   said.facts};
}

/// Removes and returns those that a recorder has heard, in order.
template <class M, class Recorder>
auto take_told(Recorder& from) {
  std::vector<decltype(as_told(M{}))> told;
  for (const auto& m : from.template take<M>())
    told.push_back(as_told(m));
  return told;
}

} // namespace pmmc::test
