// The named sessions of PMMC SESSION and PMMC REQ once more.
#pragma once

#include "kv/store_limits.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::sim {

/// As docs/CLIENTS.md has it ("Exactly once").
class session_model {
public:
  explicit session_model(const kv::store_limits& limits) : limits_(limits) {}

  /// The highest number executed, if the session was there.
  std::optional<std::uint64_t> open(std::string_view name);
  std::optional<std::uint64_t> highest(std::string_view name) const;
  const std::string* answer(std::string_view name, std::uint64_t number) const;
  void record(std::string_view name, std::uint64_t number, std::string answer);
  /// Of a session that is there: a name that was opened again is of another one.
  std::uint64_t opening(std::string_view name) const { return sessions_.find(name)->second.opened; }
  /// Sessions that have ended because there were too many.
  std::uint64_t ended() const { return ended_; }
  /// Answers that went because there were too many, or too large ones.
  std::uint64_t answers_dropped() const { return answers_dropped_; }

private:
  struct session {
    std::uint64_t highest = 0;
    std::uint64_t opened = 0; ///< counts all openings and uses
    std::uint64_t used = 0;   ///< larger is later
    std::size_t bytes = 0;
    std::map<std::uint64_t, std::string> answers;
  };
  std::map<std::string, session, std::less<>> sessions_;
  kv::store_limits limits_;
  std::uint64_t uses_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t answers_dropped_ = 0;
};

} // namespace pmmc::sim
