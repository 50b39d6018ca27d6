// The end of a connection in both directions.
#pragma once

#include <caf/io/connection_handle.hpp>
#include <sys/socket.h>

namespace pmmc {

/// At once: CAF sees the end, and throws away what the other side has not read. CAF's own close()
/// waits for the other side to close, too, and when that has ended its own direction CAF waits for
/// it to read what is left; some never do. The descriptor must still be that of the connection: it
/// is until CAF has said connection_closed, and while it does. In the network thread.
inline void hang_up(caf::io::connection_handle which) {
  ::shutdown(static_cast<int>(which.id()), SHUT_RDWR);
}

} // namespace pmmc
