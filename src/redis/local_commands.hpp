// Commands that the process answers by itself.
#pragma once

#include "redis/command_table.hpp"
#include "redis/connection.hpp"
#include "redis/front_settings.hpp"

#include <cstdint>
#include <string>

namespace pmmc::redis {

/// What they tell of the process.
struct local_facts {
  const front_settings& settings;
  const connection_table& connections;
  std::int64_t now_ms = 0;     ///< since 1970
  std::int64_t started_ms = 0; ///< the same
  std::uint64_t commands = 0;  ///< taken up so far
};

/// Appends the reply of `c` to a command that needs no store and is none of PMMC's, of good arity.
/// QUIT lets the connection end, HELLO, RESET and CLIENT change what is remembered of it.
void answer_locally(const local_facts& facts, connection& c, const command_info& command,
                    const request& r, std::string& out);

} // namespace pmmc::redis
