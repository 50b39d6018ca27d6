// How a node asks processes how they are, for the ports of its own. More of those that it has to
// dial is in tests/redis/test_members.py.
#include "node/node_actor.hpp"

#include "actors/played_handshake.hpp"
#include "actors/two_processes.hpp"
#include "cluster_facts_samples.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

caf::behavior node_of_host2(caf::event_based_actor* self) {
  self->set_default_handler(caf::drop);
  return {[](const status_request& m) {
    process_status s;
    s.cluster = "test";
    s.address = m.with_fingerprint ? "host2:1, with fingerprint" : "host2:1";
    return s;
  }};
}

/// The node of host1, which knows of host2 and host3.
struct asking_stage : stage {
  asking_stage() {
    auto settings = std::make_shared<node_settings>();
    settings->cluster = "test";
    settings->address = "host1:1";
    settings->roles = {r1.as(role_kind::replica)};
    settings->known = membership{make_config()};
    settings->facts = some_facts();
    node = spawn(node_actor, settings);
    settle();
  }

  void meet_host2() {
    send_from(asker, node,
              played_hello{"test",
                           "host2:1",
                           1,
                           spawn(node_of_host2),
                           {l2.as(role_kind::leader)},
                           0,
                           1,
                           false,
                           some_facts()});
    settle();
    const auto answers = take_told<welcome>(asker);
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].refusal.empty());
  }

  probed_process asked_at(const std::string& address, bool with_fingerprint = false) {
    send_from(asker, node, ask_process_at{address, std::chrono::seconds{1}, {with_fingerprint}});
    settle();
    const auto told = asker.take<probed_process>();
    REQUIRE(told.size() == 1);
    return told[0];
  }

  recorder r1 = record("r1"), l2 = record("l2"), asker = record("asker");
  caf::actor node;
};

/// Its answer to the first question never comes.
struct asked_process {
  std::size_t questions = 0;
  caf::typed_response_promise<process_status> first;
};

caf::behavior answering_second(caf::event_based_actor* self, std::shared_ptr<asked_process> asked) {
  self->set_default_handler(caf::drop);
  return {[=](const status_request&) -> caf::result<process_status> {
    if (++asked->questions == 1)
      return asked->first = self->make_response_promise<process_status>();
    process_status s;
    s.cluster = "test";
    s.address = "host3:3";
    return s;
  }};
}

} // namespace

TEST_CASE_FIXTURE(asking_stage, "a node asks its own process, and who is connected") {
  CHECK(asked_at("host1:1").status.address == "host1:1");
  meet_host2();
  const auto other = asked_at("host2:1");
  CHECK(other.why.empty());
  CHECK(other.status.address == "host2:1");
  CHECK(asked_at("host2:1", true).status.address == "host2:1, with fingerprint");
}

TEST_CASE_FIXTURE(asking_stage,
                  "who should be connected and is not is not dialled for a question") {
  CHECK(asked_at("host2:1").why == "this process has not reached it yet");
  meet_host2();
  for (int beats = 0; beats < 10; ++beats) {
    advance(std::chrono::milliseconds{100});
    settle();
  }
  CHECK(asked_at("host2:1").why == "has been silent for 600 ms (stopped, overloaded or cut off)");
}

TEST_CASE_FIXTURE(asking_stage, "an address that is none is told so") {
  CHECK(asked_at("host5").why == "has no port; write HOST:PORT, such as 127.0.0.1:7101");
}

TEST_CASE_FIXTURE(two_processes, "who is asked where another process was found before is looked "
                                 "for once more") {
  start_listening("test");
  listen(node2, "host3", 3); // what CAF remembers
  start_dialling();
  beats(1);
  const auto asked = std::make_shared<asked_process>();
  asked->questions = 1;
  others.push_back(host3.system().spawn(answering_second, asked));
  offer(host3, "host3#1", 3, 2);
  host3.scheduler().inline_next_enqueue();
  REQUIRE(host3.system().middleman().publish(others.back(), 3, nullptr, true));
  recorder asker{host1.system(), "asker"};
  others.push_back(asker.handle());
  caf::send_as(asker.handle(), node1, ask_process_at{"host3:3", std::chrono::seconds{2}, {}});
  beats(5);
  const auto told = asker.take<probed_process>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].why == "");
  CHECK(told[0].status.address == "host3:3");
}

TEST_CASE_FIXTURE(two_processes, "who is asked over a connection that gives way is asked again") {
  const auto asked = std::make_shared<asked_process>();
  listen(host2.system().spawn(answering_second, asked), "host3", 3);
  start_dialling();
  recorder asker{host1.system(), "asker"};
  caf::send_as(asker.handle(), node1, ask_process_at{"host3:3", std::chrono::seconds{2}, {}});
  settle();
  REQUIRE(asked->questions == 1);
  CHECK(asker.take<probed_process>().empty());
  offer("host3", 3);
  const std::vector<char> garbage(caf::io::basp::header_size, '\xff');
  host2.network().virtual_send(caf::io::connection_handle::from_int(31), garbage);
  host1.network().virtual_send(caf::io::connection_handle::from_int(32), garbage);
  beats(5);
  CHECK(asked->questions == 2);
  const auto told = asker.take<probed_process>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].why == "");
  CHECK(told[0].status.address == "host3:3");
  caf::anon_send_exit(asker.handle(), caf::exit_reason::user_shutdown);
}

} // namespace pmmc::test
