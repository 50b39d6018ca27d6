// Operations and answers of src/kv as a history has them.
#pragma once

#include "check/history.hpp"

namespace pmmc::check {

/// An encoded kv::operation, with its outcome unknown. Nothing for a scan, which is not about one
/// key, and for what is no operation.
std::optional<operation> recorded_call(std::string_view encoded);

/// Adds an encoded kv::answer. One that does not belong to the operation leaves its outcome
/// unknown.
void record_answer(operation& op, std::string_view encoded);

} // namespace pmmc::check
