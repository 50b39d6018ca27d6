// A leader never forgets its seqnum (L3), and nobody forgets which disks it has met.
#include "scratch.hpp"

#include "storage/role_state.hpp"

using namespace pmmc;
using namespace pmmc::storage;
using scratch::contains;
using scratch::error_of;
namespace fs = std::filesystem;

namespace {

directory_facts facts(std::string disk, std::initializer_list<std::uint64_t> nonces = {},
                      std::uint64_t records = 0) {
  directory_facts told{std::move(disk), {}, records};
  for (const auto nonce : nonces)
    told.lives.begin(nonce);
  return told;
}

acquaintance meet(role_state& state, const role_id& peer, const directory_facts& told) {
  return state.met([&](known_disks& known) { return known.meet(peer, told); });
}

void take_named(role_state& state, const role_id& peer, const directory_facts& named) {
  state.met([&](known_disks& known) {
    known.take_named(peer, named);
    return true;
  });
}

} // namespace

TEST_CASE("the seqnum and the known disks survive a restart") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  {
    const auto directory = scratch::open(tmp / "l1", role_kind::leader);
    role_state state{directory};
    CHECK(state.load() == 0);
    CHECK(state.known().format_ids().empty());
    state.save(7);
    state.save(7);
    CHECK(meet(state, "a1", facts("disk one")) == acquaintance::good);
    CHECK(meet(state, "a2", facts("")) == acquaintance::good);
    state.save(8);
  }
  const auto directory = scratch::open(tmp / "l1", role_kind::leader);
  const role_state state{directory};
  CHECK(state.load() == 8);
  CHECK(state.known().format_ids().at("a1") == "disk one");
  CHECK(state.known().format_ids().at("a2").empty());
}

TEST_CASE(
    "an acceptor that was formatted again is recognised, and the first disk stays on record") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  role_state state{directory};
  CHECK(meet(state, "a1", facts("old")) == acquaintance::good);
  CHECK(meet(state, "a1", facts("old")) == acquaintance::good);
  CHECK(meet(state, "a1", facts("new")) == acquaintance::other_disk);
  CHECK(role_state{directory}.known().format_ids().at("a1") == "old");
}

TEST_CASE("an old copy of a directory is recognised after a restart of who met it, too") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  {
    role_state state{directory};
    CHECK(meet(state, "a1", facts("disk", {1})) == acquaintance::good);
    CHECK(meet(state, "a1", facts("disk", {1, 2, 3})) == acquaintance::good);
  }
  role_state state{directory};
  CHECK(state.known().all().at("a1").last == life{3, 3});
  CHECK(meet(state, "a1", facts("disk", {1, 2, 4})) == acquaintance::old_copy);
  CHECK(meet(state, "a1", facts("disk", {1, 2})) == acquaintance::old_copy);
  CHECK(state.known().all().at("a1").last == life{3, 3}); // one that is refused changes nothing
  CHECK(meet(state, "a1", facts("disk", {1, 2, 3, 4})) == acquaintance::good);
}

TEST_CASE(
    "an old copy that is started until nobody could tell stays refused, the right one does not") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  const auto right = facts("disk", {1, 2, 3});
  auto copy = facts("disk", {1, 2});
  {
    role_state state{directory};
    CHECK(meet(state, "a1", right) == acquaintance::good);
    copy.lives.begin(100);
    CHECK(meet(state, "a1", copy) == acquaintance::old_copy);
  }
  for (std::uint64_t start = 1; start <= life_history::max_kept + 2; ++start)
    copy.lives.begin(100 + start);
  role_state state{directory}; // it knows from its disk
  CHECK(copy.lives.first > 3);
  CHECK(meet(state, "a1", copy) == acquaintance::old_copy);
  CHECK(judge(state.known().all().at("a1"), copy) ==
        acquaintance::old_copy); // as it is told itself
  CHECK(meet(state, "a1", right) == acquaintance::good);
  auto later = right; // who slept for so long, and never refused anybody, believes it
  for (std::uint64_t start = 1; start <= life_history::max_kept + 2; ++start)
    later.lives.begin(500 + start);
  CHECK(meet(state, "a1", later) == acquaintance::good);
}

TEST_CASE("a copy that lacked records stays refused, too, when it is started until it has more") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  auto copy = facts("disk", {1, 2}, 20);
  {
    role_state state{directory};
    CHECK(meet(state, "a1", facts("disk", {1}, 50)) == acquaintance::good);
    CHECK(meet(state, "a1", copy) == acquaintance::records_gone);
  }
  for (std::uint64_t start = 1; start <= life_history::max_kept; ++start)
    copy.lives.begin(100 + start);
  copy.records = 60;
  role_state state{directory};
  CHECK(meet(state, "a1", copy) == acquaintance::old_copy);
}

TEST_CASE("the disk that the log names holds, whoever was met first under that id") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  role_state state{directory};
  CHECK(meet(state, "a1", facts("wrong", {5})) == acquaintance::good);
  const auto named = facts("right", {1, 2}, 7);
  CHECK(meet(state, "a1", named) == acquaintance::other_disk);
  take_named(state, "a1", named);
  CHECK(meet(state, "a1", named) == acquaintance::good);
  CHECK(role_state{directory}.known().all().at("a1") == known_peer{"right", {2, 2}, 7, false});
  take_named(state, "a1", facts("right", {1})); // what is known of that disk stays
  CHECK(state.known().all().at("a1").last == life{2, 2});
}

TEST_CASE("how many records another had is remembered when it is saved, and when all ends well") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  {
    role_state state{directory};
    CHECK(meet(state, "a1", facts("disk", {1}, 10)) == acquaintance::good);
    state.note_records("a1", 30);
    state.note_records("a1", 20);
    state.note_records("a2", 20); // not met
    CHECK(read_role_state(directory).known.all().at("a1").records == 10);
    state.save_notes();
    CHECK(read_role_state(directory).known.all().at("a1").records == 30);
    state.note_records("a1", 40);
  }
  role_state state{directory};
  CHECK(state.known().all().size() == 1);
  CHECK(state.known().all().at("a1").records == 40);
  CHECK(meet(state, "a1", facts("disk", {1, 2}, 39)) == acquaintance::records_gone);
  CHECK(meet(state, "a1", facts("disk", {1, 2}, 40)) == acquaintance::good);
}

TEST_CASE("what a new life began with is not lost again, though no ping has told of it") {
  scratch::directory tmp;
  scratch::format(tmp / "r1", role_kind::replica);
  const auto directory = scratch::open(tmp / "r1", role_kind::replica);
  {
    role_state state{directory};
    CHECK(meet(state, "a1", facts("disk", {1}, 10)) == acquaintance::good);
    CHECK(meet(state, "a1", facts("disk", {1, 2}, 60)) == acquaintance::good);
  }
  role_state state{directory};
  CHECK(state.known().all().at("a1") == known_peer{"disk", {2, 2}, 60, false});
  CHECK(meet(state, "a1", facts("disk", {1, 2, 3}, 59)) == acquaintance::records_gone);
}

TEST_CASE("every start is a life, on the disk before it is told") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  const auto directory = scratch::open(tmp / "l1", role_kind::leader);
  life_history before;
  for (std::uint64_t i = 1; i <= life_history::max_kept + 3; ++i) {
    role_state state{directory};
    CHECK(state.lives() == before);
    state.begin_life();
    CHECK(state.lives().current().number == i);
    CHECK(state.lives().continues(before.current()));
    CHECK(read_role_state(directory).lives == state.lives());
    before = state.lives();
  }
}

TEST_CASE("every damage of the state is refused: what was forgotten is unknown, not zero") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  const auto directory = scratch::open(tmp / "l1", role_kind::leader);
  role_state{directory}.save(1234);
  const auto file = tmp / "l1/state";
  const auto good = scratch::contents(file);
  const auto error = [&] { return error_of([&] { role_state{directory}; }); };
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1 << i % 8);
    scratch::overwrite(file, bad);
    CHECK_MESSAGE(contains(error(), "checksum"), "flipped a bit of byte " << i);
    scratch::overwrite(file, good.substr(0, i));
    CHECK_MESSAGE(contains(error(), "checksum"), "truncated to " << i << " bytes");
  }
  fs::remove(file);
  CHECK(contains(error(), "missing"));
  CHECK(contains(error(), "leave this leader down"));
  scratch::overwrite(file, good);
  CHECK(role_state{directory}.load() == 1234);
}

TEST_CASE("a save that a crash left half done changes nothing") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  const auto directory = scratch::open(tmp / "l1", role_kind::leader);
  role_state{directory}.save(5);
  scratch::overwrite(tmp / "l1/state.tmp", "seqnum 6\nche");
  CHECK(role_state{directory}.load() == 5);
  CHECK_FALSE(fs::exists(tmp / "l1/state.tmp"));
}

TEST_CASE("a save that fails is final") {
  scratch::directory tmp;
  scratch::format(tmp / "l1", role_kind::leader);
  const auto directory = scratch::open(tmp / "l1", role_kind::leader);
  role_state state{directory};
  fs::create_directory(tmp / "l1/state.tmp"); // in the way
  CHECK(contains(error_of([&] { state.save(1); }), "cannot open"));
  fs::remove(tmp / "l1/state.tmp");
  CHECK(contains(error_of([&] { state.save(2); }), "an earlier write failed"));
}
