// Keys and values of the entries in the log of a Raft server: docs/STORAGE.md.
#pragma once

#include "consensus/raft/persistent_state.hpp"
#include "storage/slot_bytes.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::storage {

inline constexpr std::string_view term_key = "t"; ///< term and vote
inline constexpr std::string_view base_key = "b"; ///< what is in a snapshot, and who votes there
inline constexpr std::string_view cut_key = "c";  ///< the index from which on entries are gone
std::string entry_key(slot_num index);
std::optional<slot_num> parse_entry_key(std::string_view key);

std::string encode(const raft::term_record& held);
std::string encode(const raft::base_record& base);
/// An entry's value but for its command, which is the rest of it; the index is in the key.
std::string encode_without_command(const raft::entry& e);

std::optional<raft::term_record> parse_term(std::string_view bytes);
std::optional<raft::base_record> parse_base(std::string_view bytes);
std::optional<raft::entry> parse_entry(std::string_view bytes);

} // namespace pmmc::storage
