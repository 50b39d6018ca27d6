// Whether a history is linearizable: whether each operation can have taken effect at one moment
// between its call and its return. Each key is judged alone, which is enough (locality: Herlihy and
// Wing).
#pragma once

#include "check/history.hpp"

#include <span>

namespace pmmc::check {

enum class verdict : std::uint8_t {
  linearizable,
  not_linearizable,
  gave_up, ///< nobody knows: the search took more than `max_states`
};

std::string_view to_string(verdict v);

/// Why a key's operations have no order.
struct violation {
  std::string key;
  /// The part of the history to look at, in the order of the calls: the operations until the first
  /// return by which it had gone wrong, without those before it that do not matter.
  history operations;
  std::string text; ///< for people: lines, each with its newline
};

struct limits {
  /// For one key; takes up to 64 bytes each.
  std::uint64_t max_states = 4'000'000;
  /// Violations that are explained; others are only counted.
  std::size_t max_explained = 3;
};

struct check_result {
  verdict outcome = verdict::linearizable; ///< not_linearizable if one key is that
  std::uint64_t operations = 0;
  std::uint64_t unknown = 0; ///< of them, with an unknown outcome
  std::uint64_t keys = 0;
  std::uint64_t states = 0; ///< that the searches went through
  std::vector<violation> violations;
  std::vector<std::string> keys_not_linearizable;
  std::vector<std::string> keys_given_up;
};

/// Operations in any order. The keys start absent. `guesses`, one for each operation or none at
/// all, say where to look first; wrong ones cost time, and states of the limit; nothing is left out
/// because of them.
check_result check_history(std::span<const operation> operations, const limits& l = {},
                           std::span<const guess> guesses = {});

} // namespace pmmc::check
