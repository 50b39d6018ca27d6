// The version of what pmmc's processes say to each other.
#pragma once

#include <cstdint>
#include <string>

namespace pmmc {

/// To be raised with every change of wire.hpp, src/wire/fields.hpp or src/wire/kinds.hpp; and with
/// every new storage_format_version (src/storage/format_file.hpp), which is in the snapshots that
/// replicas fetch from each other.
inline constexpr std::uint32_t protocol_version = 10;

/// "pmmc/10", say: processes of different versions refuse each other by it at the door.
inline std::string protocol_name() { return "pmmc/" + std::to_string(protocol_version); }

} // namespace pmmc
