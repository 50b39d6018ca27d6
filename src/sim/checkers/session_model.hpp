// The named sessions of PMMC SESSION and PMMC REQ once more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::sim {

/// As docs/CLIENTS.md has it ("Exactly once").
class session_model {
public:
  /// The highest number executed, if the session was there.
  std::optional<std::uint64_t> open(std::string_view name);
  std::optional<std::uint64_t> highest(std::string_view name) const;
  const std::string* answer(std::string_view name, std::uint64_t number) const;
  void record(std::string_view name, std::uint64_t number, std::string answer);

private:
  struct session {
    std::uint64_t highest = 0;
    std::uint64_t used = 0; ///< larger is later
    std::size_t bytes = 0;
    std::map<std::uint64_t, std::string> answers;
  };
  std::map<std::string, session, std::less<>> sessions_;
  std::uint64_t uses_ = 0;
};

} // namespace pmmc::sim
