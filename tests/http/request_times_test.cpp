#include "parts/request_times.hpp"

#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"
#include "node/node_messages.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

namespace {

client_requests some_requests() {
  client_requests m;
  m.requests = {{request_kind::open_session, 0, 1, 0, {}},
                {request_kind::operation, 1, 1, 0, kv::encode(kv::put("k", "v"))},
                {request_kind::operation, 1, 2, 0, kv::encode(kv::put("k", "w"))},
                {request_kind::operation, 1, 3, 0, "no operation"},
                {static_cast<request_kind>(99), 1, 4, 0, {}}};
  m.queries = {{1, kv::encode(kv::get("k"))}};
  return m;
}

std::uint64_t count_of(const request_times& t, const std::string& operation, reply_status status) {
  for (const auto& o : t.by_operation())
    if (o.operation == operation)
      if (const auto& seconds = o.seconds[static_cast<std::size_t>(status)])
        return seconds->count();
  return 0;
}

/// Gives each operation a name of its own.
struct namer final : state_machine {
  std::string_view name() const override { return "namer/1"; }
  std::string apply(std::string_view) override { return {}; }
  std::string query(std::string_view) const override { return {}; }
  std::string_view name_of(std::string_view op) const override { return op; }
  std::unique_ptr<state_machine> clone() const override { return std::make_unique<namer>(); }
  void snapshot(std::ostream&) const override {}
  void restore(std::istream&) override {}
  std::uint64_t fingerprint() const override { return 0; }
  std::size_t size_bytes() const override { return 0; }
};

} // namespace

TEST_CASE("request times: by operation and outcome") {
  const kv::kv_store store;
  request_times times;
  auto m = some_requests();
  times.note_arrival(m, store);
  std::vector<envelope> out;
  for (const auto& r : m.requests)
    out.push_back({"c", response{r.session, r.sequence, reply_status::ok, {}, r.arrived}});
  out.push_back({"c", query_reply{1, reply_status::unavailable, 1, {}, m.queries[0].arrived}});
  out.push_back({"c", response{1, 1, reply_status::unavailable, "not the answer yet"}});
  out.push_back({"a1", ping{}});
  times.observe(out);
  CHECK(count_of(times, "open_session", reply_status::ok) == 1);
  CHECK(count_of(times, "set", reply_status::ok) == 2);
  CHECK(count_of(times, "malformed", reply_status::ok) == 2);
  CHECK(count_of(times, "get", reply_status::unavailable) == 1);
  CHECK(count_of(times, "get", reply_status::ok) == 0);
  CHECK(count_of(times, "set", reply_status::unavailable) == 0);
}

TEST_CASE("request times: names without end are counted as other") {
  const namer machine;
  request_times times;
  client_requests m;
  for (int i = 0; i < 1'000; ++i)
    m.requests.push_back({request_kind::operation, 1, 1, 0, "name" + std::to_string(i)});
  times.note_arrival(m, machine);
  CHECK(times.by_operation().size() == 65);
  CHECK(times.by_operation().back().operation == "other");
}
