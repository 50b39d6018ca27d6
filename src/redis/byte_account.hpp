// Memory that several hold together, and the part of each of them.
#pragma once

#include <cstddef>
#include <utility>

namespace pmmc::redis {

/// Counts bytes that are held, and says how many more there may be.
class byte_account {
public:
  explicit byte_account(std::size_t most) : most_(most) {}
  byte_account(const byte_account&) = delete; // shares know where it is
  byte_account& operator=(const byte_account&) = delete;

  bool has_room_for(std::size_t bytes) const { return in_use_ + bytes <= most_; }
  std::size_t in_use() const { return in_use_; }

private:
  friend class byte_share;

  std::size_t most_;
  std::size_t in_use_ = 0;
};

/// What one holds of an account, which must outlive it. Given back when it ends.
class byte_share {
public:
  byte_share() = default; ///< nothing, of none
  explicit byte_share(byte_account& of) : of_(&of) {}
  byte_share(byte_share&& other) noexcept
      : of_(other.of_), bytes_(std::exchange(other.bytes_, 0)) {}
  byte_share& operator=(byte_share&& other) noexcept {
    if (this != &other) {
      give_back();
      of_ = other.of_;
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~byte_share() { give_back(); }

  std::size_t bytes() const { return bytes_; }
  /// Whether there is room is the caller's to ask.
  void take(std::size_t bytes) {
    bytes_ += bytes;
    of_->in_use_ += bytes;
  }
  /// Of the same account.
  void take_over(byte_share& other) { bytes_ += std::exchange(other.bytes_, 0); }
  void give_back() {
    if (of_ != nullptr)
      of_->in_use_ -= std::exchange(bytes_, 0);
  }

private:
  byte_account* of_ = nullptr;
  std::size_t bytes_ = 0;
};

} // namespace pmmc::redis
