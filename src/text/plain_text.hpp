// Whether a file that should be text is something else.
#pragma once

#include <string>
#include <string_view>

namespace pmmc::text {

/// What a file that begins with `head` is, and what to do with it, if it is no text: compressed,
/// UTF-16, or one with zero bytes. Empty if it may be text, in whatever encoding.
std::string why_no_text(std::string_view head);

} // namespace pmmc::text
