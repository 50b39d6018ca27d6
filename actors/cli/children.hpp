// Child processes with prefixed output (`pmmc up`).
#pragma once

#include "node/hangup.hpp"

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pmmc::cli {

/// While an object lives, SIGINT, SIGTERM, SIGCHLD and SIGHUP
/// go to it; SIGHUP is passed on to the children. Its destructor stops all children. One object at
/// a time.
class child_processes {
public:
  child_processes();
  ~child_processes();
  child_processes(const child_processes&) = delete;
  child_processes& operator=(const child_processes&) = delete;

  /// Runs this program once more, with the arguments `words`. Its lines appear on stderr behind
  /// `name`. It gets SIGTERM if this process dies. Throws std::system_error.
  void start(const std::string& name, const std::vector<std::string>& words);

  /// Passes output on and notices ends, for `time` or until something has happened.
  void pump(std::chrono::milliseconds time);
  /// Whether each child has printed a line that begins with `prefix`.
  bool all_printed(const std::string& prefix) const;
  bool any_exited() const;
  bool all_exited() const;
  /// Whether one was killed, or ended with another exit code than 0.
  bool any_failed() const;
  /// SIGINT or SIGTERM has come, or the terminal is gone.
  bool stop_requested() const { return stop_requested_; }
  /// SIGTERM to all, and SIGKILL to those that are still there after ten seconds.
  void stop();

private:
  struct child {
    std::string name;
    pid_t pid = -1;
    int output = -1; ///< both of its streams; -1 when closed
    std::string partial;
    std::vector<std::string> first_words; ///< of the lines on stdout that matter
    bool exited = false;
    bool failed = false;
  };

  void read_output(child& c);
  void take_line(child& c, const std::string& line);
  void reap();
  void take_signals();
  void pass_on(int signal);

  std::vector<child> children_;
  hangup terminal_;
  int signals_ = -1;
  bool stop_requested_ = false;
  bool is_stopping_ = false; ///< who ends of SIGTERM ends of ours
};

} // namespace pmmc::cli
