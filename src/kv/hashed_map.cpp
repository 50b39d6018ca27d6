#include "kv/hashed_map.hpp"

#include "kv/bytes.hpp"

#include <istream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <xxhash.h>

namespace pmmc::kv {

namespace {

constexpr std::size_t entry_header_bytes =
    sizeof(std::uint16_t) + sizeof(std::uint32_t) + sizeof(std::uint64_t);

} // namespace

std::string read_exactly(std::istream& in, std::size_t size) {
  std::string bytes(size, '\0');
  if (!in.read(bytes.data(), static_cast<std::streamsize>(size)))
    throw std::runtime_error("the snapshot of the key-value store is cut short");
  return bytes;
}

std::uint64_t read_u64(std::istream& in) {
  auto bytes = read_exactly(in, sizeof(std::uint64_t));
  return *byte_reader{bytes}.number<std::uint64_t>();
}

void write_u64(std::ostream& out, std::uint64_t number) {
  std::string bytes;
  append_number(bytes, number);
  out << bytes;
}

void reject_snapshot(const char* why) {
  throw std::runtime_error(std::string{"the snapshot of the key-value store is damaged: "} + why);
}

/// The key's hash seeds the value's, so that it matters where the one ends and the other begins.
std::uint64_t hashed_map::hash_of(std::string_view key, std::string_view value,
                                  std::uint64_t stamp) const {
  const auto of_key =
      XXH3_64bits_withSeed(key.data(), key.size(), seed_ + stamp * 0x9E3779B97F4A7C15ULL);
  return XXH3_64bits_withSeed(value.data(), value.size(), of_key);
}

std::optional<std::uint64_t> hashed_map::stamp(std::string_view key) const {
  const auto found = map_.lower_bound(key);
  if (found == map_.end() || found->key() != key)
    return std::nullopt;
  return found->stamp();
}

void hashed_map::set(std::string_view key, std::string_view value, std::uint64_t stamp) {
  fingerprint_ += hash_of(key, value, stamp);
  if (const auto old = map_.insert_or_assign(key, value, stamp))
    fingerprint_ -= hash_of(old->key(), old->value(), old->stamp());
}

bool hashed_map::erase(std::string_view key) {
  const auto old = map_.lower_bound(key);
  if (old == map_.end() || old->key() != key)
    return false;
  fingerprint_ -= hash_of(key, old->value(), old->stamp());
  return map_.erase(key);
}

void hashed_map::clear() {
  map_ = cow_map{};
  fingerprint_ = 0;
}

hashed_map hashed_map::clone() const {
  hashed_map copy{seed_};
  copy.map_ = map_.clone();
  copy.fingerprint_ = fingerprint_;
  return copy;
}

std::size_t hashed_map::size_bytes() const {
  return sizeof(std::uint64_t) + map_.size() * entry_header_bytes + map_.bytes();
}

void hashed_map::write(std::ostream& out) const {
  write_u64(out, map_.size());
  std::string header;
  for (auto at = map_.begin(); at != map_.end(); ++at) {
    header.clear();
    append_number(header, static_cast<std::uint16_t>(at->key().size()));
    append_number(header, static_cast<std::uint32_t>(at->value().size()));
    append_number(header, at->stamp());
    out << header << at->key() << at->value();
  }
}

void hashed_map::read(std::istream& in, std::size_t max_key_bytes, std::size_t max_value_bytes) {
  clear();
  std::string last_key;
  for (auto left = read_u64(in); left > 0; --left) {
    auto bytes = read_exactly(in, entry_header_bytes);
    byte_reader header{bytes};
    auto key_size = *header.number<std::uint16_t>();
    auto value_size = *header.number<std::uint32_t>();
    auto stamp = *header.number<std::uint64_t>();
    if (key_size == 0 || key_size > max_key_bytes || value_size > max_value_bytes)
      reject_snapshot("an entry has an impossible size");
    auto key = read_exactly(in, key_size);
    if (key <= last_key)
      reject_snapshot("its keys are not in order");
    set(key, read_exactly(in, value_size), stamp);
    last_key = std::move(key);
  }
}

} // namespace pmmc::kv
