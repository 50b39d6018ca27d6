// The requests that wait at a replica, alone.
#include "core_helpers.hpp"
#include "service/request_queue.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

constexpr session_id s = session_id{1} << 16;

using numbers = std::vector<std::uint64_t>;

numbers numbers_of(const std::vector<request>& requests) {
  numbers found;
  for (const auto& r : requests)
    found.push_back(r.sequence);
  return found;
}

struct queue_bench {
  explicit queue_bench(request_queue::settings options = {}) : queue(options) {}

  bool add(std::uint64_t sequence, role_id client = "c1", bool is_decided = false,
           std::string op = "a") {
    return queue.add(operation(s, sequence, std::move(op)), client, is_decided, tick);
  }
  numbers batch() {
    keys.clear();
    numbers found;
    for (const auto* r : queue.next_batch()) {
      keys.push_back(key_of(*r));
      found.push_back(r->sequence);
    }
    return found;
  }

  /// The log has it.
  void perform(const request& r, slot_num slot) {
    const auto value = batch_of({r});
    const auto entries = decode_batch(value);
    REQUIRE(entries);
    std::vector<response> none;
    sessions.apply(
        entries->at(0), slot, 0, [](request_kind, std::string_view) { return std::string{"done"}; },
        none);
  }

  request_queue queue;
  std::vector<request_key> keys;
  session_table sessions;
  std::uint64_t tick = 1;
};

} // namespace

TEST_CASE("request queue: batches in the order of coming in, as large as they may be") {
  request_queue::settings options;
  options.batch_requests = 2;
  queue_bench b{options};
  for (std::uint64_t i = 1; i <= 3; ++i)
    CHECK(b.add(i));
  CHECK(b.queue.has_full_batch());
  CHECK(b.batch() == numbers{1, 2});
  CHECK(b.keys == std::vector<request_key>{{s, 1}, {s, 2}});
  CHECK(!b.queue.has_full_batch());
  CHECK(b.batch() == numbers{3});
  CHECK(b.batch().empty());
  CHECK(b.queue.size() == 3); // none is answered
}

TEST_CASE("request queue: a batch ends before the request that would make it too large") {
  request_queue::settings options;
  options.batch_bytes = 100;
  queue_bench b{options};
  b.add(1, "c1", false, std::string(200, 'x')); // alone, as it is larger than a batch
  b.add(2, "c1", false, std::string(50, 'x'));
  b.add(3, "c1", false, std::string(50, 'x'));
  CHECK(b.batch() == numbers{1});
  CHECK(b.batch() == numbers{2});
  CHECK(b.batch() == numbers{3});
}

TEST_CASE("request queue: a batch is full of what is queued, not of what waits for its answer") {
  request_queue::settings options;
  options.batch_bytes = 200;
  queue_bench b{options};
  const auto add = [&](std::uint64_t sequence, bool is_decided = false) {
    b.add(sequence, "c1", is_decided, std::string(100, 'x'));
  };
  for (std::uint64_t i = 1; i <= 20; ++i)
    add(i);
  CHECK(b.queue.has_full_batch());
  for (int i = 1; i <= 10; ++i)
    CHECK(b.batch().size() == 1);
  const auto lost = b.keys;
  CHECK(b.queue.has_full_batch());
  while (b.queue.queued() > 0)
    b.queue.next_handoff(b.tick);
  CHECK(!b.queue.has_full_batch()); // all are proposed, or handed on

  for (std::uint64_t i = 30; i <= 50; ++i)
    add(i, true);
  add(21);
  CHECK(!b.queue.has_full_batch());
  add(22);
  CHECK(b.queue.has_full_batch());
  b.queue.remove({s, 21});
  CHECK(!b.queue.has_full_batch()); // though its key is in the queue still
  b.queue.settle_proposal(lost, false);
  CHECK(b.queue.has_full_batch());
  b.queue.settle_proposal(lost, true); // another slot had it
  CHECK(!b.queue.has_full_batch());
  b.queue.take_back(b.sessions, 1, b.tick + 10, 10);
  CHECK(b.queue.has_full_batch());
}

TEST_CASE("request queue: requests that were answered meanwhile fill no batch") {
  request_queue::settings options;
  options.batch_requests = 2;
  queue_bench b{options};
  b.add(1);
  b.add(2);
  b.queue.remove({s, 1});
  CHECK(b.queue.queued() == 2);
  CHECK(!b.queue.has_full_batch());
  b.add(1); // asked again
  CHECK(b.queue.has_full_batch());
  CHECK(b.batch() == numbers{1, 2});
  CHECK(b.batch().empty());
  CHECK(!b.queue.has_full_batch());
}

TEST_CASE("request queue: what lost its slot comes first again, in its order") {
  queue_bench b;
  b.add(1);
  b.add(2);
  b.batch();
  const auto lost = b.keys;
  b.add(3);
  b.queue.settle_proposal(lost, false);
  CHECK(b.batch() == numbers{1, 2, 3});
}

TEST_CASE("request queue: what is chosen waits for its answer, and is not proposed again") {
  queue_bench b;
  b.add(1);
  b.batch();
  b.queue.settle_proposal(b.keys, true);
  CHECK(b.batch().empty());
  REQUIRE(b.queue.ask_again({s, 1}, "c2", 2));
  const auto asker = b.queue.remove({s, 1});
  REQUIRE(asker);
  CHECK(asker->client == "c2");
  CHECK(b.queue.size() == 0);
  CHECK(b.queue.bytes() == 0);
  CHECK(!b.queue.remove({s, 1}));
  CHECK(!b.queue.ask_again({s, 1}, "c2", 3));
}

TEST_CASE("request queue: an answer that comes before the request's turn takes it out") {
  queue_bench b;
  b.add(1);
  b.add(2);
  b.queue.remove({s, 1});
  CHECK(b.queue.queued() == 2);
  CHECK(b.batch() == numbers{2});
}

TEST_CASE("request queue: what is handed on comes back after a while, but for others' requests") {
  queue_bench b;
  b.add(2);
  b.add(1, "c2");
  b.add(3, {}); // for another replica
  b.tick = 5;
  const auto handed = b.queue.next_handoff(b.tick);
  CHECK(numbers_of(handed.requests) == numbers{2, 1, 3});
  CHECK(handed.clients == std::set<role_id>{"c1", "c2"});
  CHECK(!b.queue.contains({s, 3}));
  CHECK(b.queue.bytes() == 2); // it takes no room
  b.queue.take_back(b.sessions, 1, 14, 10);
  CHECK(b.batch().empty());
  b.queue.take_back(b.sessions, 1, 15, 10);
  CHECK(b.batch() == numbers{1, 2}); // sessions want them in their order
}

TEST_CASE("request queue: is bounded, and gives up what is held back for the rest") {
  request_queue::settings options;
  options.max_requests = 2;
  options.max_bytes = 10;
  queue_bench b{options};
  CHECK(!b.add(1, "c1", false, "more than ten"));
  CHECK(b.add(1));
  CHECK(b.add(3, "c1", true)); // its predecessor is missing
  CHECK(b.add(2));
  CHECK(!b.queue.contains({s, 3}));
  CHECK(!b.add(4));
  CHECK(b.queue.size() == 2);
}

TEST_CASE("request queue: who is refused by a full one is refused at once") {
  queue_bench b;
  std::uint64_t sequence = 0;
  while (b.queue.size() < request_queue::settings{}.max_requests)
    REQUIRE(b.add(++sequence));
  for (int i = 0; i < 300'000; ++i) // walking all that wait, each time, takes minutes
    REQUIRE_FALSE(b.add(sequence + 1));
  CHECK(b.batch().size() == request_queue::settings{}.batch_requests);
}

TEST_CASE("request queue: what is held back is forgotten, unless it is asked for again") {
  queue_bench b;
  b.add(2, "c1", true);
  b.add(3, "c1", true);
  b.queue.ask_again({s, 3}, "c1", 8);
  CHECK(b.batch().empty());
  b.queue.forget_held_back(11, 10);
  CHECK(!b.queue.contains({s, 2}));
  CHECK(b.queue.contains({s, 3}));
}

TEST_CASE("request queue: what is held back no more is not forgotten with those that are") {
  queue_bench b;
  b.add(2, "c1", true);
  b.queue.queue_again({{s, 2}}); // it is not decided after all
  b.queue.forget_held_back(100, 10);
  CHECK(b.batch() == numbers{2});
}

TEST_CASE("request queue: what was handed on and is held back is not proposed, and is forgotten") {
  queue_bench b;
  b.perform(opening(1), 1);
  b.add(2);
  b.queue.next_handoff(b.tick);
  b.perform(operation(s, 2, "a"), 2); // before its predecessor
  CHECK(b.queue.take_back(b.sessions, 3, 20, 10).empty());
  CHECK(b.batch().empty());
  b.queue.forget_held_back(100, 10);
  CHECK(!b.queue.contains({s, 2}));
}

TEST_CASE("request queue: names each client once") {
  queue_bench b;
  b.add(1);
  b.add(2);
  b.add(3, "c2");
  b.add(4, {});
  std::set<role_id> named;
  for (const auto& [client, key] : b.queue.clients())
    CHECK(named.insert(client).second);
  CHECK(named == std::set<role_id>{"c1", "c2"});
}

TEST_CASE("request queue: after a snapshot, the sessions tell what became of requests") {
  queue_bench b;
  b.perform(opening(1), 1);
  b.perform(operation(s, 1, "a"), 2);
  b.add(1);
  b.add(2, "c1", true);
  b.add(3);
  std::set<request_key> unknown;
  const auto answers = b.queue.known_answers(b.sessions, 3, unknown);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].sequence == 1);
  CHECK(answers[0].body == "done");
  CHECK(unknown == std::set<request_key>{{s, 2}});
}
