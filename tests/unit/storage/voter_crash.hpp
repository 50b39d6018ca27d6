// A server that dies at any change of its files, or meets a disk that is full or broken: what it
// acknowledged is there, and what it was about is there as a whole, or not at all. `Voter`: see
// voter_fixture.hpp.
#pragma once

#include "crash_fixture.hpp"
#include "voter_fixture.hpp"

#include <utility>

namespace crash {

using pmmc::storage::simulated_disk;
using scratch::contains;
using scratch::error_of;

template <class Voter>
void format(simulated_disk& disk) {
  format_home(disk, pmmc::role_kind::server, Voter::engine);
}

/// What a server has told of, and what it was writing.
template <class Voter>
struct told_state {
  typename Voter::state acknowledged = Voter::founding();
  std::vector<typename Voter::record> under_way;

  void write(typename Voter::store& store, std::vector<typename Voter::record> records) {
    under_way = std::move(records);
    store.write(under_way);
    for (const auto& r : std::exchange(under_way, {}))
      acknowledged.apply(r);
  }
  /// Who starts answers for what it finds: from then on that is acknowledged, and nothing else.
  bool is_kept(const typename Voter::state& recovered) {
    const auto interrupted = std::exchange(under_way, {});
    if (recovered == acknowledged)
      return true;
    for (const auto& r : interrupted)
      acknowledged.apply(r);
    return recovered == acknowledged;
  }
};

/// Opens the store, and demands that it holds what it must.
template <class Voter>
class life {
public:
  using records = std::vector<typename Voter::record>;

  life(simulated_disk& disk, told_state<Voter>& told)
      : directory_(open_home(disk, pmmc::role_kind::server)), store_(directory_, small),
        told_(told) {
    CHECK(told_.is_kept(store_.take_recovered()));
  }

  void write(records made) { told_.write(store_, std::move(made)); }
  void write_next() { write(Voter::next(told_.acknowledged)); }
  void write_random(typename Voter::history& history, std::uint64_t writes) {
    while (writes-- > 0)
      write(history.next(told_.acknowledged));
  }
  void append(std::size_t bytes) {
    write({Voter::append(told_.acknowledged, std::string(bytes, 'v'))});
  }
  /// Fails, and goes on failing.
  void fail_for_good(const std::function<void()>& write, const std::string& why) {
    CHECK(contains(error_of(write), why));
    const auto interrupted = told_.under_way;
    CHECK(contains(error_of([&] { write_next(); }), "an earlier write failed"));
    told_.under_way = interrupted;
  }

private:
  pmmc::storage::data_directory directory_;
  typename Voter::store store_;
  told_state<Voter>& told_;
};

inline void start_again(simulated_disk& disk, bool power_was_lost) {
  disk.stop();
  disk.restart(power_was_lost);
}

/// `lived` writes, from a new server on.
template <class Voter>
void die_everywhere_in(const std::function<void(life<Voter>&)>& lived) {
  told_state<Voter> told;
  die_everywhere(
      format<Voter>,
      [&](simulated_disk& disk) {
        told = {};
        life<Voter> l{disk, told};
        lived(l);
      },
      [&](simulated_disk& disk) {
        life<Voter>{disk, told}.write_next();
      });
}

template <class Voter>
void die_in_random_histories() {
  std::uint64_t lives = 0;
  die_everywhere_in<Voter>([&](life<Voter>& l) {
    typename Voter::history history{1 + lives++ % 12};
    l.write_random(history, 14);
  });
}

/// These records are one write of the log, one sync, and the mark: in three changes they are there.
template <class Voter>
void write_at_once(const std::vector<typename Voter::record>& records) {
  for (std::size_t changes = 0; changes <= 3; ++changes) {
    simulated_disk disk{7};
    format<Voter>(disk);
    told_state<Voter> told;
    life<Voter> l{disk, told};
    disk.stop_after(changes);
    const auto error = error_of([&] { l.write(records); });
    CHECK(error.empty() == (changes == 3));
  }
}

/// What a server finds when it comes back is durable, though the last sync of it failed.
template <class Voter>
void stop_when_syncs_fail() {
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    for (const bool for_good : {false, true}) {
      INFO("seed " << seed << ", for good " << for_good);
      simulated_disk disk{seed};
      format<Voter>(disk);
      told_state<Voter> told;
      typename Voter::history history{seed};
      {
        life<Voter> l{disk, told};
        l.write_random(history, seed % 9);
        disk.fail_sync(for_good);
        l.fail_for_good([&] { l.write_next(); }, "cannot sync");
      }
      start_again(disk, false);
      if (for_good) {
        CHECK(contains(error_of([&] { life<Voter>{disk, told}; }), "cannot sync"));
        start_again(disk, false);
        disk.mend_errors();
      }
      for (const bool power : {true, false}) {
        life<Voter>{disk, told};
        start_again(disk, power);
      }
      life<Voter>{disk, told};
    }
}

template <class Voter>
void fill_up_the_disk() {
  for (std::uint64_t room = 0; room <= 24'000; room += 371) {
    INFO("room " << room);
    simulated_disk disk{room + 1};
    format<Voter>(disk);
    told_state<Voter> told;
    typename Voter::history history{room + 1};
    {
      life<Voter> l{disk, told};
      disk.fill_up(room);
      l.fail_for_good(
          [&] {
            l.write_random(history, 12);
            for (int i = 0; i < 40; ++i)
              l.append(1000);
          },
          "No space left on device; make room");
    }
    start_again(disk, room % 2 == 0);
    disk.mend_errors();
    life<Voter>{disk, told}.write_random(history, 10);
    life<Voter>{disk, told};
  }
}

/// Flips some bits, one at a time: harmless, or refused.
template <class Voter>
void flip_bits(simulated_disk& disk, const told_state<Voter>& told) {
  for (int i = 0; i < 3; ++i) {
    const auto before = disk.copy();
    const auto file = disk.flip_bit();
    INFO("a bit of " << file);
    error_of([&] { // or it holds what it must
      auto other = told;
      life<Voter>{disk, other};
    });
    start_again(disk, false);
    disk.exchange(before);
  }
}

/// Lives and deaths as chance has it: of the process, of the power, of syncs and of room.
template <class Voter>
void live_and_die(std::uint64_t seed) {
  simulated_disk disk{seed};
  pmmc::random_source chance{seed * 7919};
  typename Voter::history history{seed};
  told_state<Voter> told;
  format<Voter>(disk);
  for (int lives = 0; lives < 12; ++lives) {
    const auto trouble = chance.below(6);
    if (trouble == 0)
      disk.fail_sync(chance.below(2) == 0);
    else if (trouble == 1)
      disk.fill_up(chance.below(12'000));
    else if (trouble < 4)
      disk.stop_after(chance.below(60));
    const auto error = error_of([&] {
      life<Voter>{disk, told}.write_random(history, chance.below(30));
    });
    const bool was_power_lost = chance.below(2) == 0;
    start_again(disk, was_power_lost);
    disk.mend_errors();
    if (error.empty() && !was_power_lost) // at a power cut the mark may lag: one fault is enough
      flip_bits(disk, told);
  }
  life<Voter>{disk, told}.write_next();
  life<Voter>{disk, told};
}

} // namespace crash
