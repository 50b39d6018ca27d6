// One request of a Redis client, as the parser hands it on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::redis {

enum class request_kind : std::uint8_t {
  command,   ///< one word at least
  too_large, ///< a command whose words were thrown away; bytes: why
  broken,    ///< not the protocol; bytes: the error. Nothing that follows can be understood
};

/// The words lie behind each other in one string: two allocations, however many there are.
struct request {
  request_kind kind = request_kind::command;
  std::string bytes;
  std::vector<std::uint32_t> ends; ///< of the words, in `bytes`
  bool is_watch = false;           ///< too_large: the command was

  std::size_t size() const { return ends.size(); }
  std::string_view operator[](std::size_t word) const {
    const std::size_t begin = word == 0 ? 0 : ends[word - 1];
    return std::string_view{bytes}.substr(begin, ends[word] - begin);
  }
  void add(std::string_view word) {
    bytes += word;
    ends.push_back(static_cast<std::uint32_t>(bytes.size()));
  }
  /// About the memory that it takes.
  std::size_t cost() const { return sizeof(request) + bytes.size() + 4 * ends.size(); }
};

} // namespace pmmc::redis
