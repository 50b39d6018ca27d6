// Keys and values of the entries in the log of a server of engine `simple`: docs/STORAGE.md.
#pragma once

#include "consensus/simple/messages.hpp"
#include "storage/slot_bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pmmc::storage {

inline constexpr std::string_view min_key = "m"; ///< the slots below are forgotten
std::string promise_key(slot_num slot);          ///< the number that was promised there
std::string accept_key(slot_num slot);           ///< the proposal that was accepted there
std::optional<slot_num> parse_promise_key(std::string_view key);
std::optional<slot_num> parse_accept_key(std::string_view key);

/// A promise; and a proposal but for its command, which is the rest of it.
std::string encode(simple::proposal_number number);

std::optional<simple::proposal_number> decode_number(std::string_view bytes);
std::optional<simple::proposal> parse_proposal(std::string_view bytes);

} // namespace pmmc::storage
