#include "storage/raft_codec.hpp"

#include "storage/bytes.hpp"

namespace pmmc::storage {

namespace {

constexpr char entry_sort = 'e';

using shared_set = std::shared_ptr<const raft::server_set>;

void put_text(std::string& out, std::string_view text) {
  put_u32(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

void put_members(std::string& out, const std::vector<member>& members) {
  put_u32(out, static_cast<std::uint32_t>(members.size()));
  for (const auto& m : members) {
    put_id(out, m.id);
    put_text(out, m.address);
    put_text(out, m.disk);
  }
}

void put_set(std::string& out, const shared_set& set) {
  out.push_back(set ? 1 : 0);
  if (!set)
    return;
  put_u64(out, set->version);
  put_members(out, set->servers);
  put_members(out, set->outgoing);
}

std::vector<member> take_members(fixed_reader& in) {
  std::vector<member> members; // the count is believed member by member
  for (auto count = in.u32(); count > 0 && in.good(); --count) {
    member m;
    m.id = take_id(in);
    m.address = in.take(in.u32());
    m.disk = in.take(in.u32());
    members.push_back(std::move(m));
  }
  return members;
}

shared_set take_set(fixed_reader& in) {
  const auto is_there = in.u8();
  if (is_there > 1)
    in.take(std::string_view::npos); // makes the reader bad
  if (is_there != 1)
    return nullptr;
  raft::server_set set;
  set.version = in.u64();
  set.servers = take_members(in);
  set.outgoing = take_members(in);
  return std::make_shared<const raft::server_set>(std::move(set));
}

} // namespace

std::string entry_key(slot_num index) { return slot_key(entry_sort, index); }

std::optional<slot_num> parse_entry_key(std::string_view key) {
  return parse_slot_key(entry_sort, key);
}

std::string encode(const raft::term_record& held) {
  std::string out;
  put_u64(out, held.term);
  put_id(out, held.voted_for);
  return out;
}

std::string encode(const raft::base_record& base) {
  std::string out;
  put_u64(out, base.base.index);
  put_u64(out, base.base.term);
  put_set(out, base.members);
  return out;
}

std::string encode_without_command(const raft::entry& e) {
  std::string out;
  put_u64(out, e.term);
  put_set(out, e.members);
  return out;
}

std::optional<raft::term_record> parse_term(std::string_view bytes) {
  fixed_reader in{bytes};
  raft::term_record held;
  held.term = in.u64();
  held.voted_for = take_id(in);
  return in.finished() ? std::optional{held} : std::nullopt;
}

std::optional<raft::base_record> parse_base(std::string_view bytes) {
  fixed_reader in{bytes};
  raft::base_record base;
  base.base.index = in.u64();
  base.base.term = in.u64();
  base.members = take_set(in);
  return in.finished() ? std::optional{std::move(base)} : std::nullopt;
}

std::optional<raft::entry> parse_entry(std::string_view bytes) {
  fixed_reader in{bytes};
  raft::entry e;
  e.term = in.u64();
  e.members = take_set(in);
  if (!in.good())
    return std::nullopt;
  e.value = rest_as_command(in);
  return e;
}

} // namespace pmmc::storage
