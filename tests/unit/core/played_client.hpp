// A client whose replicas the test plays.
#pragma once

#include "base/codec.hpp"
#include "service/client.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace pmmc {

inline constexpr session_id session = 77;
inline constexpr unsigned patience_ticks = 500;

/// A client with its replicas played by the test.
struct played_client {
  client core;

  explicit played_client(client::settings options = {})
      : core([&] {
          options.id = "c";
          return options;
        }()) {}

  template <class M>
  std::vector<std::pair<role_id, M>> sent() {
    std::vector<std::pair<role_id, M>> found;
    auto out = core.take();
    for (auto& o : out.finished)
      finished.push_back(std::move(o));
    for (const auto& e : out.send)
      if (const auto* m = std::get_if<M>(&e.body))
        found.emplace_back(e.to, *m);
    return found;
  }

  std::vector<client_outcome> outcomes() {
    sent<request>();
    return std::exchange(finished, {});
  }

  void answer(const request& r, reply_status status = reply_status::ok, std::string body = "done") {
    core.on(core.replica(), response{r.session, r.sequence, status, std::move(body)});
  }

  void open_session() {
    const auto opening = sent<request>();
    REQUIRE(opening.size() == 1);
    REQUIRE(opening[0].second.kind == request_kind::open_session);
    std::string body;
    put_varint(body, session);
    answer(opening[0].second, reply_status::ok, body);
  }

  void ticks(unsigned n) {
    for (unsigned i = 0; i < n; ++i)
      core.on_tick();
  }

  std::vector<client_outcome> finished;
};

} // namespace pmmc
