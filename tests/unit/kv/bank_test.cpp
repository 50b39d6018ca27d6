#include "../../../examples/bank/bank.hpp"

#include <doctest/doctest.h>

namespace {

std::string snapshot_of(const bank& b) {
  std::ostringstream out;
  b.snapshot(out);
  return out.str();
}

} // namespace

TEST_CASE("the bank moves money, and answers with balances") {
  bank b;
  CHECK(b.apply("deposit alice 10") == "10");
  CHECK(b.apply("withdraw alice 3") == "7");
  CHECK(b.apply("transfer alice bob 2") == "5");
  CHECK(b.apply("inquire bob") == "2");
  CHECK(b.query("inquire alice") == "5");
  CHECK(b.query("inquire nobody") == "0");
  CHECK(b.query("inquire cash") == "-7");
}

TEST_CASE("the bank refuses what it cannot do, and stays as it was") {
  bank b;
  b.apply("deposit alice 10");
  auto before = snapshot_of(b);
  for (const auto* op :
       {"withdraw alice 11", "withdraw bob 1", "transfer bob alice 1", "deposit alice 0",
        "deposit alice -1", "deposit alice 1x", "deposit alice 1 2", "deposit alice",
        "transfer alice alice 1", "deposit alice 99999999999999999999",
        "deposit alice 999999999999999", "steal alice 1", "inquire", "", " ", "\0"}) {
    CAPTURE(op);
    CHECK(b.apply(op).starts_with("error: "));
  }
  CHECK(b.query("deposit alice 1").starts_with("error: "));
  CHECK(snapshot_of(b) == before);
}

TEST_CASE("a bank comes back from its snapshot, and from nothing less") {
  bank b;
  for (const auto* op : {"deposit alice 10", "deposit bob 20", "transfer bob alice 5"})
    b.apply(op);
  auto snapshot = snapshot_of(b);
  bank restored;
  std::istringstream in{snapshot};
  restored.restore(in);
  CHECK(snapshot_of(restored) == snapshot);
  CHECK(restored.fingerprint() == b.fingerprint());
  CHECK(restored.fingerprint() != bank{}.fingerprint());
  for (std::size_t size = 0; size < snapshot.size(); ++size) {
    std::istringstream part{snapshot.substr(0, size)};
    CHECK_THROWS_AS(restored.restore(part), std::runtime_error);
  }
}

TEST_CASE("a clone of the bank is a bank of its own") {
  bank b;
  b.apply("deposit alice 10");
  auto clone = b.clone();
  b.apply("withdraw alice 10");
  CHECK(clone->query("inquire alice") == "10");
}
