// What the clients of a run did and saw.
#pragma once

#include "sim/scenario.hpp"
#include "types.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace pmmc::sim {

enum class operation_end : std::uint8_t {
  open,         ///< no answer yet
  answered,     ///< `answer` came at `returned`
  unknown,      ///< the client gave up; it may have happened, or may yet
  not_executed, ///< it never happens
};

struct recorded_operation {
  role_id client;
  std::string op;     ///< as in kv/operation.hpp, encoded
  std::string answer; ///< likewise
  sim_time called = 0;
  sim_time returned = 0;
  operation_end end = operation_end::open;
};

using history = std::vector<recorded_operation>; ///< by `called`

} // namespace pmmc::sim
