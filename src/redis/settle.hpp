// How what came of a bundle becomes replies.
#pragma once

#include "redis/connection.hpp"
#include "redis/scan_cursors.hpp"
#include "service/client.hpp"

#include <cstddef>
#include <string_view>

namespace pmmc::redis {

/// Writes the replies of a bundle of `c` to its output; the connection remembers what it watches,
/// and `cursors` how far a SCAN has come. Afterwards the bundle is done; or calls of it are left,
/// because the replies before them are large, and are to be sent again.
void settle(connection& c, bundle& b, const client_outcome& outcome, scan_cursors& cursors);
/// All that is not answered yet gets `error`; a transaction gets it once.
void fail(connection& c, bundle& b, std::string_view error);

} // namespace pmmc::redis
