#include "sim/isolated.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace pmmc::sim {

namespace {

/// Of processor time: a machine that is busy, or paused, makes no run endless.
constexpr rlim_t longest_run_seconds = 300;

/// A result as it goes through the pipe, which takes so much at once.
struct packed_result {
  std::uint64_t trace_hash = 0;
  summary facts;
  char broken[1'024] = {};
};

void run_child(const scenario& s, const watch& w, int pipe) {
  const rlimit limit{longest_run_seconds, longest_run_seconds + 10};
  setrlimit(RLIMIT_CPU, &limit);
  const auto r = run(s, w);
  packed_result packed;
  packed.trace_hash = r.trace_hash;
  packed.facts = r.facts;
  r.broken.copy(packed.broken, sizeof packed.broken - 1);
  std::fflush(stderr);
  if (write(pipe, &packed, sizeof packed) != sizeof packed)
    _exit(3);
  _exit(0);
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// "pmmc: invariant broken: A1: … (condition) at …", as src/base/invariant.cpp prints it.
std::string invariant_in(const std::string& output) {
  static constexpr std::string_view before = "invariant broken: ";
  const auto at = output.rfind(before);
  if (at == std::string::npos)
    return {};
  const auto end = output.find('\n', at);
  return output.substr(at + before.size(), end - at - before.size());
}

} // namespace

isolated_run::isolated_run(const scenario& s, std::uint64_t most_steps, bool told)
    : seed_(s.seed), output_(std::tmpfile(), std::fclose) {
  int ends[2];
  if (!output_ || ::pipe(ends) != 0)
    fail("cannot prepare a run");
  std::fflush(nullptr);
  child_ = fork();
  if (child_ < 0)
    fail("fork");
  if (child_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    dup2(fileno(output_.get()), STDERR_FILENO);
    watch w{.tell = {}, .messages = told, .most_steps = most_steps};
    if (told)
      w.tell = [](sim_time at, const std::string& text) {
        std::fprintf(stderr, "%10.6f  %s\n", static_cast<double>(at) / second, text.c_str());
      };
    run_child(s, w, ends[1]);
  }
  close(ends[1]);
  pipe_ = ends[0];
}

isolated_run::isolated_run(isolated_run&& other) noexcept
    : seed_(other.seed_), pipe_(std::exchange(other.pipe_, -1)),
      child_(std::exchange(other.child_, -1)), output_(std::move(other.output_)) {}

isolated_run::~isolated_run() {
  if (pipe_ >= 0)
    close(pipe_);
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
}

result isolated_run::finish() {
  packed_result packed;
  std::size_t have = 0;
  while (have < sizeof packed) {
    const auto got = read(pipe_, reinterpret_cast<char*>(&packed) + have, sizeof packed - have);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    have += static_cast<std::size_t>(got);
  }
  int status = 0;
  waitpid(std::exchange(child_, -1), &status, 0);
  result r;
  r.seed = seed_;
  if (have == sizeof packed) {
    r.trace_hash = packed.trace_hash;
    r.facts = packed.facts;
    r.broken = packed.broken;
  } else if (auto invariant = invariant_in(output()); !invariant.empty()) {
    r.broken = std::move(invariant);
  } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    r.broken = "endless: the run did not end in " + std::to_string(longest_run_seconds) +
               " s of processor time";
  } else {
    r.broken = "died: " +
               (WIFSIGNALED(status) ? std::string{strsignal(WTERMSIG(status))}
                                    : "exit code " + std::to_string(WEXITSTATUS(status))) +
               "; " + output();
  }
  return r;
}

std::string isolated_run::output() const {
  std::string text;
  char buffer[65'536];
  std::rewind(output_.get());
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, output_.get())) > 0;)
    text.append(buffer, got);
  return text;
}

std::string name_of(const std::string& broken) { return broken.substr(0, broken.find(':')); }

} // namespace pmmc::sim
