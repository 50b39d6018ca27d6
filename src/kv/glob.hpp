// Redis's patterns for keys.
#pragma once

#include <string_view>

namespace pmmc::kv {

/// Whether all of `text` matches `pattern`: * any bytes, ? one byte, [a-z] [^a-z] one of (not of) a
/// set, \x the byte x. Takes at most pattern size × text size steps, whatever the pattern is.
bool matches_glob(std::string_view pattern, std::string_view text);

} // namespace pmmc::kv
