// Who of those that say that a role's disk is wrong counts.
#include "membership/disk_refusals.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

disk_refused said_by(const char* id) { return {id, known_peer{"disk", {}, 0}}; }

role_id guest(int number) { return role_id{"g" + std::to_string(number)}; }

} // namespace

TEST_CASE("disk refusals: one counts when who says it has been introduced") {
  disk_refusals r;
  r.hear(said_by("l1"), "there"); // faster than its process
  CHECK(r.take().empty());
  r.introduced("l2", "elsewhere");
  CHECK(r.take().empty());
  r.introduced("l1", "there");
  REQUIRE(r.take().size() == 1);
  CHECK(r.take().empty());
  r.hear(said_by("l1"), "there");
  CHECK(r.take().size() == 1);
  r.lost("l1");
  r.hear(said_by("l1"), "there");
  CHECK(r.take().empty());
}

TEST_CASE("disk refusals: guests that refuse in hundreds take no memory for it") {
  disk_refusals r;
  for (int i = 0; i < 1'000; ++i)
    r.hear({guest(i), {}}, "there");
  for (int i = 0; i < 1'000; ++i)
    r.introduced(guest(i), "there");
  CHECK(r.take().size() == 64);
}

TEST_CASE("disk refusals: of those that come too early, the last ones are kept") {
  disk_refusals r;
  for (int i = 0; i < 127; ++i)
    r.hear({i == 63 ? role_id{"l1"} : guest(i), {}}, "there");
  r.hear({"l2", {}}, "there");
  r.introduced("l1", "there");
  CHECK(r.take().empty());
  r.introduced(guest(64), "there");
  CHECK(r.take().size() == 1);
}

TEST_CASE("disk refusals: one that came before who says it is no other process's") {
  disk_refusals r;
  r.hear({"l1", {}}, "a copy");
  r.introduced("l1", "the member");
  CHECK(r.take().empty());
}

TEST_CASE("disk refusals: one counts of a role that has moved, as soon as it is there") {
  disk_refusals r;
  r.introduced("l1", "its former place");
  r.hear({"l1", {}}, "there"); // faster than its process
  CHECK(r.take().empty());
  r.introduced("l1", "there");
  CHECK(r.take().size() == 1);
}

} // namespace pmmc::test
