// A key, its value and a stamp, immutable and shared.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace pmmc::kv {

/// One allocation, counted by reference: 20 bytes more than the key and the value. Half of what a
/// std::shared_ptr and its control block would take, and entries are most of a store. Copies may be
/// used and dropped in different threads. A moved-from entry can only be destroyed or assigned to.
class entry {
public:
  /// Precondition: key and value are below 4 GiB.
  entry(std::string_view key, std::string_view value, std::uint64_t stamp = 0);
  entry(const entry& other) noexcept : block_(other.block_) {
    block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  entry(entry&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  entry& operator=(entry other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~entry() {
    if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy();
  }

  std::string_view key() const { return {bytes(), block_->key_size}; }
  std::string_view value() const { return {bytes() + block_->key_size, block_->value_size}; }
  std::uint64_t stamp() const {
    return std::uint64_t{block_->stamp_high} << 32 | block_->stamp_low;
  }

private:
  /// The bytes of the key and then of the value follow it.
  struct block {
    std::atomic<std::uint32_t> references;
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t stamp_low; // in halves, so that nothing is lost to alignment
    std::uint32_t stamp_high;
  };

  const char* bytes() const { return reinterpret_cast<const char*>(block_ + 1); }
  void destroy() noexcept;

  block* block_;
};

} // namespace pmmc::kv
