// What SIGHUP means: somebody asks for logs and settings to be taken up again, or the terminal is
// gone.
#pragma once

namespace pmmc {

/// Made when a process starts. Not thread-safe.
class hangup {
public:
  hangup();
  /// The process had a terminal, and has none any more: whoever ran it there has gone, so it is to
  /// stop, as on SIGTERM.
  bool terminal_is_gone() const;

private:
  bool had_terminal_;
};

} // namespace pmmc
