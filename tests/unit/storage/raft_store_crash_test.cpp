// A Raft server may die at any change of its files, with the power or without, and again while it
// starts: what it acknowledged is there, and what it was about is there as a whole, or not at all.
#include "scratch.hpp"

#include "raft_fixture.hpp"
#include "seeds.hpp"
#include "voter_crash.hpp"

using namespace pmmc;

TEST_CASE("crash: a Raft server recovers what it acknowledged, and all or nothing of the next "
          "write") {
  crash::die_in_random_histories<raft_voter>();
}

TEST_CASE("crash: segments go one after the other, and never before the record that frees them") {
  crash::die_everywhere_in<raft_voter>([&](crash::life<raft_voter>& l) {
    l.write({raft::term_record{5, "r3"}});
    slot_num index = 0;
    auto members = raft_voter::founding().log.members();
    const auto append = [&](std::size_t bytes) {
      const auto changed = ++index == 2 ? shared(first_servers) : nullptr;
      if (changed)
        members = changed;
      l.write({raft::append_record{index, {5, command{std::string(bytes, 'v')}, changed}}});
    };
    for (const std::size_t bytes : {1500, 1500, 1500, 20'000, 1500, 1500})
      append(bytes);
    l.write({raft::base_record{{5, 5}, members}});
    l.write({raft::truncate_record{6}});
    --index;
    for (const std::size_t bytes : {1500, 100, 3000, 1500})
      append(bytes);
    l.write({raft::base_record{{40, 5}, shared(servers_of(3, {"r1"}))}});
    index = 40;
    for (const std::size_t bytes : {3000, 3000, 3000})
      append(bytes);
  });
}

TEST_CASE("crash: one write of a Raft server is one write of the log, one sync, and the mark") {
  crash::write_at_once<raft_voter>(
      {raft::term_record{1, "r1"}, raft::append_record{1, {1, command{"a"}, nullptr}}});
}

TEST_CASE("crash: a Raft server whose sync fails once stops, and what it finds then is durable") {
  crash::stop_when_syncs_fail<raft_voter>();
}

TEST_CASE("crash: a Raft server on a full disk says so, and with room again all that it "
          "acknowledged is there") {
  crash::fill_up_the_disk<raft_voter>();
}

TEST_CASE("crash: a Raft server on a disk that fails as chance has it") {
  for_seeds(300, crash::live_and_die<raft_voter>);
}
