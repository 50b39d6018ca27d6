// What PMMC's own commands and WAIT mean.
#pragma once

#include "kv/transaction.hpp"
#include "redis/command_table.hpp"
#include "redis/connection.hpp"
#include "redis/question.hpp"
#include "redis/request.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pmmc::redis {

/// An error, a question, or a call of the store that views nothing.
struct pmmc_command {
  std::string error = {}; ///< empty: it is one of the others
  std::optional<question> asks = {};
  std::optional<kv::call> call = {};
};

/// PMMC, but for SESSION with a name and REQ. `now`: the time for PMMC CLOCK SET NOW, if known.
pmmc_command read_pmmc(const request& r, std::optional<kv::log_time> now);
pmmc_command read_wait(const request& r);

/// PMMC REQ N command…
struct numbered_command {
  std::string error; ///< empty: it may be executed in the session of the connection
  std::uint64_t number = 0;
  request inner;
  const command_info* command = nullptr; ///< of `inner`: one of the keys, or EXEC
};
numbered_command read_numbered(const request& r, const connection& c);

/// EXEC's answer to a transaction that must not be executed.
inline constexpr std::string_view exec_aborted =
    "EXECABORT Transaction discarded because of previous errors.";

} // namespace pmmc::redis
