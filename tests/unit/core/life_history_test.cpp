// An old copy of a directory is told by the lives that others remember of it.
#include "membership/life_history.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

namespace {

life_history after(std::initializer_list<std::uint64_t> nonces) {
  life_history lives;
  for (const auto nonce : nonces)
    lives.begin(nonce);
  return lives;
}

} // namespace

TEST_CASE("lives: who was down while another restarted takes it for what it is") {
  const auto known = after({11}).current();
  CHECK(known == life{1, 11});
  CHECK(after({11}).continues(known));
  CHECK(after({11, 22}).continues(known));
  CHECK(after({11, 22, 33, 44}).continues(known));
  CHECK(after({}).continues({})); // nothing is known of it
}

TEST_CASE("lives: an old copy lacks the life that was met, or has another in its place") {
  const auto known = after({11, 22, 33}).current();
  CHECK_FALSE(after({}).continues(known));
  CHECK_FALSE(after({11}).continues(known));
  CHECK_FALSE(after({11, 22}).continues(known));
  CHECK_FALSE(after({11, 22, 44}).continues(known));     // as many lives as that
  CHECK_FALSE(after({11, 22, 44, 55}).continues(known)); // and more
}

TEST_CASE("lives: only so many are kept, and older ones are believed") {
  life_history lives;
  for (std::uint64_t i = 1; i <= life_history::max_kept + 10; ++i)
    lives.begin(1000 + i);
  CHECK(lives.nonces.size() == life_history::max_kept);
  CHECK(lives.first == 11);
  CHECK(lives.current() == life{life_history::max_kept + 10, 1000 + life_history::max_kept + 10});
  CHECK(lives.continues({11, 1011}));
  CHECK_FALSE(lives.continues({11, 1012}));
  CHECK(lives.continues({10, 5}));
}

TEST_CASE("lives: fewer records than before are those of a copy made within a life") {
  const known_peer known{"disk", {1, 11}, 50};
  CHECK(judge(known, {"disk", after({11}), 20}) == acquaintance::good); // the same life goes on
  CHECK(judge(known, {"disk", after({11, 22}), 50}) == acquaintance::good);
  CHECK(judge(known, {"disk", after({11, 22}), 49}) == acquaintance::records_gone);
  CHECK(judge(known, {"disk", after({12}), 60}) == acquaintance::old_copy);
  CHECK(judge(known, {"other", after({11}), 60}) == acquaintance::other_disk);
  CHECK(judge(known, {"disk", {}, 0}) == acquaintance::good); // tells of no lives
  CHECK(judge(known, {"other", {}, 0}) == acquaintance::other_disk);
}
