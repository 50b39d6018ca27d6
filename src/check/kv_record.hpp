// Transactions of one call (kv/single_call.hpp) and their answers as a history has them.
#pragma once

#include "check/history.hpp"

namespace pmmc::check {

/// An encoded transaction, with its outcome unknown. Nothing for one that is no single call of
/// those that a history knows, and for what is no transaction.
std::optional<operation> recorded_call(std::string_view encoded);

/// Adds the store's answer. One that does not belong to the operation leaves its outcome
/// unknown.
void record_answer(operation& op, std::string_view encoded);

} // namespace pmmc::check
