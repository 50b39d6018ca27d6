// The interface between the log and what it replicates. Implement it to replicate something of your
// own; docs/STATE_MACHINE.md has a complete example.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

namespace pmmc {

/// A deterministic state machine: equal operations in equal order give equal states and answers on
/// every replica. So no clocks, no randomness, no addresses, no iteration over unordered containers
/// in anything that can be seen. One thread at a time calls an object; clones go to other threads.
class state_machine {
public:
  virtual ~state_machine() = default;

  /// Its name and version, such as "bank/1"; always the same. Processes whose names differ refuse
  /// each other, so it changes with every change of what operations do or answer, or of the
  /// snapshot.
  virtual std::string_view name() const = 0;

  /// Executes one operation and returns the answer for the client. `op` is whatever the client
  /// sent, so any bytes: answer a malformed one with an error of your own, never throw.
  virtual std::string apply(std::string_view op) = 0;

  /// Answers a read-only operation without changing the state. Never throws.
  virtual std::string query(std::string_view op) const = 0;

  /// What kind of operation `op` is, for statistics: one of a few names that never change, such as
  /// "put". Never throws.
  virtual std::string_view name_of(std::string_view op) const {
    static_cast<void>(op);
    return "operation";
  }

  /// A copy that shares nothing mutable with this object. Called while clients wait, to write the
  /// snapshot in another thread: make it cheap (copy-on-write) if the state is large.
  virtual std::unique_ptr<state_machine> clone() const = 0;

  /// Writes the whole state. Called on a clone.
  virtual void snapshot(std::ostream& out) const = 0;

  /// Replaces the state by what `snapshot` wrote. Throws std::runtime_error if `in` is malformed.
  virtual void restore(std::istream& in) = 0;

  /// A hash of the state: equal for equal states, on every machine.
  virtual std::uint64_t fingerprint() const = 0;

  /// About how many bytes `snapshot` would write; decides how often it is worth doing.
  virtual std::size_t size_bytes() const = 0;
};

} // namespace pmmc
