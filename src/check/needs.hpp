// Which values operations were told of, and who could still write them: what a search may
// overwrite.
#pragma once

#include "check/key_model.hpp"

#include <span>
#include <unordered_map>

namespace pmmc::check {

/// Counts, for each state that some operation must have found, the operations not yet taken that
/// need it and those that could bring it about. When in doubt a state counts as possible.
class needs {
public:
  /// `origins[i]` is what `ops[i]` was made of.
  needs(std::span<const model_operation> ops, std::span<const operation* const> origins,
        const key_state& initial);

  void take(std::uint32_t op) { change(op, -1); }
  void put_back(std::uint32_t op) { change(op, +1); }

  /// Somebody still needs the state.
  bool is_needed(const key_state& state) const;
  /// Somebody still needs the state, and nobody can bring it about.
  bool is_last_chance(const key_state& state) const;
  /// An operation that was told of a state that is not the initial one and that nobody can bring
  /// about; ops.size() if there is none.
  std::uint32_t impossible() const { return impossible_; }
  /// Some put's value is what a cas with an unknown outcome expects.
  bool may_be_expected(const key_state& state) const;

private:
  struct need {
    std::uint32_t users = 0;
    std::uint32_t makers = 0;
    bool open = false; ///< there are makers that cannot be counted
    bool expected = false;
  };
  struct hash_of {
    std::size_t operator()(const key_state& s) const { return s.hash().first ^ s.size(); }
  };
  static constexpr std::uint32_t no_need = 0xffffffff;

  const need* find(const key_state& state) const;
  std::uint32_t number_of(const key_state& state);
  void count_makers(std::span<const model_operation> ops);
  void count_appends(std::span<const model_operation> ops,
                     std::span<const operation* const> origins);
  void add_maker(std::uint32_t op, const key_state& state);
  void change(std::uint32_t op, int by);

  std::unordered_map<key_state, std::uint32_t, hash_of> numbers_;
  std::vector<need> needs_;
  std::vector<std::uint32_t> used_;              ///< by operation: the need that it has
  std::vector<std::vector<std::uint32_t>> made_; ///< by operation: the needs that it may serve
  std::uint32_t impossible_ = 0;
};

} // namespace pmmc::check
