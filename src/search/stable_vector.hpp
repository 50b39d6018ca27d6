// A vector whose elements never move.
#pragma once

#include "base/invariant.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace pmmc::search {

/// One thread at a time adds (the owner sees to that). Any thread may read element i without a lock
/// once it has been told of i by a thread that knew of it.
template <class T>
class stable_vector {
public:
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return blocks_[i / block_size][i % block_size]; }
  const T& operator[](std::size_t i) const { return blocks_[i / block_size][i % block_size]; }

  T& push_back(T value) {
    PMMC_INVARIANT(size_ / block_size < blocks_.size(), "a scope has fewer than 67 million parts");
    auto& last = blocks_[size_ / block_size];
    if (last.empty())
      last.reserve(block_size); // so that elements stay where they are
    last.push_back(std::move(value));
    ++size_;
    return last.back();
  }

private:
  static constexpr std::size_t block_size = 1024;
  std::vector<std::vector<T>> blocks_ = std::vector<std::vector<T>>(65'536);
  std::size_t size_ = 0;
};

} // namespace pmmc::search
