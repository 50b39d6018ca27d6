// A process may die at any change of its files, with the power or without, and again while it
// starts: what it acknowledged is there, and what it was about is there as a whole, or not at all.
#include "scratch.hpp"

#include "acceptor_fixture.hpp"
#include "crash_fixture.hpp"
#include "storage/members_file.hpp"
#include "storage/role_state.hpp"
#include "storage/simulated_disk.hpp"
#include "storage/snapshot_store.hpp"

#include <utility>

using namespace pmmc;
using namespace pmmc::storage;

namespace {

using crash::home;
using crash::open_home;
using crash::small;

void die_everywhere(role_kind kind, const crash::step& life, const crash::step& look) {
  crash::die_everywhere([&](simulated_disk& disk) { crash::format_home(disk, kind); }, life, look);
}

/// What an acceptor has told of, and what it was writing.
struct promised {
  acceptor_state acknowledged;
  std::vector<acceptor_record> under_way;

  void write(acceptor_store& store, std::vector<acceptor_record> records) {
    under_way = std::move(records);
    store.write(under_way);
    for (const auto& r : std::exchange(under_way, {}))
      acknowledged.apply(r);
  }
  bool is_kept(const acceptor_state& recovered) {
    if (equal(recovered, acknowledged))
      return true;
    for (const auto& r : under_way)
      acknowledged.apply(r);
    return equal(recovered, acknowledged);
  }
};

} // namespace

TEST_CASE(
    "crash: an acceptor recovers what it acknowledged, and all or nothing of the next write") {
  promised told;
  die_everywhere(
      role_kind::acceptor,
      [&](simulated_disk& disk) {
        told = {};
        const auto directory = open_home(disk, role_kind::acceptor);
        acceptor_store store{directory, small};
        told.write(store, {promise_record{1, {1, "l1"}}});
        for (slot_num slot = 1; slot <= 20; ++slot) {
          // One is larger than a segment, and leaves from where it is.
          const auto bytes = slot == 5 ? 20'000 : 700 + slot;
          told.write(store, {accept_record{1, {{1, "l1"}, slot, command{std::string(bytes, 'v')}}},
                             collect_record{slot - std::min<slot_num>(slot, 8) + 1}});
        }
      },
      [&](simulated_disk& disk) {
        const auto directory = open_home(disk, role_kind::acceptor);
        acceptor_store store{directory, small};
        CHECK(told.is_kept(store.take_recovered()));
        // And goes on.
        told.write(store, {promise_record{2, {3, "l1"}}});
      });
}

TEST_CASE("crash: an acceptor whose sync fails once stops, and what it finds then is durable") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    simulated_disk disk{seed};
    data_directory::format(disk, home, scratch::info_of(role_kind::acceptor, "x1"), small);
    promised told;
    {
      const auto directory = open_home(disk, role_kind::acceptor);
      acceptor_store store{directory, small};
      for (slot_num slot = 1; slot <= seed % 9; ++slot)
        told.write(store, {accept_record{1, {{1, "l1"}, slot, command{std::string(900, 'v')}}}});
      disk.fail_sync(false);
      CHECK(scratch::contains(scratch::error_of([&] {
                                told.write(store, {promise_record{2, {1, "l1"}}});
                              }),
                              "cannot sync"));
    }
    disk.stop();
    disk.restart(false);
    for (const bool power : {true, false}) {
      {
        const auto directory = open_home(disk, role_kind::acceptor);
        acceptor_store store{directory, small};
        CHECK(told.is_kept(store.take_recovered()));
        told.under_way.clear(); // it has voted on it by now
      }
      disk.stop();
      disk.restart(power);
    }
  }
}

TEST_CASE("crash: a leader finds the seqnum that it saved, or the one that it was saving") {
  std::uint64_t saved = 0;
  std::uint64_t under_way = 0;
  die_everywhere(
      role_kind::leader,
      [&](simulated_disk& disk) {
        saved = under_way = 0;
        const auto directory = open_home(disk, role_kind::leader);
        role_state state{directory};
        for (std::uint64_t seqnum = 1; seqnum <= 3; ++seqnum) {
          under_way = seqnum;
          state.save(seqnum);
          saved = seqnum;
        }
      },
      [&](simulated_disk& disk) {
        const auto directory = open_home(disk, role_kind::leader);
        role_state state{directory};
        CHECK((state.load() == saved || state.load() == under_way));
      });
}

TEST_CASE("crash: a replica finds the snapshot that it published, or a newer one") {
  slot_num published = 0;
  const auto publish = [&](const snapshot_store& store, slot_num slot) {
    auto writer = store.write(slot);
    writer.stream() << "state at " << slot;
    writer.commit(scratch::any_snapshot);
    store.remove_older();
    published = std::max(published, slot);
  };
  die_everywhere(
      role_kind::replica,
      [&](simulated_disk& disk) {
        published = 0;
        const auto directory = open_home(disk, role_kind::replica);
        const snapshot_store store{directory};
        for (const slot_num slot : {5, 9, 7, 12})
          publish(store, slot);
      },
      [&](simulated_disk& disk) {
        const auto directory = open_home(disk, role_kind::replica);
        const snapshot_store store{directory};
        REQUIRE(store.latest().value_or(0) >= published);
        if (const auto slot = store.latest()) {
          auto reader = store.read(*slot);
          const std::string text{std::istreambuf_iterator<char>{reader.stream()}, {}};
          CHECK(text == "state at " + std::to_string(*slot));
        }
      });
}

TEST_CASE("crash: a fetched snapshot is taken over as a whole, wherever the receiver was stopped") {
  simulated_disk other{1};
  data_directory::format(other, home, scratch::info_of(role_kind::replica, "x1"));
  const auto theirs = open_home(other, role_kind::replica);
  const snapshot_store from{theirs};
  auto writer = from.write(30);
  writer.stream() << std::string(9000, 's');
  writer.commit(scratch::any_snapshot);
  bool published = false;
  const auto fetch = [&](const snapshot_store& store) {
    const auto total = from.read_raw(30, 0, 0)->total;
    auto receiver = store.receive(30, total);
    while (!receiver.complete())
      receiver.append(receiver.offset(), from.read_raw(30, receiver.offset(), 1000)->bytes);
    const bool good = receiver.commit(scratch::any_snapshot);
    published = published || good;
    return good;
  };
  die_everywhere(
      role_kind::replica,
      [&](simulated_disk& disk) {
        published = false;
        const auto directory = open_home(disk, role_kind::replica);
        const bool good = fetch(snapshot_store{directory});
        CHECK(good);
      },
      [&](simulated_disk& disk) {
        const auto directory = open_home(disk, role_kind::replica);
        const snapshot_store store{directory};
        CHECK((store.latest() || !published));
        // What had come before the power cut may be torn: then it begins again.
        const bool is_there = store.latest() || fetch(store) || fetch(store);
        CHECK(is_there);
        CHECK(store.read(30).finish() == 9000);
      });
}

TEST_CASE(
    "crash: what came of a snapshot before a sync that failed is durable when it is taken over") {
  simulated_disk other{1};
  data_directory::format(other, home, scratch::info_of(role_kind::replica, "x1"));
  const auto theirs = open_home(other, role_kind::replica);
  const snapshot_store from{theirs};
  auto writer = from.write(30);
  writer.stream() << std::string(90'000, 's');
  writer.commit(scratch::any_snapshot);
  const auto file = from.read_raw(30, 0, 100'000)->bytes;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    simulated_disk disk{seed};
    data_directory::format(disk, home, scratch::info_of(role_kind::replica, "x1"));
    {
      const auto directory = open_home(disk, role_kind::replica);
      auto receiver = snapshot_store{directory}.receive(30, file.size());
      receiver.append(0, file);
      disk.fail_sync(false);
      CHECK(scratch::contains(scratch::error_of([&] { receiver.commit(scratch::any_snapshot); }),
                              "cannot sync"));
    }
    disk.stop();
    disk.restart(false); // it reads well
    {
      const auto directory = open_home(disk, role_kind::replica);
      auto receiver = snapshot_store{directory}.receive(30, file.size());
      CHECK(receiver.complete());
      CHECK(receiver.commit(scratch::any_snapshot));
    }
    disk.stop();
    disk.restart(true);
    const auto directory = open_home(disk, role_kind::replica);
    CHECK(snapshot_store{directory}.read(30).finish() == 90'000);
  }
}

TEST_CASE("crash: of the members that are known, the last or the ones under way are found") {
  std::uint64_t saved = 0;
  std::uint64_t under_way = 0;
  const config_history first{scratch::info_of(role_kind::acceptor, "x1").facts.first};
  die_everywhere(
      role_kind::acceptor,
      [&](simulated_disk& disk) {
        saved = under_way = 0;
        for (std::uint64_t identity = 1; identity <= 3; ++identity) {
          under_way = identity;
          membership known{first};
          known.identity = identity;
          write_members(disk, home, known);
          saved = identity;
        }
      },
      [&](simulated_disk& disk) {
        const auto directory = open_home(disk, role_kind::acceptor);
        const auto known = read_members(disk, home);
        const auto identity = known ? known->identity : 0;
        CHECK((identity == saved || identity == under_way));
      });
}
