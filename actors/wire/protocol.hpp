// The version of what pmmc's processes say to each other.
#pragma once

#include <cstdint>
#include <string>

namespace pmmc {

/// To be raised with every change of wire.hpp or src/wire/fields.hpp.
inline constexpr std::uint32_t protocol_version = 7;

/// "pmmc/7", say: processes of different versions refuse each other by it at the door.
inline std::string protocol_name() { return "pmmc/" + std::to_string(protocol_version); }

} // namespace pmmc
