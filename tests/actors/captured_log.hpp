// What is logged while it lives, in place of going to the terminal.
#pragma once

#include <memory>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>
#include <string>

namespace pmmc::test {

/// One at a time. Any thread may log; text() and take() are for when none does.
class captured_log {
public:
  captured_log() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_)));
  }
  ~captured_log() { spdlog::set_default_logger(before_); }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;

  std::string text() const { return lines_.str(); }
  /// What was logged since the last call.
  std::string take() {
    auto taken = lines_.str();
    lines_.str("");
    return taken;
  }

private:
  std::ostringstream lines_;
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

} // namespace pmmc::test
