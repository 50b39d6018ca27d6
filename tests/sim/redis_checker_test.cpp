// The checker of what Redis clients see: each of its rules is shown what must not happen.
#include "sim/checkers/redis_checker.hpp"

#include "core_helpers.hpp"
#include "sim/checkers/violation.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::sim;
using namespace pmmc::test;

namespace {

constexpr session_id port_session = std::uint64_t{1} << 16; // opened in slot 1, place 0
using kind = resp_value::kind;

resp_value ok() { return {kind::status, 0, "OK", {}}; }
resp_value nil() { return {}; }
resp_value number(std::int64_t n) { return {kind::integer, n, {}, {}}; }
resp_value bulk(std::string text) { return {kind::bulk, 0, std::move(text), {}}; }
resp_value error(std::string text) { return {kind::error, 0, std::move(text), {}}; }
resp_value array(std::vector<resp_value> items) { return {kind::array, 0, {}, std::move(items)}; }

kv::call set(std::string_view key, std::string_view value) {
  return {kv::verb::set, 0, 0, {key, value}};
}
kv::call get(std::string_view key) { return {kv::verb::get, 0, 0, {key}}; }

redis_command set_command(const std::string& key, const std::string& value) {
  return {{"SET", key, value}, "set " + value, true};
}
redis_command get_command(const std::string& key) { return {{"GET", key}}; }

/// A log of transactions, one in each slot, performed at 10, 20, 30, … ms; and what clients say.
struct run {
  kv_model model;
  std::vector<sim_time> times;
  redis_history seen;
  slot_num slot = 1;
  std::uint64_t sequence = 0;

  run() { model.perform(slot++, batch_of({opening(7)})); }

  void log(std::vector<kv::call> calls, std::string_view session = {}, std::uint64_t request = 0) {
    kv::transaction t;
    t.whole = !session.empty();
    t.session = session;
    t.sequence = request;
    t.calls = std::move(calls);
    model.perform(slot++, batch_of({operation(port_session, ++sequence, kv::encode(t))}));
    times.push_back((times.size() + 1) * 10 * millisecond);
  }

  redis_record& client(std::vector<redis_command> commands, resp_value reply, sim_time called_ms,
                       sim_time returned_ms) {
    redis_record r;
    r.client = "c";
    r.connection = static_cast<std::uint32_t>(seen.records.size());
    r.commands = std::move(commands);
    r.is_exec = r.commands.size() > 1;
    r.called = called_ms * millisecond;
    r.returned = returned_ms * millisecond;
    r.end = operation_end::answered;
    r.reply = std::move(reply);
    return seen.records.emplace_back(std::move(r));
  }

  std::size_t watch(std::string key, sim_time called_ms, sim_time returned_ms) {
    seen.watches.push_back(
        {{std::move(key)}, called_ms * millisecond, returned_ms * millisecond, false});
    return seen.watches.size() - 1;
  }

  std::string broken() const {
    try {
      redis_checker{seen, model, times, 0}.check();
    } catch (const violation& v) {
      const std::string what = v.what();
      return what.substr(0, what.find(':'));
    }
    return {};
  }
};

} // namespace

TEST_CASE("redis checker: H2 a write is executed when it is asked for, and told as it was") {
  run r;
  r.log({set("r0", "v1")}); // at 10 ms
  auto& one = r.client({set_command("r0", "v1")}, ok(), 5, 15);
  CHECK(r.broken() == "");
  one.called = 11 * millisecond;
  CHECK(r.broken() == "H2");
  one.called = 5 * millisecond;
  one.returned = 9 * millisecond;
  CHECK(r.broken() == "H2");
  one.returned = 15 * millisecond;
  one.reply = nil();
  CHECK(r.broken() == "X3");
}

TEST_CASE("redis checker: X3 what was told to be done, or not to be") {
  run r;
  auto& one = r.client({set_command("r0", "v1")}, ok(), 5, 15);
  CHECK(r.broken() == "X3"); // nobody did it
  one.reply = error("ERR value is not an integer or out of range");
  CHECK(r.broken() == "");
  r.log({set("r0", "v1")});
  one.end = operation_end::not_executed;
  CHECK(r.broken() == "X3");
  one.end = operation_end::unknown;
  CHECK(r.broken() == "");
  r.log({set("r0", "v1")}); // again
  CHECK(r.broken() == "X3");
}

TEST_CASE("redis checker: H2 reads show one moment between call and return, and none goes back") {
  run r;
  r.log({set("r0", "v1")}); // at 10 ms
  r.log({set("r0", "v2")}); // at 20 ms
  auto& late = r.client({get_command("r0")}, bulk("v1"), 12, 30);
  CHECK(r.broken() == "");
  late.reply = nil(); // from before that, while nobody else had been told
  late.called = 5 * millisecond;
  CHECK(r.broken() == "");
  r.client({set_command("r0", "v2")}, ok(), 6, 22);
  r.client({get_command("r0")}, bulk("v2"), 25, 26);
  CHECK(r.broken() == "");
  r.seen.records.back().reply = bulk("v1"); // the write of v2 had been answered
  CHECK(r.broken() == "H2");
  r.seen.records.back().reply = bulk("v3");
  CHECK(r.broken() == "H2");
}

TEST_CASE("redis checker: H2 requests of one connection take effect in their order") {
  run r;
  r.log({set("r0", "v1")}); // at 10 ms
  r.client({set_command("r0", "v1")}, ok(), 5, 15);
  r.client({get_command("r0")}, nil(), 5, 15);
  CHECK(r.broken() == ""); // two connections
  r.seen.records.back().connection = r.seen.records.front().connection;
  CHECK(r.broken() == "H2");
}

TEST_CASE("redis checker: a transaction is one moment") {
  run r;
  r.log({set("r0", "v1"), set("r1", "1")}); // both, or neither
  r.client({get_command("r0"), get_command("r1")}, array({bulk("v1"), bulk("1")}), 5, 15);
  CHECK(r.broken() == "");
  r.seen.records.back().reply = array({nil(), bulk("1")});
  CHECK(r.broken() == "H2");
  r.log({set("r0", "v2"), get("r1")});
  auto& both =
      r.client({set_command("r0", "v2"), get_command("r1")}, array({ok(), bulk("1")}), 16, 25);
  r.seen.records.front().reply = array({bulk("v1"), bulk("1")});
  CHECK(r.broken() == "");
  both.reply = array({ok(), nil()});
  CHECK(r.broken() == "X3");
}

TEST_CASE("redis checker: W2 EXEC is refused for a change of a watched key, and only then") {
  run r;
  r.log({set("r0", "v1")});                 // at 10 ms
  r.log({set("r0", "v2"), set("r1", "2")}); // at 20 ms
  auto& exec = r.client({set_command("r0", "v2"), {{"SET", "r1", "2"}, {}, true}},
                        array({ok(), ok()}), 16, 25);
  exec.watch = r.watch("r0", 11, 12); // behind the change
  CHECK(r.broken() == "");
  r.seen.watches[0].returned = 9 * millisecond;
  CHECK(r.broken() == "W2");

  run refused;
  refused.log({set("r0", "v1")}); // at 10 ms
  auto& other = refused.client({set_command("r0", "v2"), get_command("r0")}, nil(), 16, 25);
  CHECK(refused.broken() == "W2"); // it watched nothing
  other.watch = refused.watch("r0", 5, 6);
  CHECK(refused.broken() == "");
  refused.seen.watches[0].called = 11 * millisecond;
  CHECK(refused.broken() == "W2"); // nothing has changed
}

TEST_CASE("redis checker: X3 a request of a session is executed once and told as it was") {
  run r;
  r.log({{kv::verb::session, 0, 0, {"s"}}});
  r.log({{kv::verb::incrby, 0, 1, {"r1"}}}, "s", 1); // at 20 ms
  r.log({{kv::verb::incrby, 0, 1, {"r1"}}}, "s", 1); // sent again
  auto& one = r.client({{{"INCR", "r1"}, {}, true}}, number(1), 5, 35);
  one.session = "s";
  one.number = 1;
  CHECK(r.model.answered_again() == 1);
  CHECK(r.broken() == "");
  one.reply = number(2);
  CHECK(r.broken() == "X3");
  one.reply = number(1);
  one.number = 2; // another one, which nobody executed
  CHECK(r.broken() == "X3");
}
