// Bytes that are written once and go many ways.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pmmc {

/// Immutable and shared, so copying is cheap, whatever their number, and safe between threads.
class shared_bytes {
public:
  shared_bytes() = default;
  shared_bytes(std::string bytes) {
    if (!bytes.empty())
      bytes_ = std::make_shared<const std::string>(std::move(bytes));
  }
  shared_bytes(const char* text) : shared_bytes(std::string{text}) {}

  operator std::string_view() const {
    return bytes_ ? std::string_view{*bytes_} : std::string_view{};
  }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  bool empty() const { return size() == 0; }

  friend bool operator==(const shared_bytes& a, const shared_bytes& b) {
    return a.bytes_ == b.bytes_ || std::string_view{a} == std::string_view{b};
  }

private:
  std::shared_ptr<const std::string> bytes_;
};

} // namespace pmmc
