// What a node logs when too few acceptors can be reached.
#include "actors/captured_log.hpp"
#include "actors/node_stage.hpp"

namespace pmmc::test {

namespace {

struct logging_stage : node_stage {
  bool has_logged(const std::string& text) const {
    return log.text().find(text) != std::string::npos;
  }

  captured_log log;
};

} // namespace

TEST_CASE_FIXTURE(logging_stage, "an own acceptor that has left is none of a quorum") {
  const auto go_on = [&] {
    for (int i = 0; i < 30; ++i) {
      send_from(peer, node, heartbeat{5});
      beats(1);
    }
  };
  auto m = hello_of(peer, 5);
  m.roles.push_back(record("a2").as(role_kind::acceptor, "disk"));
  greet(peer, m);
  go_on();
  CHECK_FALSE(has_logged("no quorum")); // a1 and a2, of three
  send(node, members_news{a1_at("host9:1")});
  go_on();
  CHECK_MESSAGE(has_logged("no quorum: 1 of 3 acceptors can be reached"), log.text());
}

} // namespace pmmc::test
