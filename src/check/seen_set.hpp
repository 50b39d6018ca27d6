// A set of 128-bit codes of search states, with a limit: open addressing, 16 bytes a place.
#pragma once

#include <cstdint>
#include <vector>

namespace pmmc::check {

struct state_code {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  state_code& operator^=(const state_code& other) {
    first ^= other.first;
    second ^= other.second;
    return *this;
  }
  friend bool operator==(const state_code&, const state_code&) = default;
};

class seen_set {
public:
  enum class outcome : std::uint8_t { added, known, full };

  explicit seen_set(std::uint64_t limit) : limit_(limit) {}

  outcome add(state_code code);
  std::uint64_t size() const { return size_; }

private:
  static void place(std::vector<state_code>& places, const state_code& code);
  void grow();

  std::uint64_t limit_;
  std::uint64_t size_ = 0;
  std::vector<state_code>
      places_; ///< a power of two of them, at most half of them full; zero: free
};

/// 64 well mixed bits for a number: SplitMix64's.
std::uint64_t mixed(std::uint64_t number);

} // namespace pmmc::check
