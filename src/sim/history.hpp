// What the clients of a run did and saw.
#pragma once

#include "base/types.hpp"
#include "check/history.hpp"
#include "sim/checkers/kv_model.hpp"
#include "sim/scenario.hpp"

#include <cstddef>
#include <span>
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
  std::string op;     ///< a transaction of one call (kv/single_call.hpp), encoded
  std::string answer; ///< likewise
  sim_time called = 0;
  sim_time returned = 0;
  operation_end end = operation_end::open;
};

using history = std::vector<recorded_operation>; ///< by `called`

/// As the linearizability checker takes it: one for one.
check::history to_check(const history& seen);

/// For each operation, the place among `effects` of the first that it can be and that no other one
/// is, by what it did, was told, and when; none for those that changed nothing and that nobody was
/// told about. `times`: of the effects. The log's order is the first one to try, and as a rule the
/// last; the verdict does not depend on it.
std::vector<check::guess> guess_order(const history& seen,
                                      std::span<const kv_model::effect> effects,
                                      std::span<const sim_time> times);

} // namespace pmmc::sim
