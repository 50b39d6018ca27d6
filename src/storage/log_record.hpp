// One write of a voter as it stands in its log, and the entries in it: docs/STORAGE.md, log/.
#pragma once

#include "storage/byte_pieces.hpp"
#include "storage/bytes.hpp"
#include "storage/write_mark.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::storage {

enum class record_kind : std::uint32_t {
  head = 0x706d6c48, ///< "pmlH": the first of a segment; repeats what older segments told
  write = 0x706d6c52 ///< "pmlR"
};

struct log_record {
  record_kind kind{};
  write_mark mark; ///< after the record
  std::string_view entries;
  std::size_t bytes = 0; ///< on the disk
};

/// What an entry takes in a record.
constexpr std::size_t entry_bytes(std::size_t key_bytes, std::size_t value_bytes) {
  return 1 + key_bytes + 4 + value_bytes;
}

/// Records begin at multiples of this.
inline constexpr std::size_t record_alignment = 8;

/// One that is built up entry by entry. Long commands are not copied: they leave for the disk from
/// where they are, and so must live until the next `clear`.
class record_builder {
public:
  record_builder();
  static bool is_long(const command& c) { return c.size() >= long_bytes; }

  /// So many bytes come, long commands not counted: the record does not move while it grows.
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  /// Puts `value` under `key`. Less than 4 GiB in all.
  void put(std::string_view key, std::string_view value);
  /// Puts a value of `beginning` and the bytes of `rest`. Returns it, valid until the next call.
  byte_pieces put(std::string_view key, std::string_view beginning, const command& rest);
  /// The same of a pvalue under the key of its place.
  byte_pieces put(config_version version, const pvalue& value);
  bool empty() const;
  /// That it will have on the disk.
  std::size_t bytes() const;
  /// The record's bytes, valid until the next call. `seed`: the segment's.
  byte_pieces finish(record_kind kind, const write_mark& mark, std::uint64_t seed);
  /// Begins the next one; keeps no more memory than `finish` usually needs.
  void clear();
  std::size_t reserved_bytes() const { return bytes_.capacity(); }

private:
  static constexpr std::size_t long_bytes = 16 << 10;

  void begin_entry(std::string_view key, std::size_t value_bytes);
  void check_size() const;
  std::size_t size() const { return bytes_.size() + beside_bytes_; }

  struct long_command {
    std::size_t at = 0; ///< in `bytes_`, where it belongs
    std::string_view bytes;
  };
  std::string bytes_; ///< all but long commands
  std::vector<long_command> beside_;
  std::size_t beside_bytes_ = 0;
  std::vector<std::string_view> pieces_; ///< as returned last
};

/// The record at the beginning of `bytes`, which may go on behind it; none if there is no whole one
/// with this seed.
std::optional<log_record> parse_record(std::string_view bytes, std::uint64_t seed);

/// The number of the last write in the record with this seed that may begin here, whose checksum
/// nobody has looked at; 0 if none begins here.
std::uint64_t writes_told_by(std::string_view bytes, std::uint64_t seed);

/// Calls f(key, value) for each entry until it returns false. Returns false then, or if they make
/// no sense.
template <class F>
bool for_each_entry(std::string_view entries, F f) {
  fixed_reader in{entries};
  while (in.good() && !in.rest().empty()) {
    const auto key = in.take(in.u8());
    const auto value = in.take(in.u32());
    if (!in.good() || !f(key, value))
      return false;
  }
  return in.good();
}

} // namespace pmmc::storage
