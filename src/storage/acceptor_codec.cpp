#include "storage/acceptor_codec.hpp"

#include "storage/bytes.hpp"

namespace pmmc::storage {

namespace {

constexpr char ballot_kind = 'b';
constexpr char pvalue_kind = 'p';

void put_ballot(std::string& out, const ballot_num& ballot) {
  put_u64(out, ballot.seqnum);
  put_id(out, ballot.leader);
}

ballot_num take_ballot(fixed_reader& in) {
  ballot_num ballot;
  ballot.seqnum = in.u64();
  ballot.leader = take_id(in);
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

std::string encode(const ballot_num& ballot) {
  std::string out;
  put_ballot(out, ballot);
  return out;
}

std::string encode(const pvalue& value) { return encode(value.ballot).append(value.value.bytes()); }

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
  value.value = rest_as_command(in);
  return value;
}

} // namespace pmmc::storage
