// Whose votes count: acceptors and leaders on the disk that they had, with all that was on it.
#include "membership/known_disks.hpp"

#include "core_helpers.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

introduced_role role(role_kind kind, const role_id& id, std::string disk,
                     std::initializer_list<std::uint64_t> nonces, std::uint64_t records = 0) {
  introduced_role r{id, kind, std::move(disk), {}, records};
  for (const auto nonce : nonces)
    r.lives.begin(nonce);
  return r;
}

introduced_role a1(std::string disk, std::initializer_list<std::uint64_t> nonces,
                   std::uint64_t records = 0) {
  return role(role_kind::acceptor, "a1", std::move(disk), nonces, records);
}

/// What stands in the refusal of the last of `met`, who come one after the other; "" if it counts.
std::string refusal(const std::vector<introduced_role>& met, const membership& members = {}) {
  known_disks known;
  std::string why;
  for (const auto& peer : met) {
    const auto refused = refuse_peer(known, members, peer);
    why = refused ? refused->why : "";
    if (refused) // it hears the same of itself
      CHECK_FALSE(why_disk_is_wrong(refused->known, peer.facts()).empty());
  }
  return why;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

membership naming(std::string disk) {
  auto first = make_config();
  first.acceptors[0].disk = std::move(disk);
  return membership{first};
}

} // namespace

TEST_CASE("known disks: who counts, of those who come one after the other under an id") {
  struct row {
    std::string_view what;
    std::vector<introduced_role> met;
    std::string_view refusal; ///< a part of it; "" if it counts
    membership members = {};
  };
  const auto copy = a1("disk", {1, 3});
  const auto in_later_lives = [](introduced_role r) {
    for (std::uint64_t nonce = 100; r.lives.first <= 2; ++nonce)
      r.lives.begin(nonce);
    return r;
  };
  const std::vector<row> rows = {
      {"a first meeting", {a1("disk", {1})}, ""},
      {"the next life", {a1("disk", {1}), a1("disk", {1, 2})}, ""},
      {"the same life again", {a1("disk", {1}), a1("disk", {1})}, ""},
      {"formatted again",
       {a1("disk", {1}), a1("new", {7})},
       "it was formatted again (disk new, known disk disk)"},
      {"the right one after it", {a1("disk", {1}), a1("new", {7}), a1("disk", {1, 2})}, ""},
      {"an old copy",
       {a1("disk", {1, 2}), copy},
       "an old copy of its data directory was put back (its life is 2/3, and it was met in life "
       "2/2"},
      {"an old copy, started again", {a1("disk", {1, 2}), copy, a1("disk", {1, 3, 4})}, "old copy"},
      {"an old copy, then one formatted again, then the copy in later lives than are told of",
       {a1("disk", {1, 2}), copy, a1("new", {7}), in_later_lives(copy)},
       "old copy"},
      {"records are gone",
       {a1("disk", {1}, 50), a1("disk", {1, 2}, 49)},
       "its data directory has lost records, as an old copy has (it began with 49, and had at "
       "least 50)"},
      {"no record is gone", {a1("disk", {1}, 50), a1("disk", {1, 2}, 50)}, ""},
      {"the members name another disk",
       {a1("new", {1})},
       "it was formatted again (disk new, known disk named)",
       naming("named")},
      {"the members name its disk", {a1("named", {1})}, "", naming("named")},
      {"another leader's disk",
       {role(role_kind::leader, "l1", "disk", {1}), role(role_kind::leader, "l1", "new", {2})},
       "formatted again"},
      {"a replica promises nothing",
       {role(role_kind::replica, "r1", "disk", {}), role(role_kind::replica, "r1", "new", {})},
       ""},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    const auto why = refusal(r.met, r.members);
    CHECK(why.empty() == r.refusal.empty());
    CHECK_MESSAGE(contains(why, r.refusal), why);
  }
}

TEST_CASE("known disks: a role of the own process is judged by what was met elsewhere, and teaches "
          "nothing but its disk") {
  known_disks known;
  const auto own = [&](const introduced_role& peer, const membership& members = {}) {
    const auto before = known.all();
    const auto refused = refuse_peer(known, members, peer, true);
    if (before.contains("a1"))
      CHECK((known.all() == before || !members.configurations.empty()));
    return refused ? refused->why : "";
  };
  CHECK(own(a1("disk", {1, 2}, 7)) == "");
  CHECK(known.all().at("a1") == known_peer{"disk", {}, 0, false});
  CHECK(known.unsaved() == known_disks::change::meetings);
  CHECK(contains(own(a1("new", {5})), "formatted again"));
  CHECK_FALSE(refuse_peer(known, {}, a1("disk", {1, 3}, 5))); // its directory, where it is in use
  CHECK(contains(own(a1("disk", {1, 2}, 9)), "an old copy"));
  CHECK(own(a1("disk", {1, 3, 4}, 6)) == ""); // it has come back
  CHECK(contains(own(a1("disk", {1, 3, 4}, 4)), "lost records"));
  CHECK_FALSE(refuse_peer(known, {}, a1("disk", {1, 3}, 5))); // no harm to it in all that time
  CHECK(refuse_peer(known, {}, a1("disk", {1}, 9)));
  CHECK(known.all().at("a1").was_refused);
  CHECK(contains(own(a1("disk", {1}, 9)), "an old copy")); // which takes no suspicion away
  CHECK(known.all().at("a1").was_refused);
  known.saved();
  CHECK(!refuse_peer(known, {}, a1("disk", {1, 3, 5}, 6), true)); // here again, and for long
  CHECK_FALSE(known.all().at("a1").was_refused);
  CHECK(known.unsaved() == known_disks::change::meetings);
  CHECK(own(a1("named", {1}), naming("named")) == "");
  CHECK(known.all().at("a1") == known_peer{"named", {}, 0, false});
  CHECK(contains(own(a1("disk", {1, 3, 4}, 6), naming("named")), "formatted again"));
}

TEST_CASE("known disks: an old copy of the own process is not told, who was formatted again is") {
  struct row {
    std::string_view what;
    introduced_role met;
    bool is_told;
    membership members = {};
  };
  for (const auto& r : std::vector<row>{
           {"an old copy", a1("disk", {1}, 9), false},
           {"records are gone", a1("disk", {1, 2, 3}, 4), false},
           {"formatted again", a1("new", {1}), true},
           {"the members name another disk", a1("disk", {1, 2}, 5), true, naming("named")}}) {
    CAPTURE(r.what);
    known_disks known;
    CHECK_FALSE(refuse_peer(known, {}, a1("disk", {1, 2}, 5)));
    for (const bool is_own : {true, false}) {
      const auto refused = refuse_peer(known, r.members, r.met, is_own);
      REQUIRE(refused);
      CHECK(refused->is_told(is_own) == (r.is_told || !is_own));
    }
  }
}

TEST_CASE("known disks: the one that the members name takes the place of who was met first") {
  known_disks known;
  CHECK_FALSE(refuse_peer(known, {}, a1("wrong", {5})));
  CHECK(refuse_peer(known, {}, a1("named", {1, 2}, 7)));
  CHECK_FALSE(refuse_peer(known, naming("named"), a1("named", {1, 2}, 7)));
  CHECK(known.all().at("a1") == known_peer{"named", {2, 2}, 7, false});
  CHECK(refuse_peer(known, naming("named"), a1("wrong", {5})));
  CHECK(known.format_ids() == std::map<role_id, std::string>{{"a1", "named"}});
}

TEST_CASE("known disks: what must be durable, and when") {
  using change = known_disks::change;
  known_disks known;
  CHECK(known.unsaved() == change::none);
  known.note_records("a1", 5); // nobody that was met
  CHECK(known.unsaved() == change::none);
  known.meet("a1", a1("disk", {1}).facts());
  CHECK(known.unsaved() == change::meetings);
  known.note_records("a1", 5);
  CHECK(known.unsaved() == change::meetings); // a note does not make it less urgent
  known.saved();
  known.note_records("a1", 5);
  CHECK(known.unsaved() == change::none);
  known.note_records("a1", 6);
  CHECK(known.unsaved() == change::notes);
  known.saved();
  known.meet("a1", a1("disk", {1}).facts());
  known.meet("a1", a1("new", {1}).facts());
  CHECK(known.unsaved() == change::none); // nothing new about the right one
  known.meet("a1", a1("disk", {2}).facts());
  CHECK(known.unsaved() == change::meetings); // an old copy came
}

TEST_CASE("known disks: what a peer told of its records holds for its later lives") {
  known_disks known;
  known.meet("a1", a1("disk", {1}, 10).facts());
  known.note_records("a1", 30);
  known.note_records("a1", 20);
  CHECK(known.meet("a1", a1("disk", {1, 2}, 29).facts()) == acquaintance::records_gone);
  CHECK(known.meet("a1", a1("disk", {1, 2}, 30).facts()) == acquaintance::good);
  CHECK(known.meet("a1", a1("disk", {1, 2}, 30).facts()) == acquaintance::good);
}

} // namespace pmmc::test
