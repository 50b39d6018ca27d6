// A Raft server may die at any change of its files, with the power or without, and again while it
// starts: what it acknowledged is there, and what it was about is there as a whole, or not at all.
#include "scratch.hpp"

#include "crash_fixture.hpp"
#include "raft_history.hpp"
#include "storage/raft_store.hpp"

#include <algorithm>
#include <utility>

using namespace pmmc;
using namespace pmmc::storage;
using crash::home;
using crash::small;
using scratch::contains;
using scratch::error_of;

namespace {

void format(simulated_disk& disk) {
  crash::format_home(disk, role_kind::replica);
  raft_store::create(disk, home, first_servers, small);
  disk.sync_directory(home);
}

/// What a server has told of, and what it was writing.
struct told_state {
  raft::persistent_state acknowledged = raft::founding_state(first_servers);
  raft_records under_way;

  void write(raft_store& store, raft_records records) {
    under_way = std::move(records);
    store.write(under_way);
    for (const auto& r : std::exchange(under_way, {}))
      acknowledged.apply(r);
  }
  bool is_kept(const raft::persistent_state& recovered) {
    if (recovered == acknowledged)
      return true;
    for (const auto& r : std::exchange(under_way, {}))
      acknowledged.apply(r);
    return recovered == acknowledged;
  }
};

/// Opens the store, and demands that it holds what it must.
class life {
public:
  life(simulated_disk& disk, told_state& told)
      : directory_(crash::open_home(disk, role_kind::replica)), store_(directory_, small),
        told_(told) {
    CHECK(told_.is_kept(store_.take_recovered()));
  }

  void write(raft_records records) { told_.write(store_, std::move(records)); }
  void write_random(raft_history& history, int writes) {
    while (writes-- > 0)
      write(history.next(told_.acknowledged));
  }
  void append(std::size_t bytes) {
    const auto& log = told_.acknowledged.log;
    write({raft::append_record{log.last().index + 1,
                               {std::max(told_.acknowledged.term, log.last().term),
                                command{std::string(bytes, 'v')}, nullptr}}});
  }
  void write_next_term() { write({raft::term_record{told_.acknowledged.term + 1, "r2"}}); }
  std::uint64_t writes() const { return store_.writes(); }

private:
  data_directory directory_;
  raft_store store_;
  told_state& told_;
};

void start_again(simulated_disk& disk, bool power_was_lost) {
  disk.stop();
  disk.restart(power_was_lost);
}

} // namespace

TEST_CASE("crash: a Raft server recovers what it acknowledged, and all or nothing of the next "
          "write") {
  told_state told;
  std::uint64_t lives = 0;
  crash::die_everywhere(
      format,
      [&](simulated_disk& disk) {
        told = {};
        raft_history history{1 + lives++ % 12};
        life l{disk, told};
        l.write_random(history, 14);
      },
      [&](simulated_disk& disk) {
        life{disk, told}.write_next_term();
      });
}

TEST_CASE("crash: segments go one after the other, and never before the record that frees them") {
  told_state told;
  crash::die_everywhere(
      format,
      [&](simulated_disk& disk) {
        told = {};
        life l{disk, told};
        l.write({raft::term_record{5, "r3"}});
        slot_num index = 0;
        const auto append = [&](std::size_t bytes) {
          l.write({raft::append_record{++index,
                                       {5, command{std::string(bytes, 'v')},
                                        index == 2 ? shared(first_servers) : nullptr}}});
        };
        for (const std::size_t bytes : {1500, 1500, 1500, 20'000, 1500, 1500})
          append(bytes);
        const auto& log = told.acknowledged.log;
        l.write({raft::base_record{{5, 5}, log.members_at(5)}});
        l.write({raft::truncate_record{6}});
        --index;
        for (const std::size_t bytes : {1500, 100, 3000, 1500})
          append(bytes);
        l.write({raft::base_record{{40, 5}, shared(servers_of(3, {"r1"}))}});
        index = 40;
        for (const std::size_t bytes : {3000, 3000, 3000})
          append(bytes);
      },
      [&](simulated_disk& disk) {
        life{disk, told}.write_next_term();
      });
}

TEST_CASE("crash: one write of a Raft server is one write of the log, one sync, and the mark") {
  for (std::size_t changes = 0; changes <= 3; ++changes) {
    simulated_disk disk{7};
    format(disk);
    told_state told;
    life l{disk, told};
    disk.stop_after(changes);
    const auto error = error_of([&] {
      l.write({raft::term_record{1, "r1"}, raft::append_record{1, {1, command{"a"}, nullptr}}});
    });
    CHECK(error.empty() == (changes == 3));
  }
}

TEST_CASE("crash: a Raft server whose sync fails once stops, and what it finds then is durable") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    simulated_disk disk{seed};
    format(disk);
    told_state told;
    raft_history history{seed};
    {
      life l{disk, told};
      l.write_random(history, static_cast<int>(seed % 9));
      disk.fail_sync(false);
      CHECK(contains(error_of([&] { l.write_next_term(); }), "cannot sync"));
      const auto again = error_of([&] { l.write({raft::term_record{99, ""}}); });
      CHECK(contains(again, "an earlier write failed"));
      told.under_way = {raft::term_record{told.acknowledged.term + 1, "r2"}};
    }
    start_again(disk, false);
    for (const bool power : {true, false}) {
      life{disk, told};
      told.under_way.clear(); // it has answered by now
      start_again(disk, power);
    }
    life{disk, told};
  }
}

TEST_CASE("crash: a Raft server on a full disk says so, and with room again all that it "
          "acknowledged is there") {
  for (std::uint64_t room = 0; room <= 24'000; room += 371) {
    simulated_disk disk{room + 1};
    format(disk);
    told_state told;
    raft_history history{room + 1};
    {
      life l{disk, told};
      disk.fill_up(room);
      const auto error = error_of([&] {
        l.write_random(history, 12);
        for (int i = 0; i < 30; ++i)
          l.append(1000);
      });
      CHECK(contains(error, "No space left"));
      CHECK(contains(error, "make room"));
      const auto told_of = told.under_way;
      CHECK(contains(error_of([&] { l.write_next_term(); }), "an earlier write failed"));
      told.under_way = told_of;
    }
    start_again(disk, room % 2 == 0);
    disk.mend_errors();
    life{disk, told}.write_random(history, 10);
    life{disk, told};
  }
}
