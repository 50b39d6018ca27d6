// One key of the store as the linearizability checker sees it: a value or none, and what each
// operation does to it. Written apart from src/kv, which it judges.
#pragma once

#include "check/history.hpp"

#include <array>

namespace pmmc::check {

/// Two polynomial hashes modulo 2^61 - 1. That of a value with something appended follows from
/// both parts, so that a long list costs no more to append to than a short one.
struct value_hash {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend bool operator==(const value_hash&, const value_hash&) = default;
};

/// A key's value, or that it has none. Values are compared by size and hash: two different ones
/// look equal with a chance of 2^-100, and only then could a verdict be wrong.
class key_state {
public:
  key_state() = default; ///< absent
  explicit key_state(std::string_view value);

  bool present() const { return present_; }
  std::uint64_t size() const { return size_; }
  const value_hash& hash() const { return hash_; }
  /// An absent key counts as empty.
  key_state with_appended(const key_state& tail) const;
  /// The value as a number: decimal, of 64 bits, in the only form that std::to_string gives. An
  /// absent key counts as 0.
  std::optional<std::int64_t> number() const;

  friend bool operator==(const key_state& a, const key_state& b) {
    return a.present_ == b.present_ && a.size_ == b.size_ && a.hash_ == b.hash_;
  }

private:
  static constexpr std::size_t longest_number = 20; // -9223372036854775808

  bool present_ = false;
  std::array<char, longest_number> text_{}; ///< the whole value, if it is that short
  std::uint64_t size_ = 0;
  value_hash hash_;
  value_hash power_{1, 1}; ///< the hashes' base to the size
};

/// An operation on one key, with its values hashed.
struct model_operation {
  explicit model_operation(const operation& op);

  operation_kind kind;
  result_kind result;
  key_state value;    ///< put, append; cas: the new one
  key_state expected; ///< cas
  std::int64_t by;
  bool told = false;    ///< the answer says more than its result, namely:
  key_state told_value; ///< get, cas
  std::uint64_t told_length = 0;
  std::int64_t told_number = 0;
};

/// What the key is after the operation took effect on `state`; nothing if it could not have been
/// told what it was told there. With an unknown result it may have been told anything.
std::optional<key_state> after(const model_operation& op, const key_state& state);

/// Whether it was told that it changed nothing.
bool is_read(const model_operation& op);

/// The state that it must have found, if its answer leaves only one.
std::optional<key_state> required_state(const model_operation& op);

} // namespace pmmc::check
