#include "node/log.hpp"

#include "node/json_text.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <string>
#include <system_error>
#include <thread>

namespace pmmc {

namespace {

// RFC 3339: local time with its offset.
constexpr auto text_pattern = "%Y-%m-%d %H:%M:%S.%e%z %l [%n] %v";
constexpr std::chrono::seconds one_rare_warning_in{1};
constexpr std::chrono::seconds most_for_last_line{2};
constexpr auto json_time_pattern = "%Y-%m-%dT%H:%M:%S.%e%z";

std::string_view to_string(spdlog::level::level_enum level) {
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

/// An object a line: time, level, roles, message.
class json_formatter : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t time;
    time_.format(message, time);
    const nlohmann::ordered_json line{
        {"time", std::string{time.data(), time.size()}},
        {"level", to_string(message.level)},
        {"roles", std::string{message.logger_name.data(), message.logger_name.size()}},
        {"message", std::string{message.payload.data(), message.payload.size()}}};
    // Peers' texts may hold any bytes.
    const auto text = json_text(line) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }

private:
  spdlog::pattern_formatter time_{json_time_pattern, spdlog::pattern_time_type::local, ""};
};

/// stderr, until the line that says why the process ends.
class last_words_sink : public spdlog::sinks::base_sink<std::mutex> {
protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (has_ended_)
      return;
    has_ended_ = message.level == spdlog::level::critical;
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
  }
  void flush_() override {}

private:
  bool has_ended_ = false;
};

void start(std::string_view ids, spdlog::level::level_enum level, bool as_json) {
  auto log =
      std::make_shared<spdlog::logger>(std::string{ids}, std::make_shared<last_words_sink>());
  if (as_json)
    log->set_formatter(std::make_unique<json_formatter>());
  else
    log->set_pattern(text_pattern);
  log->set_level(level);
  spdlog::set_default_logger(std::move(log));
}

} // namespace

std::optional<log_settings> parse_log_settings(const std::string& level, const std::string& format,
                                               std::string& error) {
  if (level != "debug" && level != "info" && level != "warning" && level != "error")
    error = "--log-level takes debug, info, warning or error, not \"" + level + "\"";
  else if (format != "text" && format != "json")
    error = "--log-format takes text or json, not \"" + format + "\"";
  else
    return log_settings{level, format == "json"};
  return std::nullopt;
}

void start_log(std::string_view ids, const log_settings& settings) {
  start(ids, spdlog::level::from_str(settings.level), settings.json);
}

void start_client_log() { start("pmmc", spdlog::level::warn, false); }

bool rare_warning::log(std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_logged_ < one_rare_warning_in) {
    ++unlogged_;
    return false;
  }
  last_logged_ = now;
  spdlog::warn("{}{}", text,
               unlogged_ == 0 ? "" : " (and " + std::to_string(unlogged_) + " before it)");
  unlogged_ = 0;
  return true;
}

void end_process(std::string_view why, int code) {
  // Whoever reads the log may have stopped reading: then the process ends without the line.
  try {
    std::thread{[code] {
      std::this_thread::sleep_for(most_for_last_line);
      std::_Exit(code);
    }}.detach();
  } catch (const std::system_error&) {
    // no thread is to be had: then it waits for whoever reads
  }
  spdlog::critical("{}", why);
  std::_Exit(code);
}

void fatal(std::string_view who, std::string_view why) {
  end_process(std::string{who} + " stops: " + std::string{why}, 1);
}

} // namespace pmmc
