#include "children.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace pmmc::cli {

namespace {

constexpr std::size_t longest_line = 64 << 10;
constexpr std::chrono::seconds patience{10};

sigset_t our_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGHUP);
  return set;
}

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// Its name, which `ps` shows, or else, as when the file was replaced, the way to what still runs.
std::string own_program() {
  std::error_code error;
  auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error || access(path.c_str(), X_OK) != 0 ? "/proc/self/exe" : path.string();
}

/// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(int output, pid_t parent, const char* program, char* const* words) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(program, words);
  _exit(127);
}

} // namespace

child_processes::child_processes() {
  const auto set = our_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0)
    throw_errno("signalfd");
}

child_processes::~child_processes() {
  stop();
  for (auto& c : children_)
    if (c.output >= 0)
      close(c.output);
  close(signals_);
}

void child_processes::start(const std::string& name, const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw_errno("pipe");
  const auto program = own_program();
  std::vector<char*> argv{const_cast<char*>("pmmc")}; // execv does not write to it
  for (const auto& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto parent = getpid();
  const auto pid = fork();
  if (pid < 0)
    throw_errno("fork");
  if (pid == 0)
    become(ends[1], parent, program.c_str(), argv.data());
  close(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  children_.push_back({name, pid, ends[0], {}, {}, false, false});
}

void child_processes::pump(std::chrono::milliseconds time) {
  std::vector<pollfd> waiting{{signals_, POLLIN, 0}};
  for (const auto& c : children_)
    waiting.push_back({c.output, POLLIN, 0}); // poll passes over -1
  if (poll(waiting.data(), waiting.size(), static_cast<int>(time.count())) <= 0)
    return;
  for (auto& c : children_)
    if (c.output >= 0)
      read_output(c);
  take_signals();
}

void child_processes::read_output(child& c) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto size = read(c.output, buffer.data(), buffer.size());
    if (size < 0)
      return;
    if (size == 0) {
      close(c.output);
      c.output = -1;
      return;
    }
    c.partial.append(buffer.data(), static_cast<std::size_t>(size));
    for (auto end = c.partial.find('\n'); end != std::string::npos; end = c.partial.find('\n')) {
      take_line(c, c.partial.substr(0, end));
      c.partial.erase(0, end + 1);
    }
    if (c.partial.size() > longest_line) {
      take_line(c, c.partial);
      c.partial.clear();
    }
  }
}

void child_processes::take_line(child& c, const std::string& line) {
  std::fprintf(stderr, "%-12s | %s\n", c.name.c_str(), line.c_str());
  if (c.first_words.size() < 16)
    c.first_words.push_back(line);
}

void child_processes::take_signals() {
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == sizeof info)
    if (info.ssi_signo == SIGHUP && !terminal_.terminal_is_gone())
      pass_on(SIGHUP);
    else if (info.ssi_signo != SIGCHLD)
      stop_requested_ = true;
  reap();
}

void child_processes::pass_on(int signal) {
  for (const auto& c : children_)
    if (!c.exited)
      kill(c.pid, signal);
}

void child_processes::reap() {
  for (auto& c : children_) {
    int how = 0;
    if (c.exited || waitpid(c.pid, &how, WNOHANG) != c.pid)
      continue;
    c.exited = true;
    c.failed = !WIFEXITED(how) || WEXITSTATUS(how) != 0;
    if (c.output >= 0)
      read_output(c);
    if (is_stopping_ && WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM)
      std::fprintf(stderr, "%-12s | stopped\n", c.name.c_str());
    else if (WIFSIGNALED(how))
      std::fprintf(stderr,
                   "%-12s | killed by signal %d; start it again with `pmmc start --id %s`\n",
                   c.name.c_str(), WTERMSIG(how), c.name.substr(0, c.name.find(' ')).c_str());
    else if (WEXITSTATUS(how) != 0)
      std::fprintf(stderr, "%-12s | exited with code %d\n", c.name.c_str(), WEXITSTATUS(how));
  }
}

bool child_processes::all_printed(const std::string& prefix) const {
  return std::all_of(children_.begin(), children_.end(), [&](const child& c) {
    return std::any_of(c.first_words.begin(), c.first_words.end(),
                       [&](const std::string& line) { return line.starts_with(prefix); });
  });
}

bool child_processes::any_exited() const {
  return std::any_of(children_.begin(), children_.end(), [](const child& c) { return c.exited; });
}

bool child_processes::all_exited() const {
  return std::all_of(children_.begin(), children_.end(), [](const child& c) { return c.exited; });
}

bool child_processes::any_failed() const {
  return std::any_of(children_.begin(), children_.end(), [](const child& c) { return c.failed; });
}

void child_processes::stop() {
  is_stopping_ = true;
  pass_on(SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!all_exited() && std::chrono::steady_clock::now() < deadline)
    pump(std::chrono::milliseconds{100});
  for (auto& c : children_)
    if (!c.exited) {
      kill(c.pid, SIGKILL);
      waitpid(c.pid, nullptr, 0);
      c.exited = true;
    }
}

} // namespace pmmc::cli
