#include "load/dialect.hpp"
#include "load/processes.hpp"
#include "load/recorder.hpp"

#include <doctest/doctest.h>
#include <set>

#include <unistd.h>

using namespace pmmc::load;

TEST_CASE("quantiles are those of the values, to 1 % above") {
  latencies l;
  CHECK(l.quantile(0.5) == 0);
  for (int ms = 1; ms <= 1000; ++ms)
    l.add(ms / 1000.0);
  CHECK(l.count() == 1000);
  for (const double share : {0.001, 0.5, 0.99, 0.999}) {
    CHECK(l.quantile(share) >= share - 1e-9);
    CHECK(l.quantile(share) <= share * 1.01 + 1e-9);
  }
  CHECK(l.quantile(1) == 1);
  CHECK(l.longest() == 1);
}

TEST_CASE("a latency beyond every bucket is not made smaller") {
  latencies l;
  l.add(5'000);
  CHECK(l.quantile(0.5) == 5'000);
}

TEST_CASE("only what ends in the measured time is measured, and all of it is counted") {
  plan p;
  recorder r{p};
  const auto now = clock::now();
  r.finished({operation_kind::put, false, now}, ending::done);
  r.measure(now, now + std::chrono::hours{1});
  r.finished({operation_kind::put, false, now}, ending::done);
  r.finished({operation_kind::get, false, now}, ending::absent);
  r.finished({operation_kind::get, false, now}, ending::unknown, "why");
  r.measure(now - std::chrono::hours{2}, now - std::chrono::hours{1});
  r.finished({operation_kind::put, false, now}, ending::refused, "no");
  const auto results = r.take();
  CHECK(results.put.count() == 1);
  CHECK(results.get.count() == 1);
  CHECK(results.both.count() == 2);
  CHECK(results.measured == std::array<std::uint64_t, 5>{1, 1, 0, 0, 1});
  CHECK(results.all_puts == std::array<std::uint64_t, 5>{2, 0, 1, 0, 0});
  CHECK(results.all_gets == std::array<std::uint64_t, 5>{0, 1, 0, 0, 1});
  CHECK(results.troubles == std::map<std::string, std::uint64_t>{{"no", 1}, {"why", 1}});
  CHECK(r.good() == 3);
}

TEST_CASE("a load begins with its first good answer, or behind the last preloaded key") {
  plan p;
  p.timeout = std::chrono::milliseconds{1};
  p.keys = 2;
  recorder plain{p};
  CHECK_FALSE(plain.await_begin());
  plain.finished({operation_kind::put, false, clock::now()}, ending::refused, "no");
  CHECK_FALSE(plain.await_begin());
  plain.finished({operation_kind::put, false, clock::now()}, ending::done);
  CHECK(plain.await_begin());

  p.preload = true;
  recorder preloading{p};
  preloading.finished({operation_kind::put, true, clock::now()}, ending::done);
  CHECK_FALSE(preloading.await_begin());
  preloading.finished({operation_kind::put, true, clock::now()}, ending::done);
  CHECK(preloading.await_begin());
}

TEST_CASE("sources share the keys to be preloaded, each key once, and then keep the mix") {
  plan p;
  p.keys = 10;
  p.preload = true;
  p.get_share = 0.25;
  std::multiset<std::string> preloaded;
  std::size_t gets = 0;
  constexpr std::size_t sources = 3, drawn = 10'000;
  for (std::size_t n = 0; n < sources; ++n) {
    operation_source source{p, n, sources};
    operation op = source.next();
    for (; op.preload; op = source.next()) {
      CHECK(op.key.size() == key_bytes);
      CHECK(op.value.size() == p.value_bytes);
      preloaded.insert(op.key);
    }
    for (std::size_t i = 0; i < drawn; ++i)
      gets += source.next().kind == operation_kind::get ? 1 : 0;
  }
  CHECK(preloaded.size() == 10);
  CHECK(std::set<std::string>(preloaded.begin(), preloaded.end()).size() == 10);
  CHECK(gets > sources * drawn * 24 / 100);
  CHECK(gets < sources * drawn * 26 / 100);
}

TEST_CASE("Redis: answers are taken when they are whole, with the WAIT behind a SET") {
  redis_dialect plain{0};
  redis_dialect waiting{1};
  const auto put = operation_kind::put, get = operation_kind::get;
  CHECK_FALSE(plain.take_answer(put, "+O"));
  CHECK(plain.take_answer(put, "+OK\r\n")->bytes == 5);
  CHECK(plain.take_answer(get, "$-1\r\n")->how == ending::absent);
  CHECK_FALSE(plain.take_answer(get, "$3\r\nab"));
  CHECK(plain.take_answer(get, "$3\r\nabc\r\n")->bytes == 9);
  CHECK(plain.take_answer(put, "-ERR no\r\n")->how == ending::refused);
  CHECK(plain.take_answer(put, "-BUSY no\r\n")->how == ending::not_executed);
  CHECK(plain.take_answer(put, "-CLUSTERDOWN not executed: x\r\n")->how == ending::not_executed);
  CHECK(plain.take_answer(put, "-CLUSTERDOWN it is not known whether this was executed: x\r\n")
            ->how == ending::unknown);

  CHECK_FALSE(waiting.take_answer(put, "+OK\r\n"));
  CHECK(waiting.take_answer(put, "+OK\r\n:2\r\n")->bytes == 9);
  CHECK(waiting.take_answer(put, "+OK\r\n:2\r\n")->how == ending::done);
  CHECK(waiting.take_answer(put, "+OK\r\n:0\r\n")->how == ending::unknown);
  CHECK(waiting.take_answer(get, "$1\r\na\r\n")->bytes == 7);
  std::string sent;
  waiting.append_request({put, false, "k", "v\r\n"}, sent);
  CHECK(sent ==
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nv\r\n\r\n*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n");
}

TEST_CASE("samples of metrics are added up by name") {
  const auto sums = parse_metrics("# TYPE a counter\na{x=\"1 2\"} 3\na{x=\"b\"} 4.5\nb 1e3\n\n");
  CHECK(sums == metric_sums{{"a", 7.5}, {"b", 1000}});
}

TEST_CASE("what this process takes, and that nobody listens at a port that nobody has") {
  const auto usage = usage_of(getpid());
  REQUIRE(usage);
  CHECK(usage->resident_bytes > 100'000);
  CHECK_FALSE(usage_of(-1));
  std::string why;
  CHECK_FALSE(listener_of("127.0.0.1:1", why));
  CHECK(why == "nobody listens at 127.0.0.1:1");
  CHECK_FALSE(listener_of("192.0.2.1:1", why));
  CHECK(why == "192.0.2.1:1 is no IPv4 address of this machine");
}
