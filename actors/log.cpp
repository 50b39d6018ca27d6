#include "log.hpp"

#include <cstdlib>
#include <spdlog/sinks/stdout_sinks.h>
#include <string>

namespace pmmc {

void start_log(std::string_view ids) {
  auto log = spdlog::stderr_logger_mt(std::string{ids});
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %l [%n] %v");
  log->flush_on(spdlog::level::info);
  spdlog::set_level(spdlog::level::info);
  spdlog::set_default_logger(std::move(log));
}

void start_client_log() {
  start_log("pmmc");
  spdlog::set_level(spdlog::level::warn);
}

void fatal(std::string_view who, std::string_view why) {
  spdlog::critical("{} stops: {}", who, why);
  spdlog::default_logger()->flush();
  std::_Exit(1);
}

} // namespace pmmc
