// Connecting to a TCP port within a bounded time.
#pragma once

#include <caf/expected.hpp>
#include <caf/io/network/native_socket.hpp>
#include <chrono>
#include <cstdint>
#include <string>

namespace pmmc {

/// CAF connects one address after another. One where packets are dropped, as behind a router when
/// the machine has lost its power, would hold up all others for two minutes.
inline constexpr std::chrono::milliseconds connect_timeout{1'000};

/// What follows in a host's name makes another address of it for CAF, which remembers who is where,
/// and the same one for the network.
inline constexpr char dial_mark = '#';

/// Blocks for at most the time for each of the host's addresses, one of IPv6 and one of IPv4. The
/// time that the name takes is not counted.
caf::expected<caf::io::network::native_socket>
connect_within(std::chrono::milliseconds time, const std::string& host, std::uint16_t port);

} // namespace pmmc
