// Names that every role shares: who a process is, ballots, slots, commands and pvalues (paper,
// section 2).
#pragma once

#include "base/shared_bytes.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace pmmc {

/// A position in the log. The first slot is 1; 0 stands for "none".
using slot_num = std::uint64_t;

/// The version of a configuration. The first configuration of a cluster is version 1.
using config_version = std::uint64_t;

/// Tells a cluster from another one that was founded with the same name and the same first members:
/// a random number, decided by the log (replicated_state). 0: not decided yet, or not known.
using cluster_identity = std::uint64_t;

/// The stable name of a role or client, such as "a1": 1 to `max_size` bytes; empty means "nobody".
/// A value type without allocation, ordered by bytes.
class role_id {
public:
  static constexpr std::size_t max_size = 31;

  constexpr role_id() = default;
  /// Precondition: `name.size() <= max_size` (checked; violating it ends the program).
  role_id(std::string_view name);
  role_id(const char* name) : role_id(std::string_view{name}) {}
  role_id(const std::string& name) : role_id(std::string_view{name}) {}

  std::string_view view() const { return {bytes_.data(), size_}; }
  std::string str() const { return std::string{view()}; }
  bool empty() const { return size_ == 0; }

  friend bool operator==(const role_id& a, const role_id& b) = default;
  friend std::strong_ordering operator<=>(const role_id& a, const role_id& b) {
    return a.view() <=> b.view();
  }

private:
  std::array<char, max_size> bytes_{}; // zero beyond size_, so that == may compare all of it
  std::uint8_t size_ = 0;
};

/// A ballot number (paper, section 2.2): ordered by seqnum, then by leader id. A
/// default-constructed ballot is the paper's ⊥, below every ballot of a leader.
struct ballot_num {
  std::uint64_t seqnum = 0;
  role_id leader;

  bool is_bottom() const { return leader.empty(); }
  friend auto operator<=>(const ballot_num&, const ballot_num&) = default;
  friend bool operator==(const ballot_num&, const ballot_num&) = default;
};

/// "3.l1", or "⊥".
std::string to_string(const ballot_num& ballot);

/// What a slot decides: bytes that mean nothing to leaders and acceptors (replicas read them as a
/// batch, see batch.hpp). Immutable and shared, so copying is cheap and safe between threads. The
/// empty command is the no-op.
class command {
public:
  command() = default;
  explicit command(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string_view bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool is_noop() const { return bytes_.empty(); }

  friend bool operator==(const command&, const command&) = default;

private:
  shared_bytes bytes_;
};

/// ⟨ballot, slot, command⟩ (paper, section 2.2).
struct pvalue {
  ballot_num ballot;
  slot_num slot = 0;
  command value;

  friend bool operator==(const pvalue&, const pvalue&) = default;
};

} // namespace pmmc

template <>
struct std::hash<pmmc::role_id> {
  std::size_t operator()(const pmmc::role_id& id) const noexcept {
    return std::hash<std::string_view>{}(id.view());
  }
};
