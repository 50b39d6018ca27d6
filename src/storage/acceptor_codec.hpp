// Keys and values of the entries in an acceptor's log.
#pragma once

#include "base/types.hpp"
#include "storage/slot_bytes.hpp"
#include "storage/write_mark.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::storage {

inline constexpr std::string_view watermark_key = "w";
std::string ballot_key(config_version version);
std::string pvalue_key(config_version version, slot_num slot);

struct pvalue_position {
  config_version version = 0;
  slot_num slot = 0;
};
std::optional<config_version> parse_ballot_key(std::string_view key);
std::optional<pvalue_position> parse_pvalue_key(std::string_view key);

std::string encode(const ballot_num& ballot);
/// Ballot and command; the slot is in the key.
std::string encode(const pvalue& value);

std::optional<ballot_num> parse_ballot(std::string_view bytes);
std::optional<pvalue> parse_pvalue(slot_num slot, std::string_view bytes);

} // namespace pmmc::storage
