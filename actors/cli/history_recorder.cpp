#include "history_recorder.hpp"

#include "check/history_file.hpp"
#include "check/kv_record.hpp"
#include "cli.hpp"
#include "parts/entropy.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace pmmc::cli {

namespace {

/// CLOCK_MONOTONIC: the same for all processes of a machine.
std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::string fresh_client_name() {
  char name[32];
  std::snprintf(name, sizeof name, "exec-%012llx",
                static_cast<unsigned long long>(fresh_seed() >> 16));
  return name;
}

/// What is appended to some other file would spoil it.
void refuse_other_files(const std::string& path) {
  std::error_code absent;
  if (!std::filesystem::is_regular_file(path, absent))
    return;
  std::ifstream file{path, std::ios::binary};
  std::string line;
  if (!std::getline(file, line) || line.empty())
    return;
  std::istringstream first{line + "\n"};
  check::history_reader reader;
  reader.read(first, path);
  if (reader.error_count() > 0)
    throw command_error{bad_usage, path +
                                       " is no history: nothing was executed, or written to it. "
                                       "Name a new file, or one that `pmmc exec --history` wrote"};
}

} // namespace

history_recorder::history_recorder(const std::string& path)
    : path_(path), client_(fresh_client_name()) {
  refuse_other_files(path);
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0)
    throw command_error{bad_usage,
                        "cannot write the history to " + path + ": " + std::strerror(errno)};
}

history_recorder::~history_recorder() { ::close(file_); }

std::uint64_t history_recorder::call(std::string_view encoded) {
  const auto number = ++numbers_;
  auto op = check::recorded_call(encoded).value();
  op.client = client_;
  op.id = number;
  op.call_ns = now_ns();
  write_line(op);
  under_way_.emplace(number, std::move(op));
  return number;
}

void history_recorder::finish(std::uint64_t number, const client_outcome& outcome) {
  auto op = std::move(under_way_.extract(number).mapped());
  op.return_ns = now_ns();
  switch (outcome.kind) {
  case outcome_kind::done:
    check::record_answer(op, outcome.body);
    break;
  case outcome_kind::refused:
  case outcome_kind::not_executed:
    op.result = check::result_kind::not_executed;
    break;
  case outcome_kind::unknown:
    break;
  }
  write_line(op);
}

/// One write for a line, so that those of several processes do not mix.
void history_recorder::write_line(const check::operation& op) {
  const auto line = check::to_line(op) + "\n";
  std::string_view left = line;
  while (!left.empty()) {
    const auto written = ::write(file_, left.data(), left.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      throw command_error{internal_error,
                          "cannot write the history to " + path_ + ": " + std::strerror(errno)};
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

} // namespace pmmc::cli
