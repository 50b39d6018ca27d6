// PMMC RECONFIG, where it cannot be made.
#include "redis/redis_change.hpp"

#include "core_helpers.hpp"
#include "kv/reply.hpp"
#include "node/prober.hpp"
#include "parts/metrics_messages.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <doctest/doctest.h>

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

} // namespace pmmc::test
