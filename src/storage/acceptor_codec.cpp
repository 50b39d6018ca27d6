#include "storage/acceptor_codec.hpp"

#include "storage/bytes.hpp"

namespace pmmc::storage {

namespace {

constexpr char ballot_kind = 'b';
constexpr char pvalue_kind = 'p';

void put_ballot(std::string& out, const ballot_num& ballot) {
  put_u64(out, ballot.seqnum);
  out.push_back(static_cast<char>(ballot.leader.view().size()));
  out += ballot.leader.view();
}

ballot_num take_ballot(fixed_reader& in) {
  ballot_num ballot;
  ballot.seqnum = in.u64();
  const std::size_t size = in.u8();
  const auto leader = in.take(size);
  if (leader.size() <= role_id::max_size)
    ballot.leader = leader;
  else
    in.take(std::string_view::npos); // makes the reader bad
  return ballot;
}

} // namespace

std::string ballot_key(config_version version) {
  std::string key{ballot_kind};
  put_u64(key, version);
  return key;
}

std::string pvalue_key(config_version version, slot_num slot) {
  std::string key{pvalue_kind};
  put_u64(key, version);
  put_u64(key, slot);
  return key;
}

std::optional<config_version> parse_ballot_key(std::string_view key) {
  fixed_reader in{key};
  const bool right_kind = in.u8() == ballot_kind;
  const auto version = in.u64();
  return right_kind && in.finished() ? std::optional{version} : std::nullopt;
}

std::optional<pvalue_position> parse_pvalue_key(std::string_view key) {
  fixed_reader in{key};
  const bool right_kind = in.u8() == pvalue_kind;
  pvalue_position position;
  position.version = in.u64();
  position.slot = in.u64();
  return right_kind && in.finished() ? std::optional{position} : std::nullopt;
}

std::string encode(const write_mark& mark) {
  std::string out;
  put_u64(out, mark.writes);
  put_u64(out, mark.digest);
  return out;
}

std::string encode(const ballot_num& ballot) {
  std::string out;
  put_ballot(out, ballot);
  return out;
}

std::string encode(const pvalue& value) { return encode(value.ballot).append(value.value.bytes()); }

std::string encode_slot(slot_num slot) {
  std::string out;
  put_u64(out, slot);
  return out;
}

std::optional<write_mark> parse_mark(std::string_view bytes) {
  fixed_reader in{bytes};
  write_mark mark;
  mark.writes = in.u64();
  mark.digest = in.u64();
  return in.finished() ? std::optional{mark} : std::nullopt;
}

std::optional<ballot_num> parse_ballot(std::string_view bytes) {
  fixed_reader in{bytes};
  auto ballot = take_ballot(in);
  return in.finished() ? std::optional{ballot} : std::nullopt;
}

std::optional<pvalue> parse_pvalue(slot_num slot, std::string_view bytes) {
  fixed_reader in{bytes};
  pvalue value;
  value.ballot = take_ballot(in);
  value.slot = slot;
  if (!in.good())
    return std::nullopt;
  if (!in.rest().empty())
    value.value = command{std::string{in.rest()}};
  return value;
}

std::optional<slot_num> parse_slot(std::string_view bytes) {
  fixed_reader in{bytes};
  const auto slot = in.u64();
  return in.finished() ? std::optional{slot} : std::nullopt;
}

} // namespace pmmc::storage
