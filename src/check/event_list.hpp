// The calls and returns of one key's operations in the order of time, as a doubly-linked list out
// of which operations are lifted and, in reverse order, put back.
#pragma once

#include <cstdint>
#include <vector>

namespace pmmc::check {

class event_list {
public:
  static constexpr std::uint32_t none = 0; ///< the list's head, and its end

  struct times {
    std::uint64_t call_ns;
    std::uint64_t return_ns;
    bool returns;
  };

  /// What is called at the very time at which another returns overlaps with it.
  explicit event_list(const std::vector<times>& operations);

  std::uint32_t first() const { return next_[none]; }
  std::uint32_t after(std::uint32_t event) const { return next_[event]; }
  std::uint32_t operation_of(std::uint32_t event) const { return operation_[event]; }
  bool is_return(std::uint32_t event) const { return return_of_[operation_[event]] == event; }
  /// Events are numbered by time. `none` if it never returns.
  std::uint32_t return_of(std::uint32_t operation) const { return return_of_[operation]; }

  void lift(std::uint32_t operation);
  void put_back(std::uint32_t operation);

private:
  void unlink(std::uint32_t event);
  void relink(std::uint32_t event);

  std::vector<std::uint32_t> next_, previous_, operation_; ///< by event
  std::vector<std::uint32_t> call_of_, return_of_;         ///< by operation
};

} // namespace pmmc::check
