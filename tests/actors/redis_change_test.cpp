// PMMC RECONFIG, where it cannot be made.
#include "redis/redis_change.hpp"

#include "change/change_error.hpp"
#include "core_helpers.hpp"
#include "kv/reply.hpp"
#include "node/prober.hpp"
#include "parts/metrics_messages.hpp"
#include "wire/wire.hpp"

#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <doctest/doctest.h>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pmmc::test {

TEST_CASE("a change whose process stops ends at once, and says so") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor port{system};
  config::cluster_file cluster;
  cluster.name = "test";
  cluster.first = make_config();
  cluster.data = "/nowhere";
  const auto node = system.spawn([](caf::event_based_actor*) {}); // is gone at once
  start_change(system, 7, parse_redis_change({"REMOVE", "leader:l1"}),
               {cluster, node, caf::actor{port.ptr()}});
  change_ended ended;
  port->receive([&](change_ended& m) { ended = std::move(m); },
                caf::after(std::chrono::seconds{5}) >> [] {});
  CHECK(ended.ticket == 7);
  kv::reply_writer expected;
  expected.error("CLUSTERDOWN not executed: this process stops");
  CHECK(ended.reply == expected.take());
}

TEST_CASE("a process that is slow to reach does not look like the end of this one") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  const auto node = system.spawn([](caf::event_based_actor* me) -> caf::behavior {
    return {[me](const ask_process_at&) -> caf::result<probed_process> {
      return me->make_response_promise<probed_process>(); // for ever
    }};
  });
  const auto answers =
      ask_all(self.ptr(), {"test", {"host1:1"}, std::chrono::milliseconds{1}, {}, node, {}});
  CHECK(answers.at("host1:1").why == "was not reached in time");
  caf::anon_send_exit(node, caf::exit_reason::kill);
}

TEST_CASE("a change that names more than any cluster has is refused before anybody is asked") {
  const auto change_of = [](const std::string& keyword, std::size_t members) {
    std::vector<std::string> words{keyword};
    for (std::size_t n = 1; n <= members; ++n)
      words.push_back("acceptor:b" + std::to_string(n) +
                      (keyword == "ADD" ? "=h:" + std::to_string(n) : ""));
    return words;
  };
  for (const auto* keyword : {"ADD", "REMOVE"}) {
    CHECK_NOTHROW(parse_redis_change(change_of(keyword, max_changes)));
    CHECK_THROWS_WITH_AS(parse_redis_change(change_of(keyword, max_changes + 1)),
                         "one change adds at most 192 members, and removes as many", change_error);
  }
}

TEST_CASE("a change of servers is written like any other") {
  const auto parsed = parse_redis_change({"ADD", "server:s4=host4:7104", "REMOVE", "server:s1"});
  const reconfiguration expected{
      0, {{role_kind::server, "s1"}}, {{role_kind::server, {"s4", "host4:7104"}}}};
  CHECK(parsed.change == expected);
}

TEST_CASE("of the strangers that a change names, two are asked at a time") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  const auto most = std::make_shared<std::atomic<std::size_t>>(0);
  const auto node = system.spawn([most](caf::event_based_actor* me) -> caf::behavior {
    const auto open = std::make_shared<std::deque<caf::typed_response_promise<probed_process>>>();
    return {
        [=](const ask_process_at& m) -> caf::result<probed_process> {
          auto answer = me->make_response_promise<probed_process>();
          if (!m.address.starts_with("stranger")) {
            answer.deliver(probed_process{"is a member", {}});
            return answer;
          }
          open->push_back(answer);
          *most = std::max(most->load(), open->size());
          me->delayed_send(me, std::chrono::milliseconds{10}, tick_atom::value);
          return answer;
        },
        [=](tick_atom) {
          open->front().deliver(probed_process{"is a stranger", {}});
          open->pop_front();
        },
    };
  });
  std::set<std::string> strangers, all{"member:1", "zz-member:1"};
  for (int n = 1; n <= 9; ++n)
    strangers.insert("stranger:" + std::to_string(n));
  all.insert(strangers.begin(), strangers.end());
  const auto answers =
      ask_all(self.ptr(), {"test", all, std::chrono::milliseconds{2'000}, {}, node, {}, strangers});
  CHECK(answers.size() == all.size());
  CHECK(answers.at("stranger:9").why == "is a stranger");
  CHECK(answers.at("zz-member:1").why == "is a member");
  CHECK(*most == 2);
  caf::anon_send_exit(node, caf::exit_reason::kill);
}

} // namespace pmmc::test
