// A refusal changes nothing: what the store answers with anything but "done" leaves its state as it
// was, and the next operation finds it so.
#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <sstream>
#include <vector>

using namespace pmmc::kv;

namespace {

std::string snapshot_of(const kv_store& store) {
  std::ostringstream out;
  store.snapshot(out);
  return out.str();
}

/// A text, a number, and a session with one request.
void fill(kv_store& store) {
  store.apply(encode(put("text", "some")));
  store.apply(encode(put("most", std::to_string(std::numeric_limits<std::int64_t>::max()))));
  transaction opens;
  opens.calls.push_back({verb::session, 0, 0, {"s"}});
  store.apply(encode(opens));
  for (const auto number : {1, 3}) {
    transaction once;
    once.session = "s";
    once.sequence = static_cast<std::uint64_t>(number);
    once.calls.push_back({verb::append, 0, 0, {"text", "x"}});
    store.apply(encode(once));
  }
}

transaction in_session(std::string_view name, std::uint64_t number) {
  transaction t;
  t.session = name;
  t.sequence = number;
  t.calls.push_back({verb::set, 0, 0, {"text", "changed"}});
  return t;
}

} // namespace

TEST_CASE("refusal: of an operation, changes nothing") {
  const std::string large(max_value_bytes + 1, 'x');
  const std::string long_key(max_key_bytes + 1, 'k');
  const std::vector<std::pair<transaction, answer_status>> refused = {
      {put("text", large), answer_status::too_large},
      {put(long_key, "v"), answer_status::too_large},
      {append("text", large), answer_status::too_large},
      {cas("text", "somexx", large), answer_status::too_large},
      {cas("text", "other", "v"), answer_status::mismatch},
      {cas("text", std::nullopt, "v"), answer_status::mismatch},
      {cas("none", "other", "v"), answer_status::mismatch},
      {incr("text", 1), answer_status::not_a_number},
      {incr("most", 1), answer_status::overflow},
      {del("none"), answer_status::absent},
  };
  kv_store store;
  fill(store);
  const auto before = snapshot_of(store);
  const auto is_as_before = [&] {
    return snapshot_of(store) == before &&
           read_answer(verb::get, store.apply(encode(get("text")))) ==
               answer{answer_status::ok, std::string{"somexx"}};
  };
  for (const auto& [t, status] : refused) {
    const auto told = read_answer(t.calls.at(0).what, store.apply(encode(t)));
    REQUIRE(told);
    CHECK(told->status == status);
    CHECK(is_as_before());
  }
  for (const auto* bytes : {"\x01", "no operation", ""}) {
    CHECK(read_answer(verb::get, store.apply(bytes)) == answer{answer_status::malformed, {}});
    CHECK(is_as_before());
  }
}

TEST_CASE("refusal: of a transaction, changes nothing") {
  auto watches = in_session({}, 0);
  watches.watched = {{"text", 77}};
  const std::vector<std::pair<std::string, transaction_status>> refused = {
      {encode(watches), transaction_status::aborted},
      {encode(in_session("unknown", 1)), transaction_status::no_session},
      {encode(in_session("s", 2)), transaction_status::overtaken},
      {std::string(1, transaction_code) + "\x01", transaction_status::malformed},
  };
  kv_store store;
  fill(store);
  const auto before = snapshot_of(store);
  for (const auto& [op, status] : refused) {
    CHECK(static_cast<transaction_status>(store.apply(op).at(0)) == status);
    CHECK(snapshot_of(store) == before);
  }
  const auto next = store.apply(encode(in_session("s", 4)));
  CHECK(static_cast<transaction_status>(next.at(0)) == transaction_status::done);
}
