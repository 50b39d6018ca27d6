// A server of engine `simple` may die at any change of its files, with the power or without, and
// again while it starts: what it acknowledged is there, and what it was about is there as a whole,
// or not at all.
#include "scratch.hpp"

#include "seeds.hpp"
#include "simple_fixture.hpp"
#include "voter_crash.hpp"

using namespace pmmc::simple;
using pmmc::command;
using pmmc::slot_num;

TEST_CASE("crash: a server `simple` recovers what it acknowledged, and all or nothing of the next "
          "write") {
  crash::die_in_random_histories<simple_voter>();
}

TEST_CASE("crash: segments of a server `simple` go one after the other, and never before the "
          "record that frees them") {
  crash::die_everywhere_in<simple_voter>([&](crash::life<simple_voter>& l) {
    slot_num slot = 0;
    const auto vote = [&](std::size_t bytes) {
      ++slot;
      l.write({promise_record{slot, {slot}}, promise_record{slot + 1, {2}}});
      l.write({accept_record{slot, {{slot + 3}, command{std::string(bytes, 'v')}}}});
    };
    for (const std::size_t bytes : {1500, 1500, 1500, 20'000, 1500, 1500})
      vote(bytes);
    l.write({collect_record{5}});
    for (const std::size_t bytes : {1500, 100, 3000})
      vote(bytes);
    l.write({accept_record{slot, {{30}, command{"another"}}}, collect_record{slot},
             promise_record{slot, {31}}});
    for (const std::size_t bytes : {3000, 3000, 3000})
      vote(bytes);
  });
}

TEST_CASE("crash: what counts in the oldest segment is written again before that goes") {
  crash::die_everywhere_in<simple_voter>([&](crash::life<simple_voter>& l) {
    l.write({promise_record{1, {7}}, accept_record{2, {{5}, command{"kept"}}}});
    l.write({promise_record{2, {6}}, accept_record{3, {{5}, command{"kept, too"}}}});
    for (std::uint64_t number = 1; number <= 16; ++number) // nothing is collected
      l.write({accept_record{4, {{number}, command{std::string(3000, 'v')}}}});
  });
}

TEST_CASE("crash: the records of several slots are one write of the log, one sync, and the mark") {
  crash::write_at_once<simple_voter>(
      {promise_record{1, {1}}, accept_record{1, {{1}, command{"a"}}}, promise_record{2, {4}},
       accept_record{3, {{2}, command{std::string(900, 'v')}}}, collect_record{2}});
}

TEST_CASE("crash: a server `simple` whose sync fails stops, and what it finds then is durable") {
  crash::stop_when_syncs_fail<simple_voter>();
}

TEST_CASE("crash: a server `simple` on a full disk says so, and with room again all that it "
          "acknowledged is there") {
  crash::fill_up_the_disk<simple_voter>();
}

TEST_CASE("crash: a server `simple` on a disk that fails as chance has it") {
  for_seeds(1000, crash::live_and_die<simple_voter>);
}
