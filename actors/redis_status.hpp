// What PMMC STATUS, CONFIG and FINGERPRINT answer.
#pragma once

#include "redis/front.hpp"
#include "status_messages.hpp"

#include <string>
#include <vector>

namespace pmmc {

/// JSON with the names of `pmmc status --json`, `config --json` and `fingerprint --json`, for the
/// roles of one process: those that answered.
std::string redis_status_json(redis::question_kind kind, const std::vector<role_status>& roles);

} // namespace pmmc
