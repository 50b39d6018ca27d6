// The refusal of a voter whose state cannot be shown to be what it acknowledged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace pmmc::storage {

/// Whose memory it is: that of an acceptor of PMMC, of a Raft server, or of a server of engine
/// `simple`, which another one cannot replace.
enum class voter : std::uint8_t { acceptor, server, simple_server };

/// Throws storage_error: what is remembered in the log at `path` is unknown, so nobody may vote
/// from it, and what to do.
[[noreturn]] void refuse_memory(voter whose, const std::filesystem::path& path,
                                std::string_view how);
/// The same for the mark of what was acknowledged.
[[noreturn]] void refuse_mark(voter whose, const std::filesystem::path& path, std::string_view how);

/// What is to be done for a role, called `who`, whose data is gone; used again, it would do what
/// `harm` says. A sentence for error texts.
std::string replacement_advice(std::string_view who, std::string_view harm);
/// The same for a server, where the engine is not at hand.
std::string server_advice();

} // namespace pmmc::storage
