// The checkers of servers see what they are there for.
#include "sim/checkers/asked_requests.hpp"
#include "sim/checkers/raft_checker.hpp"
#include "sim/checkers/simple_checker.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace pmmc;
using namespace pmmc::sim;

namespace {

/// The name of what `action` breaks, or "".
template <class Action>
std::string broken_by(const Action& action) {
  try {
    action();
  } catch (const violation& v) {
    const std::string what = v.what();
    return what.substr(0, what.find(':'));
  }
  return {};
}

std::size_t number_of(const role_id& id) {
  return static_cast<std::size_t>(id.view().back() - '1');
}

std::vector<member> servers(const std::vector<role_id>& ids) {
  std::vector<member> all;
  for (const auto& id : ids)
    all.push_back({id, "h:1"});
  return all;
}

const std::vector<member> three = servers({"s1", "s2", "s3"});
const std::vector<member> four = servers({"s1", "s2", "s3", "s4"});

std::shared_ptr<const raft::server_set> set(config_version version, std::vector<member> now,
                                            std::vector<member> before = {}) {
  return std::make_shared<const raft::server_set>(
      raft::server_set{version, std::move(now), std::move(before)});
}

raft::entry entry(raft::term_num term, const std::string& text,
                  std::shared_ptr<const raft::server_set> members = {}) {
  return {term, command{text}, std::move(members)};
}

/// Three servers, 0 to 2.
struct three_servers {
  raft_checker checker{number_of, raft::server_set{1, three, {}}};

  void votes(raft::term_num term, const role_id& who, std::initializer_list<std::size_t> by) {
    for (const auto server : by)
      checker.persisted(server, raft::term_record{term, who}, 0);
  }
  bool stores(std::size_t server, slot_num index, const raft::entry& e) {
    return checker.persisted(server, raft::append_record{index, e}, 0);
  }
};

} // namespace

TEST_CASE("raft checker: Election Safety, two votes in a term, or one that is not durable") {
  three_servers c;
  c.votes(1, "s1", {0});
  CHECK(broken_by([&] { c.votes(1, "s2", {0}); }) == "Election Safety");
  const raft::vote granted{"s2", 2, true, false};
  CHECK(broken_by([&] { c.checker.sent(1, "s2", "s1", granted); }) == "D1");
  c.votes(2, "s1", {1});
  CHECK(broken_by([&] { c.checker.sent(1, "s2", "s1", granted); }) == "");
  CHECK(broken_by([&] { c.checker.sent(1, "s2", "s3", granted); }) == "D1");
  CHECK(broken_by([&] {
          c.checker.sent(1, "s2", "s1", raft::request_vote{"s2", 2, {}, false, false});
        }) == "D1");
}

TEST_CASE("raft checker: Election Safety, two leaders of a term") {
  three_servers c;
  c.votes(1, "s1", {0});
  c.votes(1, "s2", {1});
  CHECK(broken_by([&] {
          c.checker.sent(0, "s1", "s3", raft::append_entries{"s1", 1, {}, {}, 0, 0});
        }) == "");
  CHECK(broken_by([&] {
          c.checker.sent(1, "s2", "s3", raft::append_entries{"s2", 1, {}, {}, 0, 0});
        }) == "Election Safety");
}

TEST_CASE("raft checker: Log Matching, two entries at one position") {
  three_servers c;
  c.votes(1, "s1", {0, 1});
  c.stores(0, 1, entry(1, "x"));
  CHECK(broken_by([&] { c.stores(1, 1, entry(1, "y")); }) == "Log Matching");
}

TEST_CASE("raft checker: an entry is committed by a majority that has it in its own term") {
  three_servers c;
  c.votes(1, "s1", {0, 1});
  CHECK_FALSE(c.stores(0, 1, entry(1, "x")));
  CHECK(c.stores(1, 1, entry(1, "x")));
  CHECK(c.checker.log().committed() == 1);
  CHECK(c.checker.log().chosen(1) == command{"x"});
  CHECK(c.checker.log().committed_before(2) == 1);
  CHECK(c.checker.log().committed_before(1) == 0); // its leader may hear of its votes after that
}

TEST_CASE("raft checker: figure 8, an entry of an earlier term is not committed by counting") {
  three_servers c;
  c.votes(1, "s1", {0, 1, 2});
  c.stores(0, 1, entry(1, "x"));
  c.votes(2, "s2", {1, 2});
  c.stores(1, 1, entry(2, "y"));
  c.votes(3, "s1", {0, 2});
  CHECK_FALSE(c.stores(2, 1, entry(1, "x"))); // of term 1, in term 3, now at two of three
  CHECK(c.checker.log().committed() == 0);
  c.stores(0, 2, entry(3, "z"));
  CHECK(c.stores(2, 2, entry(3, "z")));
  CHECK(c.checker.log().committed() == 2);
  CHECK(broken_by([&] { c.checker.persisted(2, raft::truncate_record{1}, 0); }) ==
        "Leader Completeness");
}

TEST_CASE("raft checker: D1 what is said to be there, committed or forgotten, is") {
  three_servers c;
  c.votes(1, "s1", {0, 1});
  c.stores(0, 1, entry(1, "x"));
  const raft::append_reply has{"s2", 1, true, 1, {}, 0};
  CHECK(broken_by([&] { c.checker.sent(1, "s2", "s1", has); }) == "D1");
  CHECK(broken_by([&] {
          c.checker.sent(0, "s1", "s2", raft::append_entries{"s1", 1, {1, 1}, {}, 1, 0});
        }) == "State Machine Safety");
  c.stores(1, 1, entry(1, "x"));
  CHECK(broken_by([&] { c.checker.sent(1, "s2", "s1", has); }) == "");
  const raft::base_record base{{1, 1}, set(1, three)};
  CHECK(broken_by([&] { c.checker.persisted(0, base, 0); }) == "D1");
  CHECK(broken_by([&] { c.checker.persisted(0, base, 2); }) == "");
}

TEST_CASE("raft checker: D2 what is recovered is what was durable") {
  three_servers c;
  c.votes(1, "s1", {0});
  auto state = raft::founding_state({1, three, {}});
  CHECK(broken_by([&] { c.checker.recovered(0, state); }) == "D2");
  state.apply(raft::term_record{1, "s1"});
  CHECK(broken_by([&] { c.checker.recovered(0, state); }) == "");
}

TEST_CASE("raft checker: a change goes from C-old over C-all, each committed, to C-new") {
  three_servers c;
  const auto joint = set(2, four, three);
  c.votes(1, "s1", {0, 1, 2});
  CHECK(broken_by([&] { c.stores(0, 1, entry(1, "c", joint)); }) == "Configurations");
  three_servers d;
  d.votes(1, "s1", {0, 1, 2, 3});
  d.stores(0, 1, entry(1, ""));
  d.stores(1, 1, entry(1, ""));
  CHECK_FALSE(d.stores(0, 2, entry(1, "c", joint)));
  CHECK(broken_by([&] { d.stores(0, 3, entry(1, "", set(2, four))); }) == "Configurations");
}

TEST_CASE("raft checker: C-all needs a majority of both sets") {
  three_servers c;
  c.votes(1, "s1", {0, 1, 2, 3});
  for (std::size_t server : {0, 1})
    c.stores(server, 1, entry(1, ""));
  const auto joint = entry(1, "c", set(2, four, three));
  c.stores(0, 2, joint);
  CHECK_FALSE(c.stores(1, 2, joint)); // two of three, and two of four
  c.stores(3, 1, entry(1, ""));
  CHECK(c.stores(3, 2, joint));
  CHECK(c.checker.log().change_in(2)->servers == four);
}

TEST_CASE("simple checker: A5, C2 a second value, or one that no majority has promised") {
  configuration_book book{number_of};
  configuration config;
  config.servers = three;
  book.add(config);
  simple_checker c{book};
  const simple::proposal x{{0}, command{"x"}};
  const simple::proposal y{{1}, command{"y"}};
  CHECK(broken_by([&] { c.sent(0, "s1", 0, simple::accept{"s1", 1, x}); }) == "C2");
  CHECK_FALSE(c.persisted(0, simple::accept_record{1, x}, false));
  CHECK(c.persisted(1, simple::accept_record{1, x}, false));
  CHECK(c.log().chosen(1) == command{"x"});
  CHECK(broken_by([&] { c.persisted(2, simple::accept_record{1, y}, false); }) == "C2");
}

TEST_CASE("simple checker: C2 counts the own promise for a slot that is forgotten by then") {
  configuration_book book{number_of};
  configuration config;
  config.servers = three;
  book.add(config);
  simple_checker c{book};
  const simple::proposal x{{3}, command{"x"}};
  for (std::size_t server : {0, 1})
    c.persisted(server, simple::promise_record{2, {3}}, false);
  c.sent(0, "s1", 0, simple::prepare{"s1", 2, {3}});
  CHECK(broken_by([&] { c.sent(0, "s1", 3, simple::accept{"s1", 1, x}); }) == "C2");
  c.persisted(0, simple::collect_record{3}, true);
  CHECK(broken_by([&] { c.sent(0, "s1", 3, simple::accept{"s1", 2, x}); }) == "C2"); // one of three
  c.sent(1, "s2", 0, simple::promise{"s2", 2, {3}, {}});
  CHECK(broken_by([&] { c.sent(0, "s1", 3, simple::accept{"s1", 2, x}); }) == "");
}

TEST_CASE("simple checker: A1, A2, L3, G1, D2 promises are kept, and nothing goes too early") {
  configuration_book book{number_of};
  configuration config;
  config.servers = three;
  book.add(config);
  simple_checker c{book};
  c.persisted(0, simple::promise_record{1, {4}}, false);
  CHECK(broken_by([&] { c.persisted(0, simple::promise_record{1, {3}}, false); }) == "A1");
  CHECK(broken_by([&] {
          c.persisted(0, simple::accept_record{1, {{3}, command{"x"}}}, false);
        }) == "A2");
  CHECK(broken_by([&] { c.sent(1, "s2", 0, simple::prepare{"s2", 1, {7}}); }) == "L3");
  CHECK(broken_by([&] { c.sent(1, "s2", 0, simple::promise{"s2", 1, {7}, {}}); }) == "D1");
  CHECK(broken_by([&] { c.persisted(0, simple::collect_record{2}, false); }) == "G1");
  simple::acceptor_state forgetful;
  CHECK(broken_by([&] { c.recovered(0, forgetful); }) == "D2");
  forgetful.apply(simple::promise_record{1, {4}});
  CHECK(broken_by([&] { c.recovered(0, forgetful); }) == "");
}

TEST_CASE("asked requests: V1 what nobody asked for is not decided") {
  asked_requests all;
  const request asked{request_kind::operation, 7, 1, 0, std::string{"x"}};
  const request other{request_kind::operation, 7, 1, 0, std::string{"y"}};
  all.asked(asked);
  CHECK(broken_by([&] { all.check(1, encode_batch(std::vector{asked})); }) == "");
  CHECK(broken_by([&] { all.check(1, command{}); }) == "");
  CHECK(broken_by([&] { all.check(1, encode_batch(std::vector{other})); }) == "V1");
}
