// The key-value store that `pmmc` replicates.
#pragma once

#include "kv/cow_map.hpp"
#include "kv/operation.hpp"
#include "state_machine.hpp"

namespace pmmc::kv {

/// Operations and answers are those of operation.hpp, encoded. clone() copies one pointer for each
/// few hundred keys; later writes copy what they touch.
///
/// Snapshot: the 8 bytes "pmmckv1\n", u64 number of entries, the entries in ascending order of
/// their keys (u16 key size, u32 value size, key, value), u64 fingerprint; little-endian. restore()
/// checks all of it, reads not a byte beyond, and leaves the state as it was if it throws.
class kv_store final : public state_machine {
public:
  std::string apply(std::string_view op) override;
  /// get and scan; anything else is answered `malformed`.
  std::string query(std::string_view op) const override;
  /// "put", "get", …, or "malformed".
  std::string_view name_of(std::string_view op) const override;
  std::unique_ptr<state_machine> clone() const override;
  void snapshot(std::ostream& out) const override;
  void restore(std::istream& in) override;
  /// The sum, modulo 2^64, of a hash of each entry: O(1), independent of the order of writes.
  std::uint64_t fingerprint() const override { return fingerprint_; }
  /// Exactly what snapshot() writes.
  std::size_t size_bytes() const override;

  /// Number of keys.
  std::size_t size() const { return map_.size(); }

private:
  answer execute(const put& op);
  answer execute(const append& op);
  answer execute(const del& op);
  answer execute(const cas& op);
  answer execute(const incr& op);
  answer execute(const get& op) const;
  answer execute(const scan& op) const;
  void write(std::string_view key, std::string_view value);

  cow_map map_;
  std::uint64_t fingerprint_ = 0;
};

} // namespace pmmc::kv
