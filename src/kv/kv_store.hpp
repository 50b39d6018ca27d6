// The key-value store that `pmmc` replicates.
#pragma once

#include "kv/keyspace.hpp"
#include "kv/named_sessions.hpp"
#include "kv/reply.hpp"
#include "kv/transaction.hpp"
#include "service/state_machine.hpp"

namespace pmmc::kv {

/// Operations are the transactions of transaction.hpp, encoded. clone() copies one pointer for each
/// few hundred keys; later writes copy what they touch.
///
/// Snapshot: the 8 bytes "pmmckv2\n", the keys (keyspace.hpp), the named sessions
/// (named_sessions.hpp), u64 fingerprint; little-endian. restore() checks all of it, reads not a
/// byte beyond, and leaves the state as it was if it throws.
class kv_store final : public state_machine {
public:
  explicit kv_store(const store_limits& limits = {}) : limits_(limits), sessions_(limits) {}

  std::string_view name() const override { return "kv/2"; }
  std::string apply(std::string_view op) override;
  /// Transactions that only read; anything else is answered `malformed`.
  std::string query(std::string_view op) const override;
  /// As name_of_transaction() has it, or "malformed". One of some 30 names.
  std::string_view name_of(std::string_view op) const override;
  std::unique_ptr<state_machine> clone() const override;
  void snapshot(std::ostream& out) const override;
  void restore(std::istream& in) override;
  /// Of the keys, their values, versions and deadlines, the log time, and the sessions. O(1).
  std::uint64_t fingerprint() const override;
  /// Exactly what snapshot() writes.
  std::size_t size_bytes() const override;

  /// Number of keys.
  std::size_t size() const { return keys_.size(); }

private:
  std::string apply(const transaction& t);
  std::string apply_once(const transaction& t);
  std::string run(const transaction& t);
  void open_session(std::string_view name, reply_writer& out);
  std::string query(const transaction& t) const;

  store_limits limits_;
  keyspace keys_;
  named_sessions sessions_;
};

} // namespace pmmc::kv
