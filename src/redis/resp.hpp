// Replies as Redis clients read them: RESP2 and RESP3.
#pragma once

#include "base/codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pmmc::redis {

enum class protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

// Each appends one reply, or the head of an array or map, to `out`.
void put_status(std::string& out, std::string_view line);
/// `line` begins with "ERR " or another word in capitals; line ends in it become blanks.
void put_error(std::string& out, std::string_view line);
void put_integer(std::string& out, std::int64_t number);
void put_bulk(std::string& out, std::string_view bytes);
void put_nil(std::string& out, protocol p);
void put_nil_array(std::string& out, protocol p);
void put_array(std::string& out, std::size_t items);
/// `pairs` keys and values are to follow. RESP2 has no maps: an array.
void put_map(std::string& out, protocol p, std::size_t pairs);

/// Translates the next reply of the store (kv/reply.hpp), with all that is in it. False if there is
/// none.
bool put_reply(std::string& out, protocol p, pmmc::byte_reader& from);

} // namespace pmmc::redis
