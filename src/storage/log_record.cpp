#include "storage/log_record.hpp"

#include "base/invariant.hpp"
#include "storage/acceptor_codec.hpp"
#include "storage/checksum.hpp"

#include <limits>

namespace pmmc::storage {

namespace {

constexpr std::size_t checked_head_bytes = 24; // kind, length, mark
constexpr std::size_t head_bytes = checked_head_bytes + 8;
constexpr std::size_t usual_bytes = 1 << 20;

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + record_alignment - 1) / record_alignment * record_alignment;
}

/// A record's first word. Clients write values, some of them into the middle of this file's last
/// use; nobody outside knows the seed, so none of these can look like a record's beginning.
std::uint32_t sealed(record_kind kind, std::uint64_t seed) {
  return static_cast<std::uint32_t>(kind) ^ static_cast<std::uint32_t>(seed);
}

std::optional<record_kind> opened(std::uint32_t word, std::uint64_t seed) {
  for (const auto kind : {record_kind::head, record_kind::write})
    if (word == sealed(kind, seed))
      return kind;
  return std::nullopt;
}

std::string checked_head(record_kind kind, std::size_t length, const write_mark& mark,
                         std::uint64_t seed) {
  std::string head;
  put_u32(head, sealed(kind, seed));
  put_u32(head, static_cast<std::uint32_t>(length));
  return head += encode(mark);
}

template <class Entries> // string_view, or byte_pieces
std::uint64_t record_checksum(std::string_view head, Entries entries, std::uint64_t seed) {
  return checksum(entries, checksum(head, seed));
}

} // namespace

record_builder::record_builder() { clear(); }

void record_builder::begin_entry(std::string_view key, std::size_t value_bytes) {
  PMMC_INVARIANT(key.size() <= std::numeric_limits<std::uint8_t>::max(), "keys are short");
  bytes_.push_back(static_cast<char>(key.size()));
  bytes_ += key;
  put_u32(bytes_, static_cast<std::uint32_t>(value_bytes));
}

void record_builder::check_size() const {
  PMMC_INVARIANT(size() <= std::numeric_limits<std::uint32_t>::max(), "a write fits a record");
}

void record_builder::put(std::string_view key, std::string_view value) {
  begin_entry(key, value.size());
  bytes_ += value;
  check_size();
}

byte_pieces record_builder::put(std::string_view key, std::string_view beginning,
                                const command& rest) {
  const auto bytes = rest.bytes();
  begin_entry(key, beginning.size() + bytes.size());
  const auto begin = bytes_.size();
  bytes_ += beginning;
  if (is_long(rest)) {
    beside_.push_back({bytes_.size(), bytes});
    beside_bytes_ += bytes.size();
    pieces_ = {std::string_view{bytes_}.substr(begin), bytes};
  } else {
    bytes_ += bytes;
    pieces_ = {std::string_view{bytes_}.substr(begin)};
  }
  check_size();
  return pieces_;
}

byte_pieces record_builder::put(config_version version, const pvalue& value) {
  return put(pvalue_key(version, value.slot), encode(value.ballot), value.value);
}

bool record_builder::empty() const { return bytes_.size() == head_bytes; }

std::size_t record_builder::bytes() const { return aligned(size()); }

byte_pieces record_builder::finish(record_kind kind, const write_mark& mark, std::uint64_t seed) {
  const auto end = bytes_.size();
  bytes_.resize(end + aligned(size()) - size());
  const std::string_view bytes{bytes_};
  pieces_.clear();
  auto at = head_bytes;
  for (const auto& each : beside_) {
    pieces_.push_back(bytes.substr(at, each.at - at));
    pieces_.push_back(each.bytes);
    at = each.at;
  }
  pieces_.push_back(bytes.substr(at, end - at));
  auto head = checked_head(kind, size_of(pieces_), mark, seed);
  put_u64(head, record_checksum(head, byte_pieces{pieces_}, seed));
  bytes_.replace(0, head_bytes, head);
  pieces_.back() = bytes.substr(at);
  pieces_.front() = bytes.substr(0, beside_.empty() ? bytes.npos : beside_.front().at);
  return pieces_;
}

void record_builder::clear() {
  if (bytes_.capacity() > usual_bytes)
    std::string{}.swap(bytes_); // an assignment would keep the room
  bytes_.assign(head_bytes, '\0');
  beside_.clear();
  beside_bytes_ = 0;
}

std::optional<log_record> parse_record(std::string_view bytes, std::uint64_t seed) {
  fixed_reader in{bytes};
  log_record record;
  const auto kind = opened(in.u32(), seed);
  if (!kind)
    return std::nullopt;
  record.kind = *kind;
  const std::size_t length = in.u32();
  record.mark.writes = in.u64();
  record.mark.digest = in.u64();
  const auto told = in.u64();
  record.entries = in.take(length);
  record.bytes = aligned(head_bytes + length);
  if (!in.good() ||
      record_checksum(bytes.substr(0, checked_head_bytes), record.entries, seed) != told)
    return std::nullopt;
  return record;
}

std::uint64_t writes_told_by(std::string_view bytes, std::uint64_t seed) {
  fixed_reader in{bytes};
  const auto kind = opened(in.u32(), seed);
  in.u32();
  const auto writes = in.u64();
  return in.good() && kind ? writes : 0;
}

} // namespace pmmc::storage
