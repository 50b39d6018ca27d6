// A snapshot that is fetched: the test plays the replicas that have it.
#include "core_helpers.hpp"
#include "service/snapshot_fetch.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

struct fetch_bench {
  /// Offsets that `from` was asked for since the last call.
  std::vector<std::uint64_t> asked(const role_id& from = "r2") {
    std::vector<std::uint64_t> offsets;
    for (const auto& m : only<snapshot_request>(sent, from))
      offsets.push_back(m.offset);
    sent.clear();
    return offsets;
  }
  bool piece(std::uint64_t offset, const std::string& bytes, const role_id& from = "r2",
             slot_num slot = 7, std::uint64_t tick = 1) {
    return fetch.take(snapshot_chunk{from, slot, offset, 6, bytes}, tick, sent);
  }

  snapshot_fetch fetch{{"r1", 10, 30}};
  std::vector<envelope> sent;
};

using offsets = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("snapshot fetch: piece by piece, each asked for when the one before it is here") {
  fetch_bench b;
  b.fetch.begin("r2", 7, 1, b.sent);
  CHECK(b.asked() == offsets{0});
  CHECK(b.piece(0, "abcd"));
  CHECK(b.asked() == offsets{4});
  CHECK(b.fetch.bytes() == 4);
  CHECK(b.piece(4, "ef"));
  CHECK(b.asked().empty());
  CHECK(b.fetch.is_under_way()); // the driver verifies it
  CHECK(!b.piece(6, "gh"));
  b.fetch.finished();
  CHECK(!b.fetch.is_under_way());
}

TEST_CASE("snapshot fetch: what was not asked for is not taken") {
  fetch_bench b;
  CHECK(!b.piece(0, "ab"));
  b.fetch.begin("r2", 7, 1, b.sent);
  CHECK(!b.piece(0, "ab", "r3"));
  CHECK(!b.piece(0, "ab", "r2", 8));
  CHECK(!b.piece(2, "cd"));
  CHECK(!b.piece(0, ""));
  CHECK(b.piece(0, "ab"));
  CHECK(!b.piece(0, "ab")); // asked for twice, and answered twice
  CHECK(b.fetch.bytes() == 2);
}

TEST_CASE("snapshot fetch: a silent replica is asked again, and left in the end") {
  fetch_bench b;
  b.fetch.begin("r2", 7, 1, b.sent);
  CHECK(b.piece(0, "abcd", "r2", 7, 5));
  b.asked();
  b.fetch.on_tick(14, b.sent);
  CHECK(b.asked().empty());
  b.fetch.on_tick(15, b.sent);
  CHECK(b.asked() == offsets{4});
  b.fetch.on_tick(35, b.sent);
  CHECK(b.asked().empty());
  CHECK(!b.fetch.is_under_way());

  SUBCASE("another one goes on with the same snapshot") {
    b.fetch.begin("r3", 7, 40, b.sent);
    CHECK(b.asked("r3") == offsets{4});
  }
  SUBCASE("another snapshot begins anew") {
    b.fetch.begin("r3", 9, 40, b.sent);
    CHECK(b.asked("r3") == offsets{0});
  }
}

TEST_CASE("snapshot fetch: a snapshot that is being verified is waited for") {
  fetch_bench b;
  b.fetch.begin("r2", 7, 1, b.sent);
  CHECK(b.piece(0, "abcdef"));
  b.asked();
  b.fetch.on_tick(1'000, b.sent);
  CHECK(b.fetch.is_under_way());
  CHECK(b.asked().empty());
}

TEST_CASE("snapshot fetch: goes on after a restart, but not with what was damaged") {
  fetch_bench b;
  b.fetch.resume(7, 5);
  b.fetch.begin("r2", 7, 1, b.sent);
  CHECK(b.asked() == offsets{5});
  CHECK(b.piece(5, "f"));
  b.fetch.rejected();
  b.fetch.begin("r2", 7, 2, b.sent);
  CHECK(b.asked() == offsets{0});
  CHECK(!b.piece(0, "", "r2", 0)); // gone over there
  CHECK(!b.fetch.is_under_way());
}
