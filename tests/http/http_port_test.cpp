// The port with actors that answer, and with some that do not.
#include "http/http_port.hpp"

#include "caf/system.hpp"
#include "parts/metrics_messages.hpp"
#include "parts/report_desk.hpp"
#include "parts/shell.hpp"

#include <utility> // Boost 1.74's awaitable.hpp forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <doctest/doctest.h>

using namespace pmmc;

namespace {

namespace beast = boost::beast;

caf::behavior silent(caf::event_based_actor* self) {
  set_shell_handlers(self, "silent");
  return {[self](const metrics_request&) {
    return self->make_response_promise<role_metrics>(); // never delivered
  }};
}

caf::behavior talking(caf::event_based_actor* self, role_metrics says, std::size_t* asked) {
  set_shell_handlers(self, "talking");
  return {[says, asked](const metrics_request&) {
    ++*asked;
    return says;
  }};
}

caf::behavior quiet_node(caf::event_based_actor* self) {
  set_shell_handlers(self, "node");
  return {[](const metrics_request&) { return node_metrics{}; },
          [](const status_request&) {
            process_status status;
            status.cluster = "c";
            status.address = "127.0.0.1:1";
            return status;
          }};
}

/// A process with an acceptor, and perhaps a replica that keeps silent.
class stage {
public:
  explicit stage(bool with_silent_replica) {
    role_metrics says;
    says.counted = acceptor_metrics{};
    desk_settings s;
    s.cluster = "c";
    s.process = {"127.0.0.1:1", {{"a1", role_kind::acceptor, "127.0.0.1:1"}}};
    configuration first;
    first.acceptors = {{"a1", "127.0.0.1:1"}};
    s.known = membership{first};
    s.roles.push_back({"a1", role_kind::acceptor, {}, spawn(talking, says, &asked)});
    if (with_silent_replica) {
      s.process.roles.push_back({"r1", role_kind::replica, "127.0.0.1:1"});
      s.roles.push_back({"r1", role_kind::replica, {}, spawn(silent)});
    }
    s.node = spawn(quiet_node);
    http_settings http;
    http.listen = {"127.0.0.1", 0};
    http.desk = spawn(report_desk, std::make_shared<const desk_settings>(std::move(s)));
    http.pages.version = "{}";
    http.pages.status = [](const auto& cluster, const auto& own) {
      const auto roles = cluster.roles();
      return own.address + " " + std::to_string(roles.size()) + " " +
             (roles[0].up ? "up" : roles[0].why);
    };
    port = std::make_unique<http_port>(http);
  }
  ~stage() {
    port.reset();
    for (const auto& a : spawned_)
      caf::anon_send_exit(a, caf::exit_reason::kill);
  }

  beast::http::response<beast::http::string_body> get(const std::string& path) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket{io};
    socket.connect({boost::asio::ip::address_v4::loopback(), port->port()});
    beast::http::request<beast::http::empty_body> request{beast::http::verb::get, path, 11};
    beast::http::write(socket, request);
    beast::flat_buffer buffer;
    beast::http::response<beast::http::string_body> response;
    beast::http::read(socket, buffer, response);
    return response;
  }

private:
  template <class... Args>
  caf::actor spawn(Args&&... args) {
    return spawned_.emplace_back(system.spawn(std::forward<Args>(args)...));
  }

  system_config options_{1};

public:
  caf::actor_system system{options_};

private:
  std::vector<caf::actor> spawned_; // handles must not outlive the system

public:
  std::size_t asked = 0; ///< how often the acceptor was; read it when it is at rest
  std::unique_ptr<http_port> port;
};

} // namespace

TEST_CASE("http port: serves the pages") {
  stage s{false};
  CHECK(s.get("/health").body() == "healthy\n");
  CHECK(s.get("/ready").body() == "ready\n");
  CHECK(s.get("/version").body() == "{}\n");
  CHECK(s.get("/metrics").body().find("pmmc_role_up{role=\"acceptor\",id=\"a1\"} 1") !=
        std::string::npos);
  CHECK(s.get("/nothing").result_int() == 404);
}

TEST_CASE("http port: a role that keeps silent makes it 503, by name; the others are shown") {
  stage s{true};
  const auto health = s.get("/health");
  CHECK(health.result_int() == 503);
  CHECK(health.body().starts_with("unhealthy: replica r1 did not answer within 900 ms"));
  const auto metrics = s.get("/metrics");
  CHECK(metrics.result_int() == 200);
  CHECK(metrics.body().find("pmmc_role_up{role=\"replica\",id=\"r1\"} 0") != std::string::npos);
  CHECK(metrics.body().find("pmmc_role_up{role=\"acceptor\",id=\"a1\"} 1") != std::string::npos);
}

TEST_CASE("http port: the status page asks the own node, and says what does not answer") {
  stage s{false};
  CHECK(s.get("/status").body() ==
        "127.0.0.1:1 1 this process's node, which would ask, does not answer\n");
}

TEST_CASE("http port: clients in a hurry share reports") {
  stage s{false};
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 500; ++i)
    s.get("/metrics");
  const auto lives = (std::chrono::steady_clock::now() - began) / std::chrono::milliseconds{100};
  CHECK(s.asked <= static_cast<std::size_t>(lives) + 2);
}
