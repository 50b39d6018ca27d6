#include "kv/kv_store.hpp"

#include "kv/bytes.hpp"
#include "text/number.hpp"

#include <algorithm>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <xxhash.h>

namespace pmmc::kv {

namespace {

constexpr std::string_view magic = "pmmckv1\n";
constexpr std::size_t entry_header_bytes = sizeof(std::uint16_t) + sizeof(std::uint32_t);

/// The key's hash seeds the value's, so that it matters where the one ends and the other begins.
std::uint64_t hash_of(std::string_view key, std::string_view value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

std::string malformed() { return encode(answer{answer_status::malformed, {}}); }

struct key_of {
  std::string_view operator()(const auto& op) const { return op.key; }
  std::string_view operator()(const scan& op) const { return op.after; }
};

struct operation_name {
  std::string_view operator()(const put&) const { return "put"; }
  std::string_view operator()(const get&) const { return "get"; }
  std::string_view operator()(const append&) const { return "append"; }
  std::string_view operator()(const del&) const { return "del"; }
  std::string_view operator()(const cas&) const { return "cas"; }
  std::string_view operator()(const incr&) const { return "incr"; }
  std::string_view operator()(const scan&) const { return "scan"; }
};

/// Says what is wrong with the key, or nothing. A scan may begin at the empty one.
std::optional<answer_status> check_key(const operation& op) {
  auto key = std::visit(key_of{}, op);
  if (key.empty() && !std::holds_alternative<scan>(op))
    return answer_status::malformed;
  if (key.size() > max_key_bytes)
    return answer_status::too_large;
  return std::nullopt;
}

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

[[noreturn]] void reject(const char* why) {
  throw std::runtime_error(std::string{"the snapshot of the key-value store is damaged: "} + why);
}

} // namespace

// --- operations ---------------------------------------------------------------------------------

void kv_store::write(std::string_view key, std::string_view value) {
  if (auto old = map_.find(key))
    fingerprint_ -= hash_of(key, *old);
  fingerprint_ += hash_of(key, value);
  map_.insert_or_assign(key, value);
}

answer kv_store::execute(const put& op) {
  if (op.value.size() > max_value_bytes)
    return {answer_status::too_large, {}};
  write(op.key, op.value);
  return {};
}

answer kv_store::execute(const append& op) {
  auto old = map_.find(op.key).value_or(std::string_view{});
  if (op.value.size() > max_value_bytes - old.size())
    return {answer_status::too_large, {}};
  std::string value;
  value.reserve(old.size() + op.value.size());
  value.append(old).append(op.value);
  write(op.key, value);
  return {answer_status::ok, std::uint64_t{value.size()}};
}

answer kv_store::execute(const del& op) {
  auto old = map_.find(op.key);
  if (!old)
    return {answer_status::absent, {}};
  fingerprint_ -= hash_of(op.key, *old);
  map_.erase(op.key);
  return {};
}

answer kv_store::execute(const cas& op) {
  if (op.value.size() > max_value_bytes)
    return {answer_status::too_large, {}};
  auto current = map_.find(op.key);
  if (current != op.expected) {
    answer refusal{answer_status::mismatch, {}};
    if (current)
      refusal.payload = std::string{*current};
    return refusal;
  }
  write(op.key, op.value);
  return {};
}

answer kv_store::execute(const incr& op) {
  auto number = text::parse_int64(map_.find(op.key).value_or("0"));
  if (!number)
    return {answer_status::not_a_number, {}};
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, op.by, &sum))
    return {answer_status::overflow, {}};
  write(op.key, std::to_string(sum));
  return {answer_status::ok, sum};
}

answer kv_store::execute(const get& op) const {
  auto value = map_.find(op.key);
  if (!value)
    return {answer_status::absent, {}};
  return {answer_status::ok, std::string{*value}};
}

answer kv_store::execute(const scan& op) const {
  // A limit of 0 wraps to the largest number, so that the store's own limit applies.
  auto max_bytes = std::min(op.max_bytes - 1, max_scan_bytes - 1) + std::size_t{1};
  auto max_entries = op.max_entries - 1 + std::size_t{1};
  scan_page page;
  std::size_t bytes = 0;
  auto at = map_.upper_bound(op.after);
  for (; at != map_.end() && page.entries.size() < max_entries; ++at) {
    bytes += entry_header_bytes + at->key().size() + at->value().size();
    if (bytes > max_bytes && !page.entries.empty())
      break;
    page.entries.push_back({std::string{at->key()}, std::string{at->value()}});
  }
  page.more = at != map_.end();
  return {answer_status::ok, std::move(page)};
}

std::string kv_store::apply(std::string_view bytes) {
  auto op = decode_operation(bytes);
  if (!op)
    return malformed();
  if (auto mistake = check_key(*op))
    return encode(answer{*mistake, {}});
  return encode(std::visit([this](const auto& o) { return execute(o); }, *op));
}

std::string kv_store::query(std::string_view bytes) const {
  auto op = decode_operation(bytes);
  if (!op || !is_query(*op))
    return malformed();
  if (auto mistake = check_key(*op))
    return encode(answer{*mistake, {}});
  if (const auto* o = std::get_if<get>(&*op))
    return encode(execute(*o));
  return encode(execute(std::get<scan>(*op)));
}

// --- the state as a whole -----------------------------------------------------------------------

std::string_view kv_store::name_of(std::string_view op) const {
  const auto decoded = decode_operation(op);
  return decoded ? std::visit(operation_name{}, *decoded) : "malformed";
}

std::unique_ptr<state_machine> kv_store::clone() const {
  auto copy = std::make_unique<kv_store>();
  copy->map_ = map_.clone();
  copy->fingerprint_ = fingerprint_;
  return copy;
}

std::size_t kv_store::size_bytes() const {
  return magic.size() + 2 * sizeof(std::uint64_t) + map_.size() * entry_header_bytes + map_.bytes();
}

void kv_store::snapshot(std::ostream& out) const {
  out << magic;
  write_u64(out, map_.size());
  std::string header;
  for (auto at = map_.begin(); at != map_.end(); ++at) {
    header.clear();
    append_number(header, static_cast<std::uint16_t>(at->key().size()));
    append_number(header, static_cast<std::uint32_t>(at->value().size()));
    out << header << at->key() << at->value();
  }
  write_u64(out, fingerprint_);
}

void kv_store::restore(std::istream& in) {
  if (read_exactly(in, magic.size()) != magic)
    reject("it does not begin with \"pmmckv1\"");
  kv_store fresh;
  std::string last_key;
  for (auto left = read_u64(in); left > 0; --left) {
    auto bytes = read_exactly(in, entry_header_bytes);
    byte_reader header{bytes};
    auto key_size = *header.number<std::uint16_t>();
    auto value_size = *header.number<std::uint32_t>();
    if (key_size == 0 || key_size > max_key_bytes || value_size > max_value_bytes)
      reject("an entry has an impossible size");
    auto key = read_exactly(in, key_size);
    if (key <= last_key)
      reject("its keys are not in order");
    fresh.write(key, read_exactly(in, value_size));
    last_key = std::move(key);
  }
  if (read_u64(in) != fresh.fingerprint_)
    reject("its fingerprint does not match its entries");
  *this = std::move(fresh);
}

} // namespace pmmc::kv
