// What travels together, and how much of it.
#include "wire/grouping.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace pmmc;

namespace {

struct sent {
  role_id to;
  wire::parcel what;
};

std::vector<sent> send(std::vector<envelope> envelopes) {
  std::vector<sent> all;
  wire::send_grouped("r1", std::move(envelopes), [&](const role_id& to, auto&& m) {
    all.push_back({to, std::forward<decltype(m)>(m)});
  });
  return all;
}

response answer(std::uint64_t sequence, std::size_t bytes) {
  return {1, sequence, reply_status::ok, std::string(bytes, 'x'), {}};
}

} // namespace

TEST_CASE("what is for one client travels together, behind everything else") {
  const auto all = send({{"c1", answer(1, 3)},
                         {"l1", collected{4}},
                         {"c2", answer(5, 0)},
                         {"c1", query_reply{9, reply_status::ok, 1, "q", {}}},
                         {"c1", answer(2, 3)}});
  REQUIRE(all.size() == 3);
  CHECK(all[0].to == "l1");
  CHECK(all[1].to == "c1");
  CHECK(all[2].to == "c2");
  const auto& first = std::get<client_replies>(all[1].what);
  CHECK(first.replica == "r1");
  REQUIRE(first.responses.size() == 2);
  CHECK(first.responses[0].sequence == 1);
  CHECK(first.responses[1].sequence == 2);
  CHECK(first.query_replies.size() == 1);
}

TEST_CASE("requests and queries, too") {
  const auto all = send({{"r2", query{4, "q", {}, 0}}, {"r2", request{}}, {"r3", request{}}});
  REQUIRE(all.size() == 2);
  const auto& group = std::get<client_requests>(all[0].what);
  CHECK(group.client == "r1");
  CHECK(group.requests.size() == 1);
  CHECK(group.queries.size() == 1);
}

TEST_CASE("a group that would become too long is sent, and another one begins") {
  const auto half = wire::max_group_bytes / 2;
  CHECK(send({{"c", answer(1, half)}, {"c", answer(2, half)}}).size() == 1);
  CHECK(send({{"c", answer(1, half)}, {"c", answer(2, half + 1)}}).size() == 2);
  CHECK(send({{"c", answer(1, half)}, {"c", answer(2, half + 1)}, {"c", answer(3, half)}}).size() ==
        3);
  const auto longer = send({{"c", answer(1, 3 * half)}, {"c", answer(2, 1)}});
  REQUIRE(longer.size() == 2);
  CHECK(std::get<client_replies>(longer[0].what).responses.at(0).sequence == 1);
}

TEST_CASE(
    "the limit on a group's bytes may be another one, and who sends learns how often it was met") {
  std::size_t sent = 0;
  const auto send_some = [&](std::size_t limit) {
    sent = 0;
    return wire::send_grouped(
        "r1", {{"c", answer(1, 4)}, {"c", answer(2, 4)}, {"c", answer(3, 4)}},
        [&](const role_id&, auto&&) { ++sent; }, limit);
  };
  CHECK(send_some(12) == 0);
  CHECK(sent == 1);
  CHECK(send_some(11) == 1);
  CHECK(sent == 2);
  CHECK(send_some(1) == 2);
  CHECK(sent == 3);
}

TEST_CASE("room is counted for each client") {
  const auto half = wire::max_group_bytes / 2;
  CHECK(send({{"c1", answer(1, half)}, {"c2", answer(2, half + 1)}}).size() == 2);
}

TEST_CASE("nothing to send") { CHECK(send({}).empty()); }
