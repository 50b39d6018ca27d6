// The escapes of `pmmc export` and `pmmc import`: any bytes on one line without tabs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pmmc::text {

/// Tab, newline and backslash become \t, \n and \\; every other byte that is not part of a printing
/// character becomes \xHH. Printing characters of well-formed UTF-8 stay as they are.
/// unescape(escape(x)) == x for all x.
std::string escape(std::string_view bytes);

/// Whether all of it is well-formed UTF-8.
bool is_utf8(std::string_view bytes);

/// Undoes `escape`. Bytes other than a backslash stand for themselves, whatever they are. On an
/// escape that does not exist returns nothing and says in `error` what and at which byte (counted
/// from 1).
std::optional<std::string> unescape(std::string_view text, std::string& error);

} // namespace pmmc::text
