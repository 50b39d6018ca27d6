#include "parts/shell.hpp"

#include "actors/captured_log.hpp"
#include "caf/system.hpp"
#include "node/log.hpp"
#include "node/node_messages.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace pmmc::test {

TEST_CASE("late ticks: one that is late stands for those that were missed, up to half a one") {
  using namespace std::chrono_literals;
  std::chrono::steady_clock::time_point now{50s + 3ms};
  late_ticks ticks{now};
  const auto after = [&](auto time) { return ticks.due(now += time); };
  CHECK(after(7ms) == 1);
  CHECK(after(11ms) == 1);
  CHECK(after(0ms) == 1); // two at once: the core's tick is never skipped
  CHECK(after(250ms) == 25);
  CHECK(after(10ms) == 1);
  CHECK(after(1min) == 50);
  CHECK(after(10ms) == 1);
}

namespace {

/// A process of its own, whose stderr is a pipe.
struct dying_process {
  /// `fill`: nothing more fits into the pipe.
  dying_process(bool fill, const std::function<void()>& run) {
    REQUIRE(::pipe(pipe) == 0);
    if (fill) {
      REQUIRE(::fcntl(pipe[1], F_SETFL, O_NONBLOCK) == 0);
      const std::vector<char> zeros(4'096);
      while (::write(pipe[1], zeros.data(), zeros.size()) > 0)
        ;
      REQUIRE(::fcntl(pipe[1], F_SETFL, 0) == 0);
    }
    pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      ::dup2(pipe[1], STDERR_FILENO);
      ::close(pipe[0]);
      ::close(pipe[1]);
      start_log("x", {"info", false});
      run();
      std::_Exit(99);
    }
    ::close(pipe[1]);
  }
  ~dying_process() { ::close(pipe[0]); }

  std::string log() {
    std::string all;
    char piece[65'536];
    for (ssize_t size; (size = ::read(pipe[0], piece, sizeof piece)) > 0;)
      all.append(piece, static_cast<std::size_t>(size));
    return all;
  }
  int exit_code() {
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  int pipe[2];
  pid_t pid = 0;
};

} // namespace

TEST_CASE("a process that ends says why in its last line, whatever other threads say") {
  for (int i = 0; i < 50; ++i) {
    dying_process p{false, [] {
                      std::vector<std::thread> others;
                      for (int n = 0; n < 8; ++n)
                        others.emplace_back([] {
                          for (;;)
                            spdlog::warn("another line");
                        });
                      spdlog::warn("begun");
                      end_process("the reason", 2);
                    }};
    const auto log = p.log();
    CHECK(p.exit_code() == 2);
    CHECK(log.ends_with("the reason\n"));
  }
}

TEST_CASE("a process ends, though nobody takes its last line") {
  dying_process p{true, [] { end_process("the reason", 2); }};
  CHECK(p.exit_code() == 2);
}

namespace {

/// What an actor logs that takes ticks and `collected`, and is sent something else so often.
std::string log_of(void (*send_unexpected)(caf::blocking_actor& self, const caf::actor& to)) {
  captured_log log;
  {
    system_config options{1};
    caf::actor_system system{options};
    const auto actor = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
      const auto dropped = set_shell_handlers(self, "actor");
      return {mail_handler(dropped, [](collected&) { FAIL("that was not sent"); }),
              [](tick_atom) { return tick_atom::value; }};
    });
    caf::scoped_actor self{system};
    send_unexpected(*self, actor);
    self->request(actor, caf::infinite, tick_atom::value)
        .receive([](tick_atom) {}, [](const caf::error&) { FAIL("it has ended"); });
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }
  return log.text();
}

} // namespace

TEST_CASE("messages that nobody expects do not fill the log") {
  const auto log = log_of([](caf::blocking_actor& self, const caf::actor& to) {
    for (int i = 0; i < 1'000; ++i)
      self.send(to, export_page{std::string(100'000, 'x')});
  });
  CHECK(log.find("actor drops an unexpected message: pmmc::export_page") != log.npos);
  CHECK(log.size() < 4'096);
}

TEST_CASE("neither do errors") {
  const auto log = log_of([](caf::blocking_actor& self, const caf::actor& to) {
    for (int i = 0; i < 1'000; ++i)
      self.send(to, caf::make_error(caf::sec::runtime_error, "\n" + std::string(100'000, 'x')));
  });
  CHECK(log.find("actor was answered with an error: ") != log.npos);
  CHECK(log.size() < 4'096);
  CHECK(log.find("\nx") == log.npos);
}

TEST_CASE("neither does mail that nobody expects") {
  const auto log = log_of([](caf::blocking_actor& self, const caf::actor& to) {
    for (int i = 0; i < 1'000; ++i)
      self.send(to, mail{p2a{"l1", 1, {{1, "l1"}, 1, command{std::string(100'000, 'x')}}}});
  });
  CHECK(log.find("actor drops an unexpected message: p2a") != log.npos);
  CHECK(log.size() < 4'096);
}

} // namespace pmmc::test
