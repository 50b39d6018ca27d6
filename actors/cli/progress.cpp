#include "progress.hpp"

#include <cstdio>
#include <unistd.h>

namespace pmmc::cli {

namespace {
constexpr int bar_width = 30;
constexpr std::chrono::milliseconds redraw{100};
} // namespace

progress_meter::progress_meter(std::string what, std::uint64_t total, bool shows)
    : what_(std::move(what)), total_(total), terminal_(shows && isatty(STDERR_FILENO) == 1) {}

void progress_meter::show_at(std::uint64_t count, std::uint64_t position) {
  done_ = count;
  position_ = position;
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - shown_at_ < redraw)
    return;
  shown_at_ = now;
  show();
}

void progress_meter::show() {
  shown_ = true;
  std::string bar;
  if (total_ > 0) {
    const auto filled = static_cast<int>(position_ * bar_width / total_);
    bar = "[" + std::string(static_cast<std::size_t>(filled), '#') +
          std::string(static_cast<std::size_t>(bar_width - filled), '.') + "] ";
  }
  std::fprintf(stderr, "\r%s%llu %s, %s  ", bar.c_str(), static_cast<unsigned long long>(done_),
               what_.c_str(), rate().c_str());
}

void progress_meter::finish() {
  if (!shown_)
    return;
  show();
  std::fputc('\n', stderr);
}

std::string progress_meter::rate() const {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
  char text[64];
  std::snprintf(text, sizeof text, "%.1f s, %.0f a second", took.count(),
                took.count() > 0 ? static_cast<double>(done_) / took.count() : 0.0);
  return text;
}

} // namespace pmmc::cli
