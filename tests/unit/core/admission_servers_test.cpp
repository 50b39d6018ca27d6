// Servers of another engine when processes meet: they are judged as acceptors are where promises
// matter, and as replicas where the state does.
#include "membership/known_disks.hpp"
#include "unit/core/admission_bench.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

constexpr auto server_kind = role_kind::server;

membership three_servers() { return membership{config_history{make_servers()}, 1, ours}; }

/// Version 2, in which s`which` is at `address`, or gone if that is empty; live from there.
membership changed(std::size_t which, const std::string& address) {
  auto next = make_servers();
  next.version = 2;
  next.first_slot = 10;
  if (address.empty())
    next.servers.erase(next.servers.begin() + static_cast<std::ptrdiff_t>(which - 1));
  else
    next.servers[which - 1].address = address;
  auto known = three_servers();
  known.configurations.add(next);
  known.live_from = 2;
  return known;
}

/// The process of s1.
process_identity s1_process() {
  return {"test", "host1:1", {role(server_kind, "s1")}, {"host1:1"}, "test.conf", some_facts()};
}

introduction s2_says(const std::string& disk = "disk") {
  return {"test", "host2:1", {role(server_kind, "s2", disk)}, ours, 1, false, some_facts()};
}

} // namespace

TEST_CASE("admission of servers: a member is let in, a client with its id is not") {
  admission here{s1_process(), three_servers()};
  CHECK(here.answer(s2_says(), {}).refusal == "");
  CHECK(admission::is_of_process(s2_says()));
  const introduction client{"test", "", {{"s2", role_kind::client, {}}}, 0, 0, false, {}};
  CHECK(contains(here.answer(client, {}).refusal, "a client must not have the id of a member, s2"));
}

TEST_CASE("admission of servers: one that was removed is told so, whatever disk it comes with") {
  for (const auto* disk : {"disk", "another disk"}) {
    admission here{s1_process(), changed(2, "")};
    const auto answer = here.answer(s2_says(disk), {});
    CHECK(answer.refusal == "s2 was removed from the cluster in version 2");
    CHECK(answer.was_removed);
  }
}

TEST_CASE("admission of servers: a copy is refused while the member runs") {
  admission here{s1_process(), three_servers()};
  auto copy = s2_says();
  copy.address = "host9:1";
  const running_role member{"s2", "disk", "host2:1"};
  CHECK(contains(here.answer(copy, {}, {member}).refusal, "one of the two is a copy"));
  copy.roles = {role(server_kind, "s1")};
  CHECK(contains(here.answer(copy, {}).refusal, "which is of this process: a copy"));
}

TEST_CASE("admission of servers: a guest is made known to servers, since it is to catch up") {
  const admission here{s1_process(), three_servers()};
  CHECK(here.is_made_known(server_kind, "s2", "host2:1", server_kind));
  CHECK(here.is_made_known(server_kind, "s9", "host9:1", server_kind));
  CHECK_FALSE(here.is_made_known(role_kind::replica, "r9", "host9:1", server_kind));
  CHECK_FALSE(here.is_made_known(role_kind::acceptor, "a9", "host9:1", server_kind));
  const admission replica{host1(), three()};
  CHECK_FALSE(replica.is_made_known(server_kind, "s9", "host9:1", role_kind::replica));
}

TEST_CASE("admission of servers: where one was before it moved is a former place") {
  admission here{s1_process(), three_servers()};
  CHECK(here.learn(changed(1, "host9:1")));
  CHECK(here.has_left("s1"));
  CHECK(here.untold_roles().empty()); // who names no roles is taken for a client
}

TEST_CASE("admission of servers: who differs from a majority of them stops") {
  auto said = s2_says();
  said.facts.window = 7;
  admission here{s1_process(), three_servers()};
  for (const auto* address : {"host2:1", "host2:1", "host3:1", "host3:1"})
    CHECK(here.hear(address, welcome_of(said)).differs.empty());
  CHECK(contains(here.hear("host2:1", welcome_of(said)).differs, "does not agree with a majority"));
}

TEST_CASE("admission of servers: they dial each other, and clients dial them") {
  using addresses = std::set<std::string>;
  CHECK(admission{s1_process(), three_servers()}.wanted() == addresses{"host2:1", "host3:1"});
  const process_identity client{"test", "", {{"c1", role_kind::client, {}}}, {}, "", {}};
  CHECK(admission{client, three_servers()}.wanted() == addresses{"host1:1", "host2:1", "host3:1"});
}

TEST_CASE("known disks: a server keeps promises, so it is judged by its disk") {
  const auto s1 = [](std::string disk, std::uint64_t nonce, std::uint64_t records) {
    introduced_role r{"s1", server_kind, std::move(disk), {}, records};
    r.lives.begin(nonce);
    return r;
  };
  known_disks known;
  CHECK_FALSE(refuse_peer(known, {}, s1("disk", 1, 5)));
  CHECK(refuse_peer(known, {}, s1("new", 1, 5)));
  CHECK(refuse_peer(known, {}, s1("disk", 2, 5))->verdict == acquaintance::old_copy);
  auto shorter = s1("disk", 1, 4);
  shorter.lives.begin(2);
  const auto refused = refuse_peer(known, {}, shorter);
  REQUIRE(refused);
  CHECK(refused->verdict == acquaintance::records_gone);
  CHECK_FALSE(refuse_peer(known, {}, s1("disk", 1, 5)));
  auto named = make_servers();
  named.servers[0].disk = "named";
  CHECK(refuse_peer(known, membership{named}, s1("disk", 1, 5)));
}

TEST_CASE("known disks: what a server's pings and pongs tell is stamped with its records") {
  std::vector<envelope> sent;
  sent.push_back({"s2", ping{"s1", 1, server_vitals{.term = 3}}});
  sent.push_back({"s2", pong{"s1", 1, replica_vitals{}}});
  stamp_records(sent, 7);
  CHECK(std::get<server_vitals>(std::get<ping>(sent[0].body).state).records == 7);
  CHECK(records_of(std::get<ping>(sent[0].body).state) == 7);
  CHECK(records_of(std::get<pong>(sent[1].body).state) == 0);
}

} // namespace pmmc::test
