// Keys and values of the entries in an acceptor's log.
#pragma once

#include "base/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::storage {

/// How far the acceptor has come: the number of its writes and the digest of its state after the
/// last of them (acceptor_digest.hpp). Part of every record, so the log can be checked against
/// itself.
struct write_mark {
  std::uint64_t writes = 0;
  std::uint64_t digest = 0;

  friend bool operator==(const write_mark&, const write_mark&) = default;
};

inline constexpr std::string_view watermark_key = "w";
std::string ballot_key(config_version version);
std::string pvalue_key(config_version version, slot_num slot);

struct pvalue_position {
  config_version version = 0;
  slot_num slot = 0;
};
std::optional<config_version> parse_ballot_key(std::string_view key);
std::optional<pvalue_position> parse_pvalue_key(std::string_view key);

std::string encode(const write_mark& mark);
std::string encode(const ballot_num& ballot);
/// Ballot and command; the slot is in the key.
std::string encode(const pvalue& value);
std::string encode_slot(slot_num slot);

std::optional<write_mark> parse_mark(std::string_view bytes);
std::optional<ballot_num> parse_ballot(std::string_view bytes);
std::optional<pvalue> parse_pvalue(slot_num slot, std::string_view bytes);
std::optional<slot_num> parse_slot(std::string_view bytes);

} // namespace pmmc::storage
