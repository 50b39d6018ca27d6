// What is said of a process that was dialled in vain, to people; some advice depends on it.
#pragma once

#include <string_view>

namespace pmmc {

inline constexpr std::string_view nothing_listens = "nothing listens there";
inline constexpr std::string_view does_not_answer =
    "it took the connection, but does not answer: stopped, overloaded, or another program";

} // namespace pmmc
