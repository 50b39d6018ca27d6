// What a Redis port asks the rest of its process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pmmc::redis {

/// What the front cannot answer from what it has. Answered with `front::answered`.
enum class question_kind : std::uint8_t {
  acceptors,   ///< WAIT: how many acceptors hold what was decided, as a reply
  status,      ///< PMMC STATUS
  config,      ///< PMMC CONFIG
  fingerprint, ///< PMMC FINGERPRINT
  reconfig,    ///< PMMC RECONFIG
};

struct question {
  std::uint64_t ticket = 0;
  question_kind kind = question_kind::status;
  std::int64_t wanted = 0;             ///< WAIT: enough acceptors
  std::int64_t timeout_ms = 0;         ///< WAIT; 0: wait for ever
  std::vector<std::string> words = {}; ///< PMMC RECONFIG: those behind it
};

} // namespace pmmc::redis
