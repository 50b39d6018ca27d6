#include "service/batch.hpp"

#include "base/codec.hpp"
#include "membership/reconfiguration.hpp"

namespace pmmc {

namespace {
constexpr std::uint64_t batch_format = 1;
constexpr std::size_t entry_overhead_bytes = 1 + 4 * 10;
} // namespace

bool is_request_kind(std::uint64_t kind) {
  return kind >= static_cast<std::uint64_t>(request_kind::operation) &&
         kind <= static_cast<std::uint64_t>(request_kind::refusal);
}

bool is_client_kind(std::uint64_t kind) {
  return is_request_kind(kind) && kind != static_cast<std::uint64_t>(request_kind::found);
}

request found_request(const found_claim& claim) {
  std::string op;
  put_varint(op, claim.identity);
  put_facts(op, claim.facts);
  put_varint(op, claim.disks.size());
  for (const auto& [id, disk] : claim.disks) {
    put_bytes(op, id.view());
    put_bytes(op, disk);
  }
  request r;
  r.kind = request_kind::found;
  r.op = std::move(op);
  return r;
}

std::optional<found_claim> decode_found(std::string_view op) {
  byte_reader in{op};
  found_claim claim;
  claim.identity = in.varint();
  auto facts = read_facts(in);
  if (!facts || claim.identity == 0)
    return std::nullopt;
  claim.facts = std::move(*facts);
  for (auto count = in.varint(); in.ok() && count > 0; --count) {
    const auto id = in.bytes();
    if (id.size() > role_id::max_size)
      return std::nullopt;
    const auto disk = in.bytes();
    if (disk.size() <= max_address_bytes) // as for members that a reconfiguration adds
      claim.disks.insert_or_assign(role_id{id}, std::string{disk});
  }
  return in.ok() && in.at_end() ? std::optional{std::move(claim)} : std::nullopt;
}

std::size_t batch_bytes(const request& r) { return entry_overhead_bytes + r.op.size(); }

command encode_batch(std::span<const request* const> requests) {
  if (requests.empty())
    return {};
  std::string bytes;
  std::size_t size = 1;
  for (const auto* r : requests)
    size += batch_bytes(*r);
  bytes.reserve(size);
  put_varint(bytes, batch_format);
  for (const auto* r : requests) {
    put_varint(bytes, static_cast<std::uint64_t>(r->kind));
    put_varint(bytes, r->session);
    put_varint(bytes, r->sequence);
    put_varint(bytes, r->acknowledged);
    put_bytes(bytes, r->op);
  }
  return command{std::move(bytes)};
}

command encode_batch(std::span<const request> requests) {
  std::vector<const request*> each;
  each.reserve(requests.size());
  for (const auto& r : requests)
    each.push_back(&r);
  return encode_batch(each);
}

std::optional<std::vector<batch_entry>> decode_batch(const command& c) {
  std::vector<batch_entry> entries;
  if (c.is_noop())
    return entries;
  byte_reader in{c.bytes()};
  if (in.varint() != batch_format)
    return std::nullopt;
  while (in.ok() && !in.at_end()) {
    const auto kind = in.varint();
    if (!is_request_kind(kind))
      return std::nullopt;
    batch_entry entry{static_cast<request_kind>(kind), in.varint(), in.varint(), in.varint(), {}};
    entry.op = in.bytes();
    entries.push_back(entry);
  }
  if (!in.ok())
    return std::nullopt;
  return entries;
}

} // namespace pmmc
